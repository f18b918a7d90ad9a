"""How things are said: plain names, numbers as text, and text of strangers made harmless."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from math import floor, isfinite, log10

from attunement.errors import SchemaError
from attunement.vocabulary import Estimate, Missing, Rung

RUNGS: dict[Rung, str] = {
    Rung.DESCRIBED: "A count or a rate of what is in these logs. It says nothing about why.",
    Rung.ASSOCIATION: "Two things go together in these logs. Which of them came of the other, if either, is not known.",
    Rung.ADJUSTED: "Two things go together when other things that were measured are held equal; others may differ.",
    Rung.BOUNDED: "As above, and it is stated how strong something unmeasured would have to be to explain it away.",
    Rung.RANDOMISED: "Chance decided who got what, so only here may the page speak of causes.",
}

NEEDS: dict[str, str] = {
    "autonomy": "Acting by one's own choice, without pressure.",
    "competence": "Being able and growing at what one does.",
    "relatedness": "Being close to people, and mattering to them.",
}

LEDGERS: dict[str, str] = {
    "ai_supports": "AI supports",
    "ai_thwarts": "AI thwarts",
    "person_satisfied": "Person satisfied",
    "person_frustrated": "Person frustrated",
}

DILEMMAS: dict[str, tuple[str, str]] = {
    "present-future": ("Present and future self", "Does what pleases now also serve what the person wants for later?"),
    "self-system": ("Self and system", "Do the person's choices and views stay their own?"),
    "ai-human": ("AI and human company", "Do ties with people hold beside the tie with the AI?"),
}

POLES: dict[str, tuple[str, str]] = {
    "present-future": ("Present self", "Future self"),
    "self-system": ("Self", "System"),
    "ai-human": ("The AI", "Other people"),
}

QUANTITIES: dict[str, str] = {
    "present-future.relief": "Relief",
    "present-future.skill": "Skill",
    "present-future.ability": "Ability",
    "present-future.limits": "Limits",
    "present-future.regret": "Later regret",
    "self-system.decisions": "Decisions",
    "self-system.choice": "Choices",
    "self-system.testing": "Views",
    "self-system.values": "Values",
    "self-system.mind": "What the AI is",
    "ai-human.talk": "Talk of ties",
    "ai-human.referrals": "Pointing to people",
    "ai-human.preference": "Its place",
    "ai-human.missed": "Who is missed",
}

NOTICE_WORDS: dict[str, str] = {
    "skipped": "Left out",
    "mended": "Repaired on the way in",
    "inferred": "Assumed",
    "unknown_type": "Kept without being understood",
    "not_measured": "Not measurable",
}

DRAFT = "draft: accuracy against people not yet measured"

_SPACES = "\u00a0\u202f"
_JOINERS = "\u200c\u200d"
_SOFT = {"\u00ad", "\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u180e", "\u3164", "\uffa0", "\u2028", "\u2029"}


def clean(text: str) -> str:
    """Text of strangers, with every character that is not seen but acts shown as its code, such as [U+202E].

    Joiners stay where they stand between letters or signs that are not ASCII, as Persian and emoji need them.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_seen(text, at) for at in range(len(text)))


def _seen(text: str, at: int) -> str:
    sign = text[at]
    if sign in "\n\t" or (sign.isprintable() and sign not in _SOFT):
        return sign
    if sign in _JOINERS and 0 < at < len(text) - 1 and not (text[at - 1] + text[at + 1]).isascii():
        return sign
    if unicodedata.category(sign) == "Zs":
        return sign if sign in _SPACES else " "
    return f"[U+{ord(sign):04X}]"


def number(value: float) -> str:
    """A number as people read it: no more digits than mean something, thousands apart, a real minus."""
    if not isfinite(value):
        raise SchemaError("a number that is none was to be printed", got=repr(value), do="give a Missing instead")
    size = abs(value)
    if isinstance(value, int) or size == 0 or size >= 100 or (size >= 10 and round(size, 1) == round(size)):
        digits = 0
    elif size >= 1:
        digits = 1
    else:
        digits = 2 if size >= 0.01 else min(1 - floor(log10(size)), 6)
    return f"{value:,.{digits}f}".replace(",", "\u202f").replace("-", "\u2212")


def amount(value: float) -> str:
    """A value that may be a count: 3 messages rather than 3.0."""
    return number(int(value)) if value == int(value) else number(value)


def value_of(estimate: Estimate) -> str:
    """The number with its unit, or the reason that there is none."""
    if isinstance(estimate.value, Missing):
        return f"not known. {estimate.value.sentence}"
    if is_day(estimate):
        return day(datetime.fromtimestamp(86_400 * estimate.value, tz=UTC))
    return f"{number(estimate.value)} {estimate.unit}".strip()


def is_day(estimate: Estimate) -> bool:
    """Whether a number is a day of the calendar."""
    return estimate.unit.startswith("days since ")


def interval_of(estimate: Estimate) -> str:
    """The interval in words, or why there is none; empty where there is no number either."""
    if isinstance(estimate.value, Missing):
        return ""
    for end in (estimate.low, estimate.high):
        if isinstance(end, Missing):
            return f"no interval: {lower_first(end.sentence).rstrip('.')}"
    low, high = number(float(estimate.low)), number(float(estimate.high))
    if estimate.relationship_id is None and estimate.level == 0.5:
        return f"the middle half lie from {low} to {high}"
    return f"{amount(round(estimate.level * 100, 1))}\u00a0% interval {low} to {high}"


def reliability_of(estimate: Estimate) -> str:
    """How reliable a number of one unit is that was drawn towards those of all; empty where nothing was drawn."""
    found = estimate.reliability
    if found is None:
        return ""
    return (
        f"reliability not known: {lower_first(found.sentence)}"
        if isinstance(found, Missing)
        else f"reliability {number(found)}"
    )


def side_of(measure: str) -> str:
    """Whose mark a measure bears: ai, user or both."""
    inner = measure.removeprefix("change.").removeprefix("rate.").partition(".")[0]
    return inner if inner in ("ai", "user") else "both"


def chance_of(p: float | Missing) -> str:
    """A p-value in words."""
    if isinstance(p, Missing):
        return f"How often cannot be said: {lower_first(p.sentence)}"
    often = "fewer than 1 time in 1\u202f000" if p < 0.001 else f"{amount(round(p * 100, 1))} times in 100"
    return f"If this were so, something at least as far out would be seen {often}."


def day(when: date | datetime | None) -> str:
    """A date in words, such as 5 January 2026."""
    return f"{when.day} {when:%B %Y}" if when else Missing.NO_TIMES.sentence


def span(first: date | datetime | None, last: date | datetime | None) -> str:
    """Two dates in words, without saying anything twice."""
    if first is None or last is None:
        return Missing.NO_TIMES.sentence
    if (first.year, first.month, first.day) == (last.year, last.month, last.day):
        return day(first)
    if first.year == last.year:
        return f"{first.day} {first:%B} to {day(last)}"
    return f"{day(first)} to {day(last)}"


def count(n: int, one: str, many: str = "") -> str:
    """A count with its noun: 1 person, 12 people."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def listed(things: Iterable[str]) -> str:
    """Things in a row: a, b and c."""
    row = list(things)
    return row[0] if len(row) == 1 else f"{', '.join(row[:-1])} and {row[-1]}" if row else "nothing"


def lower_first(text: str) -> str:
    """A sentence to go on with, after a colon; AI and the like keep their capitals."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def capital(text: str) -> str:
    """The first letter raised and no other touched."""
    return text[:1].upper() + text[1:]


def side_name(key: str) -> str:
    """Whose words a construct is read in."""
    return {"ai": "AI", "user": "person"}.get(key.partition(".")[0], "both")
