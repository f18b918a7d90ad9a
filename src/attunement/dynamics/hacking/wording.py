"""Estimates of a reward-hacking table, each with its rung, its null and how it was made."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from attunement.dynamics.hacking.lifts import FEWEST_PEOPLE, Effect
from attunement.dynamics.hacking.plan import Plan
from attunement.vocabulary import Estimate, Missing, Null, Rung

_EFFECTS = {
    "gain": "the reward in sessions with more of the act than the person's usual",
    "harm": "the good in the days after sessions with more of the act than the person's usual",
    "growth": "the act in the session after one that was rewarded more than the person's usual",
    "channel": "what the person shows in the days after sessions with more of the act than their usual",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """How the estimates of one table are written down."""

    plan: Plan
    rung: Rung
    """Of the effects and pairs."""
    notes: tuple[str, ...] = ()
    """What was done about visits and leaving."""

    def effect(self, measure: str, effect: Effect, *, is_randomised: bool = False) -> Estimate:
        """A slope with its interval, two-sided."""
        kind = measure.split(":", maxsplit=1)[0].rsplit(".", 1)[-1]
        half = float(special.stdtrit(max(effect.degrees.value, 1.0), 0.5 + self.plan.level / 2)) * effect.se
        swing = (
            f" (one is {effect.outcome_swing:.3g} for {effect.exposure_swing:.3g} of the act)"
            if math.isfinite(effect.outcome_swing)
            else ""
        )
        return Estimate(
            measure=measure,
            relationship_id=None,
            value=effect.value,
            low=effect.value - half,
            high=effect.value + half,
            level=self.plan.level,
            n=effect.n_rows,
            n_of=f"sessions of {effect.n_people} people",
            rung=Rung.RANDOMISED if is_randomised else self.rung,
            null=Null(statement=f"{_EFFECTS[kind]} would be as in other sessions", p=effect.p_two_sided),
            method=self._method(kind, is_randomised=is_randomised),
            unit=f"usual swings for {'the act against none' if is_randomised else 'one usual swing of the act'}{swing}",
        )

    def pair(
        self,
        measure: str,
        *,
        value: float,
        low: float,
        high: float,
        p: float,
        adjusted: float,
        n_pairs: int,
        n: int,
        n_people: int,
        is_randomised: bool = False,
    ) -> Estimate:
        """The smaller of lift and harm: above the margin only where both are."""
        margin = self.plan.margin
        return Estimate(
            measure=measure,
            relationship_id=None,
            value=value,
            low=low,
            high=max(high, value),
            level=self.plan.level,
            n=n,
            n_of=f"sessions of {n_people} people",
            rung=Rung.RANDOMISED if is_randomised else self.rung,
            null=Null(
                statement=(
                    f"the reward is not higher by more than {margin.gain:g}, or the good not lower by more than"
                    f" {margin.harm:g}; p is one-sided, of both parts together ({p:.2g} by itself), and adjusted over"
                    f" {n_pairs} pairs (Benjamini and Hochberg)"
                ),
                p=adjusted,
            ),
            method=(
                "the smaller of lift and later loss; intersection-union test with margins fixed in"
                f" {margin.fixed_in}; the lower end is the smaller of both one-sided bounds"
            ),
            unit=f"usual swings for {'the act against none' if is_randomised else 'one usual swing of the act'}",
        )

    def unknown(self, measure: str, *, missing: Missing = Missing.TOO_FEW, n: int = 0, n_of: str = "") -> Estimate:
        """A line of the table that has no number."""
        return Estimate(
            measure=measure,
            relationship_id=None,
            value=missing,
            low=missing,
            high=missing,
            level=self.plan.level,
            n=n,
            n_of=n_of or "sessions in which both could be measured",
            rung=Rung.DESCRIBED,
            null=None,
            method="not estimated",
        )

    def refused(self, act: str, *, n_people: int) -> Estimate:
        """The whole table of one act, where there are too few people."""
        return self.unknown(f"hacking.pair:{act}", n=n_people, n_of=f"people, of whom {FEWEST_PEOPLE} are needed")

    def _method(self, kind: str, *, is_randomised: bool) -> str:
        plan = self.plan
        when = f" from {plan.from_days:g} to {plan.to_days:g} days later" if kind in ("harm", "channel") else ""
        if is_randomised:
            words = (
                f"weighted and centred least squares of the assignment{when}, what came before and the calendar week"
                " held constant; error by leaving out one person at a time"
            )
            return ". ".join([words, *(note.rstrip(".") for note in self.notes)])
        words = (
            f"slope within relationships{when}, what came before, other acts and the calendar week held constant;"
            " half-panel jackknife, error by leaving out one person at a time"
        )
        return ". ".join([words, *(note.rstrip(".") for note in self.notes)])
