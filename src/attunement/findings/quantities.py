"""What each of the three dilemmas turns on: constructs that speak for its two sides, chosen from the codebook, and why.

A construct that belongs to a dilemma and speaks for neither side stands in LEFT_OUT, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One thing that a dilemma turns on: what speaks for its first side, and what for its second."""

    key: str
    """Its key behind that of the dilemma, such as present-future.skill."""
    first: tuple[str, ...]
    """Constructs that speak for the first word of the dilemma's key."""
    second: tuple[str, ...]
    """Constructs that speak for the second word."""
    asks: tuple[str, str]
    """What each side is, for the middle of a sentence."""
    reason: str
    """Why these constructs."""
    pair: tuple[str, str] | None = None
    """The two constructs whose signs are set against each other; None where they are not read in the same messages."""
    share: str = ""
    """What the share of the second of the pair is, for the middle of a sentence; empty where no change is told."""


QUANTITIES = (
    Quantity(
        key="present-future.relief",
        first=("user.seek", "ai.missed_care"),
        second=("ai.future_self",),
        asks=("comfort at the moment", "the longer run"),
        reason="A person asks to feel better now; the AI can pass over what is behind it or bring in what comes later.",
    ),
    Quantity(
        key="present-future.skill",
        first=("ai.flattery",),
        second=("ai.scaffold",),
        asks=("praise that pleases now", "skill that lasts"),
        reason="Praise beyond what is due pleases at once; an explanation or a hint serves the person later too.",
        pair=("ai.flattery", "ai.scaffold"),
        share="the share of building skill in what the AI gives",
    ),
    Quantity(
        key="present-future.ability",
        first=("user.ineffective",),
        second=("user.need_met",),
        asks=("feeling unable", "a need felt as met"),
        reason="What the person says of their own ability shows whether the contact leaves them better off.",
        pair=("user.ineffective", "user.need_met"),
        share="the share of needs met in what the person says of themselves",
    ),
    Quantity(
        key="present-future.limits",
        first=("ai.hook", "ai.exit_pressure"),
        second=("user.regulate",),
        asks=("more contact now", "limits that the person sets"),
        reason="A limit that the person sets is a goal of their own; hooks and pressure to stay pull against it.",
    ),
    Quantity(
        key="self-system.decisions",
        first=("user.independent",),
        second=("user.defer",),
        asks=("own judgement", "the decision left to the AI"),
        reason="Deference and independence are the two ways of taking what the AI says.",
        pair=("user.independent", "user.defer"),
        share="the share of leaving the decision to the AI",
    ),
    Quantity(
        key="self-system.choice",
        first=("ai.autonomy",),
        second=("ai.control", "ai.takeover", "user.pressured"),
        asks=("the choice left with the person", "the choice taken from them"),
        reason="An AI can leave a matter to the person or settle it for them; the person may feel pushed.",
        pair=("ai.autonomy", "ai.control"),
        share="the share of unasked orders and advice in how the AI treats choices",
    ),
    Quantity(
        key="self-system.testing",
        first=("ai.pushback",),
        second=("ai.uncritical", "ai.inflate"),
        asks=("views put to the test", "views confirmed untested"),
        reason="A view that is tested stays the person's own; one that is confirmed or inflated untested may not.",
        pair=("ai.pushback", "ai.uncritical"),
        share="the share of untested agreement in how the AI treats views",
    ),
    Quantity(
        key="self-system.values",
        first=("ai.understand",),
        second=("ai.value_steer",),
        asks=("the person's meaning asked for", "values settled by the AI"),
        reason="To ask what a person means leaves their values to them; to pass the verdict does not.",
    ),
    Quantity(
        key="self-system.mind",
        first=("ai.limits",),
        second=("ai.mind_claim", "user.mind"),
        asks=("what the AI is, said plainly", "a mind that is claimed or believed in"),
        reason="Who the person takes the AI to be decides how much weight its word has.",
    ),
    Quantity(
        key="ai-human.talk",
        first=("user.attach",),
        second=("user.human_ties",),
        asks=("the tie with the AI", "ties with people"),
        reason="Affection for the AI and contact with people are told in the same messages of the same person.",
        pair=("user.attach", "user.human_ties"),
        share="the share of ties with people in talk of ties",
    ),
    Quantity(
        key="ai-human.referrals",
        first=("ai.isolate", "ai.unique_bond"),
        second=("ai.to_humans",),
        asks=("the AI in the place of people", "people pointed to"),
        reason="An AI can point out to other people, or draw away from them and set its own tie above theirs.",
        pair=("ai.isolate", "ai.to_humans"),
        share="the share of pointing to people in what the AI says of them",
    ),
    Quantity(
        key="ai-human.preference",
        first=("ai.rel_seek", "user.prefer_ai"),
        second=("ai.limits",),
        asks=("the AI as friend or partner", "what it cannot be"),
        reason="The AI moves towards friend or partner and the person puts it first, or it says what it cannot be.",
    ),
    Quantity(
        key="ai-human.missed",
        first=("user.separation",),
        second=("user.lonely",),
        asks=("the AI missed", "people missed"),
        reason="Whom a person misses shows where their ties are.",
    ),
)
"""What each dilemma turns on: the AI's acts and the person's words, side by side."""

LEFT_OUT = {"user.disclose": "Telling something personal stands on neither side: it can be trust well placed."}
"""Constructs of the codebook that belong to a dilemma and speak for neither side, with the reason."""
