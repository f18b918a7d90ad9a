"""The names of what only many relationships can show: parts of estimates, signs, events."""

from __future__ import annotations

import re
from collections.abc import Callable

PARTS: dict[str, str] = {
    "decoupling.excess": "Apart beyond chance",
    "decoupling.apart": "Wanting up, liking down",
    "decoupling.both_up": "Both up",
    "decoupling.both_down": "Both down",
    "decoupling.liking_alone": "Wanting down, liking up",
    "decoupling.wanting": "Slope of wanting",
    "decoupling.liking": "Slope of liking",
    "break.known": "After less before",
    "break.early": "A window earlier",
    "break.unknown": "Jump at the clearest cut",
    "break.when": "Day of the clearest cut",
    "drift.total": "Change",
    "drift.induced": "Change that goes with the AI",
    "drift.natural": "Change without it",
    "drift.placebo": "A window earlier",
    "drift.distinct": "Share of where the AI stands that the person's course leaves",
    "drift.pull": "Pull of the AI, a day",
    "drift.return": "Return to one's own level, a day",
    "accommodation.person": "The person's way towards the AI's style",
    "accommodation.ai": "The AI's way towards the person's style",
    "accommodation.difference": "The person's way less the AI's",
    "accommodation.distinct": "Share of the other's style that one's own does not foretell",
}
"""What an estimate is of, by what its measure begins with."""

SIGNS: dict[str, str] = {
    "gap": "how soon they come back",
    "started_by_person": "who opens the talk",
    "night_share": "contact at night",
    "reward.rating": "rating of a session",
}
"""Signs that no other table has a name for."""

ROUTES: dict[str, str] = {
    "arm": "by chance",
    "release": "at a change of the AI",
    "untouched": "against other topics",
    "adoption": "against the weeks before",
    "pull": "by where the AI moved",
}
"""How a part of a change was told."""

KINDS: dict[str, str] = {
    "decoupling": "Wanting and liking",
    "break.own": "A break in this relationship",
    "break.unknown": "Breaks at times that nobody named",
    "break.known": "Around an event",
    "drift": "Drift",
    "accommodation": "Whose style moves",
}
"""Findings, by what their keys begin with."""

Named = Callable[[str], str]


def part_named(measure: str, name: Named) -> str:
    """A measure of these kinds in words, or nothing where it is of another kind."""
    kind, _, rest = measure.partition(".")
    part, _, of = rest.partition(".")
    if f"{kind}.{part}" not in PARTS:
        return ""
    of, _, event = of.partition("@")
    route, _, after = of.partition(".")
    said = [ROUTES[route]] if kind == "drift" and route in ROUTES else []
    if kind == "accommodation":
        said += [{"person": "person", "ai": "AI"}.get(of, of)] if of else []
    else:
        said += [_sign(one, name) for one in (after if said else of).split("~") if one]
    said += [event_named(event)] if event else []
    return ": ".join([PARTS[f"{kind}.{part}"], *([", ".join(said)] if said else [])])


def finding_named(key: str, name: Named) -> str:
    """A finding of these kinds in a few words, or nothing where it is of another kind."""
    start = next((start for start in KINDS if key == start or key.startswith(f"{start}.")), "")
    if not start:
        return ""
    rest = key.removeprefix(start).removeprefix(".")
    if start == "break.known":
        return f"{KINDS[start]}: {event_named(rest)}"
    if rest in ("", "own", "who_moved", "not_shown"):
        return KINDS[start]
    return f"{KINDS[start]}: {', '.join(_sign(one, name) for one in rest.split('~'))}"


def event_named(event: str) -> str:
    """An event in words."""
    if event == "release":
        return "another model took over"
    return re.sub(r"^release\.", "", re.sub(r"^outage\.", "outage ", event))


def _sign(sign: str, name: Named) -> str:
    """A sign of wanting or liking, or any measure, in words."""
    return SIGNS.get(sign) or name(f"rate.{sign}" if sign.startswith(("user.", "ai.")) else sign)
