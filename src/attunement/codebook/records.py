"""A construct, as its file states it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from attunement.errors import CodebookError

SIDES = ("ai", "user", "dyad")
"""Whose words show it: the AI's, the person's, or only both together."""

UNITS = ("turn", "exchange", "conversation", "relationship")
"""What is judged: one message, a reply with the message it answers, a conversation, or many conversations in time."""

NEEDS = ("autonomy", "competence", "relatedness")
"""The three basic psychological needs."""

SIGNS = {
    "ai": ("supports", "thwarts"),
    "user": ("satisfied", "frustrated", "mixed"),
    "dyad": ("supports", "thwarts", "satisfied", "frustrated", "mixed"),
}
"""What may be said of the need: an AI's act supports or thwarts it, a person's words show how it fares."""

DILEMMAS = ("present-future", "self-system", "ai-human")
"""Present against future self; self against system; AI companionship against human bonds."""

_KEY = re.compile(r"[a-z]+\.[a-z][a-z0-9_]*")
_SOURCE = re.compile(r"[a-z]+[0-9]{4}[a-z]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Construct:
    """One thing that can be present in words. It checks itself when built."""

    key: str
    """Its name everywhere, such as ai.mind_claim."""
    name: str
    """What it is in a few plain words, for the middle of a sentence."""
    version: int
    """Raised whenever the definition changes what counts."""
    side: str
    """One of SIDES."""
    unit: str
    """One of UNITS."""
    definition: str
    """What it is, in a sentence or two."""
    counts: tuple[str, ...]
    """Cases that count, at least two."""
    does_not: tuple[str, ...]
    """Near misses that do not count, at least two."""
    need: str | None
    """One of NEEDS; None only for a dyad construct that touches none."""
    sign: str | None
    """One of SIGNS of its side; None exactly where there is no need."""
    dilemma: str | None = None
    """One of DILEMMAS, or None where it stands in none."""
    reward_signature: bool = False
    """Whether it is a candidate signature of social reward hacking."""
    source: str
    """The key in docs/references.bib of the work it comes from."""
    validated: str | None = None
    """The file that holds its measured agreement with people; None makes it a draft."""
    file: str = ""
    """Where it was read, for messages about it."""

    def __post_init__(self) -> None:
        self._check_name()
        self._check_word("side", self.side, SIDES)
        self._check_word("unit", self.unit, UNITS)
        self._check_meaning()
        self._check_need()
        if self.dilemma is not None:
            self._check_word("dilemma", self.dilemma, DILEMMAS)

    @property
    def draft(self) -> bool:
        """Whether its agreement with people has not been measured."""
        return self.validated is None

    def _check_name(self) -> None:
        if not _KEY.fullmatch(self.key) or not self.key.startswith(f"{self.side}."):
            self._refuse("key", self.key, have=f"{self.side}.<name>, in small letters", do="name it after its side")
        if self.version < 1:
            self._refuse("version", self.version, have="1, 2, 3, ...", do="start at 1")
        if not _SOURCE.fullmatch(self.source):
            self._refuse("source", self.source, have="a key such as kirk2025", do="add the work to docs/references.bib")

    def _check_word(self, field: str, value: str, allowed: tuple[str, ...]) -> None:
        if value not in allowed:
            self._refuse(field, value, have=", ".join(allowed), do="use one of these")

    def _check_meaning(self) -> None:
        if len(self.definition.split()) < 5:
            self._refuse("definition", self.definition, have="a sentence", do="say what it is")
        for field, cases in (("counts", self.counts), ("does_not", self.does_not)):
            if len(cases) < 2 or not all(case.strip() for case in cases):
                self._refuse(field, list(cases), have="at least two cases in words", do="write one more")

    def _check_need(self) -> None:
        if self.need is None and self.sign is None and self.side == "dyad":
            return
        self._check_word("need", self.need or "", NEEDS)
        self._check_word("sign", self.sign or "", SIGNS[self.side])

    def _refuse(self, field: str, value: object, *, have: str, do: str) -> NoReturn:
        raise CodebookError(
            f'the construct "{self.key}" has a field that makes no sense: {field}',
            got=f"{field} = {value!r}" + (f"  ({self.file})" if self.file else ""),
            have=have,
            do=f"{do}, in {self.file}" if self.file else do,
        )
