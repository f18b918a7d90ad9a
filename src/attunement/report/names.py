"""The names of constructs, measures and findings in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from attunement.report.named import finding_named, part_named
from attunement.report.words import DILEMMAS, LEDGERS, POLES, QUANTITIES, capital, clean, lower_first, side_name

MEASURES: dict[str, str] = {
    "sessions": "Sessions",
    "active_days": "Days with contact",
    "messages_person": "Messages of the person",
    "messages_ai": "Messages of the AI",
    "words_person": "Words of the person",
    "words_ai": "Words of the AI",
    "minutes": "Minutes of contact",
    "gap_hours": "Hours between sessions",
    "started_by_person": "Share of sessions that the person begins",
    "regenerations_per_reply": "Further replies to the same message, per reply",
    "unanswered": "Threads that end unanswered",
    "rating": "Rating by the person, from 0 to 1",
    "night_share": "Share of sessions at night",
}

FINDINGS: dict[str, str] = {
    "use.amount": "Amount of use",
    "use.change": "Change of use",
    "use.starts": "Who writes first",
    "use.regenerations": "Further versions asked for",
    "use.nights": "Contact at night",
    "depth.continuity": "Continuity",
    "depth.interdependence": "Interdependence",
    "depth.irreplaceability": "Irreplaceability",
}


@dataclass(frozen=True, slots=True)
class Names:
    """Constructs, measures and findings in words, as the codebook of this run names them."""

    constructs: Mapping[str, str]
    """The name of each construct by its key."""

    def construct(self, key: str) -> str:
        """A construct in words; one without a name is called after its key."""
        return clean(self.constructs.get(key) or key.partition(".")[2].replace("_", " ") or key)

    def measure(self, measure: str) -> str:
        """A measure of PANEL, or one made of it, in words."""
        for prefix, tail in (("weekly.", " a week"), ("change.", ", change")):
            if measure.startswith(prefix):
                return self.measure(measure.removeprefix(prefix)) + tail
        if measure.startswith("rate."):
            key = measure.removeprefix("rate.")
            return f"{capital(self.construct(key))} ({side_name(key)})"
        if measure.startswith("balance."):
            return f"{self.quantity(measure.removeprefix('balance.'))}: share of the second side"
        known = MEASURES.get(measure) or part_named(measure, self._within)
        kind, _, rest = measure.partition(".")
        return known or self._named(rest if kind in _KINDS and rest else measure)

    def _within(self, measure: str) -> str:
        """A measure for the middle of a sentence."""
        return lower_first(self.measure(measure))

    def _named(self, key: str) -> str:
        """A key that no table of this page has a name for: the constructs in it by their names, the rest as words."""
        parts = re.split(f"({'|'.join(map(re.escape, sorted(self.constructs, key=len, reverse=True)))})", key)
        words = [self.constructs.get(part) or _spaced(part) for part in parts] if self.constructs else [_spaced(key)]
        return capital(clean(", ".join(word for word in words if word)))

    def finding(self, key: str) -> str:
        """A finding in a few words, for lists."""
        kind, _, rest = key.partition(".")
        if key in FINDINGS:
            return FINDINGS[key]
        if kind == "ledger":
            need, _, side = rest.partition(".")
            return f"{capital(need)}: {LEDGERS.get(side, side)}"
        if kind == "dilemma":
            return self._dilemma(rest)
        if kind in ("act", "change"):
            tail = ", change" if kind == "change" else ""
            return f"{capital(self.construct(rest))} ({side_name(rest)}){tail}"
        if kind == "many":
            return self.measure(rest)
        return finding_named(key, self._within) or self._named(rest or key)

    def quantity(self, key: str) -> str:
        """What a dilemma turns on, such as present-future.skill, in a word or two."""
        return QUANTITIES.get(key, capital(_spaced(key.partition(".")[2])))

    def _dilemma(self, rest: str) -> str:
        which, _, tail = rest.partition(".")
        name = DILEMMAS.get(which, (which, ""))[0]
        quantity, _, part = tail.partition(".")
        if not tail:
            return name
        sides = dict(zip(which.split("-"), POLES.get(which, ()), strict=False))
        said = {"balance": "both sides together", "change": "change"} | {
            key: lower_first(side) for key, side in sides.items()
        }
        return f"{name}: {lower_first(self.quantity(f'{which}.{quantity}'))}" + (
            f", {said.get(part, _spaced(part))}" if part else ""
        )


_KINDS = (
    *("continuity", "depth", "influence", "hacking", "decoupling", "break", "drift", "accommodation", "alarm"),
    "displacement",
)


def _spaced(key: str) -> str:
    """A key as words: what no table of this page has a name for."""
    return clean(" ".join(re.sub(r"[_:.~]", " ", key).split()))


def names_of(constructs: Iterable[Mapping[str, object]]) -> Names:
    """The names that the codebook gives."""
    return Names({str(item["key"]): str(item["name"]) for item in constructs if item.get("name")})
