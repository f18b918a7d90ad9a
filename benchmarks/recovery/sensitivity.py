"""Is a confounder really as strong as the limits say, where it alone makes an association?

`robustness`: something unseen (stress at work) moves both what the AI does and how the person is; the AI moves nothing.
People differ in how the two go together, have levels of their own, and write unequally much; scores are noisy. The
limit of the robustness value claims that no confounder weaker than it explains the estimate: it is wrong where the
true confounder is weaker. The naive way takes rows as independent. `e_values`: the same for risk ratios of a yes or no
outcome, and for a continuous one. A limit is to be wrong in at most 2.5 % of runs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep

from attunement.statistics.sensitivity import (
    Robustness,
    clustered_robustness_value,
    e_value_of_difference,
    e_value_of_ratio,
    effective_degrees,
    robustness_value,
)


def logs(rng: np.random.Generator, *, n_people: int, strength: float, slope_sd: float, level_z: float = 0.0):
    """Exposure and outcome of each row, centred in each person, and the person; the true effect is 0.

    Args:
        strength: share of exposure and of outcome that the confounder explains.
        slope_sd: how much people differ in the slope of outcome on exposure, whose mean is 0.
    """
    n = 5 + rng.geometric(1 / 20, n_people)
    person = np.repeat(np.arange(n_people), n)
    z = rng.standard_normal(len(person)) + level_z * rng.standard_normal(n_people)[person]
    x = np.sqrt(strength) * z + np.sqrt(1 - strength) * rng.standard_normal(len(person))
    x += rng.standard_normal(n_people)[person]
    noise = 0.6 * rng.standard_normal(len(person)) + 0.8 * rng.standard_t(5, len(person)) / np.sqrt(5 / 3)
    slope = slope_sd * rng.standard_normal(n_people)[person]
    # What the confounder explains of the outcome once exposure is known is `strength` where slopes are alike.
    weight = np.sqrt(strength / (1 - strength) / (1 - strength))
    y = weight * z + noise + slope * x + rng.standard_normal(n_people)[person]

    def within(column: np.ndarray) -> np.ndarray:
        return column - (np.bincount(person, column) / n)[person]

    return within(x), within(y), within(z), person


def truth_of(rng: np.random.Generator, **design) -> float:
    """The smaller of the two true shares that the confounder explains, in a very large sample."""
    x, y, z, _ = logs(rng, n_people=20_000, **design)
    r2_exposure = np.corrcoef(x, z)[0, 1] ** 2
    left_y, left_z = y - x * (x @ y) / (x @ x), z - x * (x @ z) / (x @ x)
    r2_outcome = np.corrcoef(left_y, left_z)[0, 1] ** 2
    return float(max(r2_exposure, r2_outcome))


def robustness(rng: np.random.Generator, *, n_runs: int, n_people: int, strength: float, slope_sd: float) -> dict:
    true = truth_of(rng, strength=strength, slope_sd=slope_sd)
    wrong = naive_wrong = refused = 0
    values = []
    for _ in range(n_runs):
        x, y, _, person = logs(rng, n_people=n_people, strength=strength, slope_sd=slope_sd)
        information = np.bincount(person, x * x)
        estimate = float(x @ y / information.sum())
        left = y - estimate * x
        score = np.bincount(person, x * left)
        free = len(x) - n_people - 1
        clustered = float(np.sqrt(score @ score * n_people / (n_people - 1)) / information.sum())
        found = clustered_robustness_value(
            estimate,
            clustered,
            degrees=effective_degrees(information, score),
            outcome_sd=float(np.sqrt(left @ left / free)),
            exposure_sd=float(np.sqrt(x @ x / free)),
        )
        if not isinstance(found, Robustness):
            refused += 1
            continue
        naive = robustness_value(estimate, float(np.sqrt(left @ left / free / information.sum())), degrees=float(free))
        wrong += found.limit > true
        naive_wrong += naive.limit > true
        values.append(found.value)
    return {
        "n_people": n_people,
        "slope_sd": slope_sd,
        "runs": n_runs,
        "refused": round(refused / n_runs, 4),
        "true_strength": round(true, 4),
        "mean_value": round(float(np.mean(values)), 4),
        "limit_wrong": round(wrong / (n_runs - refused), 4),
        "naive_limit_wrong": round(naive_wrong / (n_runs - refused), 4),
        "mc_se": round(float(np.sqrt(0.025 * 0.975 / n_runs)), 4),
    }


def e_values(rng: np.random.Generator, *, n_runs: int, n: int, ratio: float, base: float) -> dict:
    """A confounder that half have, which multiplies the risk of the outcome and the chance of exposure by `ratio`."""
    wrong = {"risk": 0, "difference": 0}
    confounded = {"risk": 0, "difference": 0}
    for _ in range(n_runs):
        z = rng.random(n) < 0.5
        exposed = rng.random(n) < 0.15 * np.where(z, ratio, 1.0)
        ill = rng.random(n) < base * np.where(z, ratio, 1.0)
        a, b = exposed.sum(), (~exposed).sum()
        ill_a, ill_b = ill[exposed].sum(), ill[~exposed].sum()
        log_ratio = np.log(ill_a / a) - np.log(ill_b / b)
        se = np.sqrt(1 / ill_a - 1 / a + 1 / ill_b - 1 / b)
        found = e_value_of_ratio(*(float(np.exp(log_ratio + k * se)) for k in (0, -1.96, 1.96)), of="risk")
        wrong["risk"] += found.limit > ratio
        confounded["risk"] += found.limit > 1
        # The same as a continuous outcome of which `ill` is the upper tail among those without the confounder.
        mood = rng.standard_normal(n) + z * _shift(base, ratio)
        difference = mood[exposed].mean() - mood[~exposed].mean()
        se = np.sqrt(mood[exposed].var(ddof=1) / a + mood[~exposed].var(ddof=1) / b)
        second = e_value_of_difference(float(difference), float(se), outcome_sd=float(mood.std(ddof=1)))
        wrong["difference"] += second.limit > ratio
        confounded["difference"] += second.limit > 1
    return {
        "n": n,
        "confounder_ratio": ratio,
        "share_of_outcome": base,
        "runs": n_runs,
        "limit_wrong": {key: round(value / n_runs, 4) for key, value in wrong.items()},
        "naive_significant": {key: round(value / n_runs, 4) for key, value in confounded.items()},
    }


def _shift(base: float, ratio: float) -> float:
    from scipy import special

    return float(special.ndtri(base * ratio) - special.ndtri(base))


def main(n_runs: int = 2000) -> dict:
    rng = np.random.default_rng(20261126)
    return {
        "robustness": [
            robustness(rng, n_runs=n_runs, n_people=n_people, strength=0.1, slope_sd=slope_sd)
            for n_people in (25, 100)
            for slope_sd in (0.0, 0.3)
        ],
        "e_values": [
            e_values(rng, n_runs=n_runs, n=n, ratio=ratio, base=base)
            for n, ratio, base in ((2000, 2.0, 0.05), (2000, 2.0, 0.3), (20_000, 3.0, 0.1))
        ],
    }


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "scipy"))
