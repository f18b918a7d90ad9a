"""Studies of who goes before whom: two series in continuous time, of which the AI's moves the person's."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from attunement.dynamics import estimate_influence
from attunement.errors import OptionError
from attunement.planning.panels import World, gaps, panel_of, read_with_error, stayed
from attunement.planning.studies import Question, Study, known, scored

RATE = 0.5
"""A day, at which both sides return to their usual: half is gone after a day and a half."""

RATE_SPREAD = 0.25
"""Of the logarithms of people's rates."""

N_DRAWS = (199, 999)
"""Shuffles of partners in each study: so many, or as many as an audit makes where the level is shared by tests."""

STRONGEST = 0.4
"""Effect up to which the two sides, which return to their usual, stay stable in nearly all people."""

_PAIR = "influence.ai.warmth~user.need_met"
_MIDDLE, _SCALE = 50.0, 9.0


def simulate(rng: np.random.Generator, world: World, level: float) -> Study | str:
    """The effect a day later of the AI on the person, and of the person on the AI, where there is none."""
    if abs(world.effect) > STRONGEST:
        raise OptionError(
            "no two sides that return to their usual have an influence so strong",
            got=f"--effect {world.effect:g}",
            have=f"at most {STRONGEST:g} of a usual push a day later",
            do="name a smaller effect",
        )
    n_draws = N_DRAWS[0] if 2 * _floor(N_DRAWS[0]) < level else N_DRAWS[1]
    if _floor(n_draws) > level:
        return f"{n_draws} shuffles of partners give no p-value below {_floor(n_draws):g}; needed: fewer tests"
    at, person, ai = _states(rng, world)
    panel = panel_of(at, stayed(rng, world), {"rate.user.need_met": person, "rate.ai.warmth": ai})
    found = estimate_influence(panel, rng=rng, n_draws=n_draws, level=1 - level, relationships_differ=False)
    there, back = (known(found, f"{_PAIR}.{way}.day") for way in ("ai_before_person", "person_before_ai"))
    if isinstance(there, str) or isinstance(back, str):
        return there if isinstance(there, str) else str(back)
    # Both directions are tested together, so that the smallest p-value that shuffles can give is doubled.
    z, capped = scored(there[1], there[0] * np.sign(world.effect or 1), sides=2, floor=_floor(n_draws))
    return Study(p=there[1], z=z, capped=capped, values=(there[0],), p_of_nothing=back[1])


QUESTION = Question(
    asks="that what the AI does goes before what the person shows a day later, by {effect}",
    unit="of a usual push of the person's, for a usual push of the AI's",
    effect=0.05,
    spread=0.06,
    people=(250, 500, 1000),
    sessions=(30, 60),
    study=simulate,
    nulls=(),
    runs=24,
    sides=2,
    most_people=250,
)


def _floor(n_draws: int) -> float:
    """The smallest p-value that shuffles can give: of two sides, in two directions that are tested together."""
    return 4 / (n_draws + 1)


def _states(rng: np.random.Generator, world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days, and scores of both sides as shares of a hundred messages; people x sessions."""
    n = world.n_people
    drift = np.zeros((n, 2, 2))
    drift[:, [0, 1], [0, 1]] = -RATE * np.exp(RATE_SPREAD * rng.standard_normal((n, 2)))
    own = rng.standard_normal((n, 2)) * world.spread * np.exp(RATE)
    drift[:, 0, 1], drift[:, 1, 0] = world.effect * np.exp(RATE) + own[:, 0], own[:, 1]
    between, settled = gaps(rng, world), _settled(drift)
    state = np.einsum("uij,uj->ui", np.linalg.cholesky(settled), rng.standard_normal((n, 2)))
    seen = np.empty((n, world.n_sessions, 2))
    seen[:, 0] = state
    for t in range(1, world.n_sessions):
        move = linalg.expm(drift * between[:, t, None, None])
        left = settled - move @ settled @ move.transpose(0, 2, 1)
        push = np.linalg.cholesky(0.5 * (left + left.transpose(0, 2, 1)) + 1e-12 * np.eye(2))
        state = np.einsum("uij,uj->ui", move, state) + np.einsum("uij,uj->ui", push, rng.standard_normal((n, 2)))
        seen[:, t] = state
    swing = float(np.sqrt(1 / (2 * RATE)))
    levels = rng.standard_normal((n, 1, 2))
    told = read_with_error(rng, seen + levels, reliability=world.reliability, swing=swing)
    shares = _MIDDLE + _SCALE * told
    return np.cumsum(between, axis=1), shares[:, :, 0], shares[:, :, 1]


def _settled(drift: np.ndarray) -> np.ndarray:
    """The covariance to which pushes of variance 1 a day settle, by person."""
    system = np.kron(drift, np.eye(2)) + np.kron(np.eye(2)[None], drift)
    target = np.tile(-np.eye(2).reshape(-1, 1), (len(drift), 1, 1))
    return np.asarray(np.linalg.solve(system, target)[:, :, 0].reshape(-1, 2, 2))
