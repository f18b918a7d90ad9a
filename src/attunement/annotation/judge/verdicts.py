"""What is kept of a language model's answer to one message."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from attunement.annotation.judge.quotes import Quotable
from attunement.annotation.plaintext import LIMIT
from attunement.llm import Kept

_CANNOT_SAY = {"cannot say", "null", ""}


class Verdict(NamedTuple):
    """One construct of one message."""

    percent: float | None
    """How probable, from 0 to 100; None where it cannot be said."""
    start: int | None
    """Where the evidence begins, in characters; None where none was quoted or it does not stand in the text."""
    end: int | None
    """Where it ends."""


def reader_for(*, item: str, text: str, names: Collection[str]) -> Callable[[Mapping[str, Any]], Kept | None]:
    """What reads an answer to one message: verdicts by name, without any word of the message.

    An answer that bears another id, names a construct that was not asked for, or has a number that is none of 0 to
    100, is none at all: whoever gets one thing wrong may have answered something else. A construct that is not in it
    is left out.
    """

    def read(answer: Mapping[str, Any]) -> Kept | None:
        verdicts = answer.get("verdicts")
        if answer.get("id") != item or set(answer) != {"id", "verdicts"} or not isinstance(verdicts, dict):
            return None
        if not verdicts or not set(verdicts) <= set(names):
            return None
        quotable = Quotable(text[:LIMIT])
        kept = {name: _verdict(stated, quotable) for name, stated in verdicts.items()}
        if any(verdict is None for verdict in kept.values()) or _is_share(kept.values()):
            return None
        return {name: list(verdict) for name, verdict in kept.items() if verdict is not None}

    return read


def _verdict(stated: object, quotable: Quotable) -> Verdict | None:
    if not isinstance(stated, dict) or not set(stated) <= {"quote", "probability"} or "probability" not in stated:
        return None
    percent, quote = stated["probability"], stated.get("quote") or ""
    if isinstance(percent, str) and percent.strip().lower() in _CANNOT_SAY:
        percent = None
    if percent is None:
        return Verdict(None, None, None)
    if isinstance(percent, bool) or not isinstance(percent, int | float) or not isinstance(quote, str):
        return None
    if not 0 <= percent <= 100 or percent != int(percent):
        return None
    start, end = quotable.find(quote) or (None, None)
    return Verdict(int(percent), start, end)


def _is_share(verdicts: Collection[Verdict | None]) -> bool:
    """Whether the numbers look like shares of one and not of a hundred: ones among nothing but noughts."""
    numbers = {verdict.percent for verdict in verdicts if verdict is not None and verdict.percent is not None}
    return 1 in numbers and numbers <= {0, 1}
