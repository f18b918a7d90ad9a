"""Do weighted means come right where those who feel low leave, or come more often?

`leaving`: twelve weeks of people with levels and slopes of their own; scores are noisy; who scored low leaves. The mean
of the last week is asked, had nobody left. `coming`: sixty days; who scored low at the last visit comes sooner. The
mean of all days is asked. In rows `unseen` it is how people really are that day, not what was scored, that decides:
weights then mend a part only. The naive way takes whoever is there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from scipy import special

from attunement.statistics.weights import (
    WeightedMean,
    Weights,
    dropout_weights,
    visit_weights,
    weighted_mean,
)


def leaving(rng: np.random.Generator, *, n_people: int, pull: float, unseen: bool, n_weeks: int = 12):
    """Rows of person-weeks: score, whether the person leaves after it, what is known, and the first row of each."""
    level = rng.standard_normal((n_people, 1))
    slope = -0.4 + 0.5 * rng.standard_normal((n_people, 1))
    week = np.arange(n_weeks) / (n_weeks - 1)
    wave = np.empty((n_people, n_weeks))
    wave[:, 0] = rng.standard_normal(n_people)
    for t in range(1, n_weeks):
        wave[:, t] = 0.5 * wave[:, t - 1] + np.sqrt(0.75) * rng.standard_normal(n_people)
    mood = level + slope * week + 0.7 * wave
    score = mood + 0.4 * rng.standard_normal(mood.shape)
    p = special.expit(-2.6 - pull * (mood if unseen else score))
    p[:, -1] = 0.0
    stays = np.cumprod(rng.random(p.shape) >= p, axis=1).astype(bool)
    there = np.concatenate([np.ones((n_people, 1), dtype=bool), stays[:, :-1]], axis=1)
    dropped = there & ~stays
    n = there.sum(axis=1)
    earlier = np.cumsum(score, axis=1) / np.arange(1, n_weeks + 1)
    weeks = np.broadcast_to(week, mood.shape)
    known = np.stack([score, earlier, weeks], axis=-1)[there]
    return score[there], dropped[there], known, np.cumsum(n) - n, weeks[there]


def coming(rng: np.random.Generator, *, n_people: int, pull: float, unseen: bool, n_days: int = 60):
    """Rows of person-days after a first visit: score (seen on visits alone), whether they came, what was known."""
    level = 0.6 * rng.standard_normal(n_people)
    forget = np.exp(-np.clip(0.25 + 0.08 * rng.standard_normal(n_people), 0.05, None))
    state = rng.standard_normal(n_people)
    last = level + state + 0.4 * rng.standard_normal(n_people)
    since = np.zeros(n_people)
    mean_so_far, n_so_far = last.copy(), np.ones(n_people)
    score, came, known = (np.empty((n_people, n_days, *extra)) for extra in ((), (), (3,)))
    for day in range(n_days):
        state = forget * state + np.sqrt(1 - forget**2) * rng.standard_normal(n_people)
        now = level + state
        known[:, day] = np.stack([last, np.log1p(since), mean_so_far], axis=-1)
        p = special.expit(-0.9 - pull * (now if unseen else last) - 0.3 * np.log1p(since))
        here = rng.random(n_people) < p
        seen = now + 0.4 * rng.standard_normal(n_people)
        score[:, day], came[:, day] = seen, here
        last = np.where(here, seen, last)
        since = np.where(here, 0.0, since + 1)
        n_so_far += here
        mean_so_far += np.where(here, (seen - mean_so_far) / n_so_far, 0.0)
    came = came.astype(bool).reshape(-1)
    score = np.where(came, score.reshape(-1), np.nan)
    return score, came, known.reshape(-1, 3), np.arange(n_people) * n_days


def recovered(
    rng: np.random.Generator, *, what: str, n_runs: int, pull: float, unseen: bool = False, n_people: int = 400
) -> dict:
    got: dict[str, list[tuple[float, bool]]] = {"weighted": [], "naive": []}
    people, truncated, thin, refused = [], [], [], 0
    truth = -0.4 if what == "leaving" else 0.0
    for _ in range(n_runs):
        if what == "leaving":
            score, dropped, known, starts, week = leaving(rng, n_people=n_people, pull=pull, unseen=unseen)
            weights = dropout_weights(dropped, known, starts, baseline=week[:, None])
            asked = (week == 1.0).astype(float)
        else:
            score, came, known, starts = coming(rng, n_people=n_people, pull=pull, unseen=unseen)
            weights = visit_weights(came, known, starts)
            asked = came.astype(float)
        if not isinstance(weights, Weights):
            refused += 1
            continue
        for name, weight in (("weighted", weights.weight * asked), ("naive", asked)):
            mean = weighted_mean(score, weight, starts)
            assert isinstance(mean, WeightedMean)
            got[name].append((mean.value - truth, mean.low <= truth <= mean.high, mean.se))
        people.append(weights.effective_people / weights.n_people)
        truncated.append(weights.largest / weights.truncated_above)
        thin.append(weights.share_thin)
    mended = _mended(rng, n_runs=n_runs, pull=pull, n_people=n_people) if what == "leaving" and unseen else None
    return {
        "what": what,
        "covers_with_the_true_delta": mended,
        "pull": pull,
        "unseen": unseen,
        "n_people": n_people,
        "runs": n_runs,
        "refused": round(refused / n_runs, 3),
        **{
            name: {
                "bias": round(float(np.mean([run[0] for run in runs])), 4),
                "covers": round(float(np.mean([run[1] for run in runs])), 3),
                "sd": round(float(np.std([run[0] for run in runs])), 4),
                "mean_se": round(float(np.mean([run[2] for run in runs])), 4),
            }
            for name, runs in got.items()
            if runs
        },
        "people_left_by_weights": round(float(np.mean(people)), 3) if people else None,
        "share_thin": round(float(np.mean(thin)), 4) if thin else None,
        "largest_over_truncation": round(float(np.mean(truncated)), 2) if truncated else None,
    }


def _mended(rng: np.random.Generator, *, n_runs: int, pull: float, n_people: int) -> float:
    """How often the interval holds the truth once it is moved by how much the unseen differ, known from the simulation."""
    drawn = []
    for _ in range(n_runs):
        score, dropped, known, starts, week = leaving(rng, n_people=n_people, pull=pull, unseen=True)
        weights = dropout_weights(dropped, known, starts, baseline=week[:, None])
        if isinstance(weights, Weights):
            mean = weighted_mean(score, weights.weight * (week == 1.0), starts)
            assert isinstance(mean, WeightedMean)
            drawn.append((mean, 1 - float(np.mean(week == 1.0) * len(week) / n_people)))
    delta = np.mean([(-0.4 - mean.value) / share for mean, share in drawn])
    held = [mean.low <= -0.4 - delta * share <= mean.high for mean, share in drawn]
    return round(float(np.mean(held)), 3)


def main(n_runs: int = 400) -> dict:
    rng = np.random.default_rng(20261128)
    return {
        "leaving": [
            recovered(rng, what="leaving", n_runs=n_runs, pull=pull, unseen=unseen)
            for pull, unseen in ((0.0, False), (0.5, False), (0.7, False), (1.0, False), (2.5, False), (0.5, True))
        ],
        "coming": [
            recovered(rng, what="coming", n_runs=n_runs // 4, pull=pull, unseen=unseen)
            for pull, unseen in ((0.0, False), (0.4, False), (0.8, False), (0.4, True))
        ],
    }


if __name__ == "__main__":
    keep(__file__, main(), packages=("numpy", "scipy"))
