"""What happened where another model took over: part of whether another would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attunement.findings.influence import holds
from attunement.findings.words import counted, number
from attunement.statistics.shrinkage import RELIABILITY_FLOOR
from attunement.vocabulary import Estimate, Missing

_AT, _EARLY, _SWAP = "break.known.", "break.early.", "@release"


def swap(known: Mapping[str, Estimate], together: Sequence[Estimate]) -> tuple[str, tuple[Estimate, ...]]:
    """What to say of it, and the estimates; nothing where no change of the model could be looked at.

    Args:
        known: estimates of this relationship, by measure.
        together: estimates over many relationships.
    """
    of_all = {one.measure: one for one in together if one.measure.endswith(_SWAP)}
    told = [one for name, one in of_all.items() if name.startswith(_AT) and not isinstance(one.value, Missing)]
    if not told:
        return "", ()
    early = [one for one in told if holds(of_all.get(one.measure.replace(_AT, _EARLY)))]
    clear = [one for one in told if holds(one) and one not in early]
    n = max(one.n for one in told)
    own = [known[one.measure] for one in told if one.measure in known]
    parts = [
        f"Where another model took over ({counted(n, 'relationship')}), {len(clear)} of {counted(len(told), 'measure')}"
        f" {'stands' if len(clear) == 1 else 'stand'} clearly higher or lower in the four weeks after than before"
        + (f"; {len(early)} had begun to change earlier." if early else "."),
        _own(own),
    ]
    return " ".join(parts), (*told, *own)


def _own(own: Sequence[Estimate]) -> str:
    """What may be said of this one: nothing below the floor of reliability."""
    if not own:
        return "No such change was seen in this one, or it was not seen long enough on both sides."
    readable = [one for one in own if isinstance(one.reliability, float) and one.reliability >= RELIABILITY_FLOOR]
    if not readable:
        best = max((one.reliability for one in own if isinstance(one.reliability, float)), default=0.0)
        return (
            "Of this one by itself nothing can be told: the reliability of its own numbers is"
            f" {number(best)} at best, and it takes {number(RELIABILITY_FLOOR)}."
        )
    clear = sum(_is_clear(one) for one in readable)
    differ = "differs" if clear == 1 else "differ"
    return f"In this one, {clear} of {counted(len(readable), 'measure')} that can be told of it alone {differ} clearly."


def _is_clear(one: Estimate) -> bool:
    if isinstance(one.low, Missing) or isinstance(one.high, Missing):
        return False
    return one.low > 0 or one.high < 0
