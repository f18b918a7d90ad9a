"""Where chance decided whether the AI was to show an act: the weighted and centred least squares of such trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from jaxtyping import Int

from attunement.dynamics.hacking.lifts import FEWEST_PEOPLE, Effect, Setting, controls_of
from attunement.dynamics.hacking.occasions import Occasions, Rows, later
from attunement.dynamics.hacking.within import regress_within
from attunement.errors import OptionError

COLUMNS = ("relationship_id", "period_start", "act", "assigned", "probability")
"""What a table of assignments holds: one row a session and act that was left to chance."""


class Assigned(NamedTuple):
    """What chance decided in each session; NaN where it decided nothing."""

    chosen: Rows
    probability: Rows


def assignments(seen: Occasions, table: pa.Table | None) -> dict[str, Assigned]:
    """Assignments of each act, at the sessions of a panel.

    Raises:
        OptionError: a column is missing, or what was chosen had no probability between 0 and 1 beforehand.
    """
    if table is None:
        return {}
    if not set(COLUMNS) <= set(table.schema.names):
        raise OptionError(
            "a table of assignments lacks a column",
            got=", ".join(table.schema.names),
            have=", ".join(COLUMNS),
            do="give one row a session and act, with the probability with which the act was to be set",
        )
    probability = table.column("probability").to_numpy().astype(float)
    chosen = table.column("assigned").to_numpy().astype(float)
    wrong = np.flatnonzero(~((probability > 0) & (probability < 1) & np.isin(chosen, (0.0, 1.0))))
    if len(wrong):
        raise OptionError(
            "an assignment is neither 0 nor 1, or its probability is not strictly between them",
            got=f"{chosen[wrong[0]]} with probability {probability[wrong[0]]} ({len(wrong)} such rows)",
            do="leave out sessions in which chance decided nothing",
        )
    row = _rows_of(seen, table)
    found: dict[str, Assigned] = {}
    for act in table.column("act").unique().to_pylist():
        here = (table.column("act").to_numpy(zero_copy_only=False) == act) & (row >= 0)
        columns = np.full((2, len(seen)), np.nan)
        columns[:, row[here]] = chosen[here], probability[here]
        found[act] = Assigned(columns[0], columns[1])
    return found


def _rows_of(seen: Occasions, table: pa.Table) -> Int[np.ndarray, " assignments"]:
    """The session of each assignment; -1 where the panel has none."""
    owner = table.column("relationship_id").to_numpy()
    start = table.column("period_start").combine_chunks().cast(pa.int64()).to_numpy()
    place = np.minimum(np.searchsorted(seen.relationship, owner), len(seen.relationship) - 1)
    kind = [("unit", np.int64), ("start", np.int64)]
    have, want = np.empty(len(seen), dtype=kind), np.empty(len(owner), dtype=kind)
    have["unit"], have["start"], want["unit"], want["start"] = seen.unit, seen.start, place, start
    row = np.minimum(np.searchsorted(have, want), len(seen) - 1)
    return np.where((have[row] == want) & (seen.relationship[place] == owner), row, -1)


def lift_of_assignment(setting: Setting, act: str, assigned: Assigned, measure: str) -> Effect | None:
    """By how many usual swings setting the act raises a reward in the session."""
    reward = setting.seen.column(measure)
    return _effect(setting, act, assigned, reward, np.ones(len(reward)), measures=(measure,))


def change_after_assignment(
    setting: Setting, act: str, assigned: Assigned, column: Rows, *, measures: Sequence[str]
) -> Effect | None:
    """By how many usual swings setting the act changes a column in the days after, the trial going on as it does."""
    plan = setting.plan
    mean, mass, whole = later(setting.seen, column, setting.weight, from_days=plan.from_days, to_days=plan.to_days)
    return _effect(setting, act, assigned, np.where(whole, mean, np.nan), mass, measures=measures)


def _effect(
    setting: Setting, act: str, assigned: Assigned, outcome: Rows, mass: Rows, *, measures: Sequence[str]
) -> Effect | None:
    """Weighted and centred least squares.

    Source:   boruvka2018
    Checked:  benchmarks/recovery/reward_hacking.py
    """
    seen = setting.seen
    chosen, probability = assigned
    told = np.isfinite(chosen) & np.isfinite(outcome) & (mass > 0)
    if not told.any():
        return None
    usual = float(probability[told].mean())
    weight = np.where(chosen == 1, usual / probability, (1 - usual) / (1 - probability))
    _, controls = controls_of(setting, act, measures, before_only=True)
    columns = [chosen - usual, *controls, *(_so_far(seen, seen.column(one)) for one in measures)]
    found = regress_within(
        outcome,
        np.column_stack(columns),
        unit=seen.unit,
        cluster=setting.cluster,
        n_clusters=setting.n_clusters,
        weight=np.where(told, weight, 0.0) * mass * setting.staying,
        period=setting.week,
        centred=False,
    )
    if found is None or not found.se > 0 or found.n_clusters < FEWEST_PEOPLE:
        return None
    swing = _swing(outcome[told], seen.unit[told])
    return Effect(
        value=found.value / swing,
        se=found.se / swing,
        replicates=found.replicates / swing,
        degrees=found.degrees,
        outcome_sd=found.outcome_sd / swing,
        exposure_sd=found.exposure_sd,
        outcome_swing=swing,
        exposure_swing=1.0,
        n_rows=found.n_rows,
        n_people=found.n_clusters,
    )


def _swing(column: Rows, unit: Int[np.ndarray, " rows"]) -> float:
    """The standard deviation within relationships."""
    n = np.maximum(np.bincount(unit), 1)
    return float(np.std(column - (np.bincount(unit, column) / n)[unit]))


def _so_far(seen: Occasions, column: Rows) -> Rows:
    """The mean of the person's earlier sessions: no later one may tell of an assignment."""
    known = np.isfinite(column)
    total, n = np.cumsum(np.where(known, column, 0.0)), np.cumsum(known)
    total, n = total - np.where(known, column, 0.0), n - known
    first = seen.starts[seen.unit]
    total, n = total - total[first], n - n[first]
    overall = float(column[known].mean()) if known.any() else 0.0
    return np.where(n > 0, total / np.maximum(n, 1), overall)
