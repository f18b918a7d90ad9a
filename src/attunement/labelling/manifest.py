"""What was drawn and how, as `drawn.json` keeps it: without it labels cannot be weighted, and it holds no words."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from attunement.errors import SourceError
from attunement.labelling.drawing import DESIGN, Choice
from attunement.labelling.frame import Frame
from attunement.vocabulary import shown

FILE = "drawn.json"
FORM = 1
"""Raised when the fields of the file change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """How much there was of a stratum, and how much of it was drawn."""

    name: str
    n_units: int
    n_messages: int
    n_units_expected: float
    """The sum of the probabilities of its units."""
    n_units_drawn: int
    n_messages_drawn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One relationship or session that was drawn."""

    unit: str
    """Its name: the relationship as reports show it, and for a session its number."""
    relationship_id: str
    session: int | None
    stratum: str
    probability: float
    """With which it was to be drawn."""
    n_messages: int
    doubt: float | None
    """The mean p (1 - p) of the annotators; None where none had looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A draw: enough to weight its labels, and to say in a paper what was done."""

    program: str
    drawn_at: str
    store: str
    kind: str
    """relationship or session."""
    n: int
    of: str
    """Whether n counts units or messages."""
    seed: int
    favour: dict[str, float]
    doubtful: float
    gap_minutes: float | None
    """Of sessions; None where relationships were drawn."""
    constructs: dict[str, int]
    """The version of each construct that labellers were asked about."""
    annotators: dict[str, str]
    """The version of each annotator whose doubt was counted."""
    n_out_of_reach: int
    """Messages that could not be drawn, since they lie in no session."""
    strata: tuple[Stratum, ...]
    units: tuple[Unit, ...]
    """In the order in which they are to be labelled."""

    @property
    def n_messages(self) -> int:
        """Messages to be labelled."""
        return sum(unit.n_messages for unit in self.units)


def described(frame: Frame, choice: Choice, **facts: Any) -> Drawn:
    """The record of a draw; `facts` are the other fields of Drawn."""
    return Drawn(kind=frame.kind, strata=_strata(frame, choice), units=units_of(frame, choice), **facts)


def _strata(frame: Frame, choice: Choice) -> tuple[Stratum, ...]:
    is_chosen = np.isin(np.arange(len(choice.p)), choice.chosen)
    return tuple(
        Stratum(
            name=name,
            n_units=int((of_it := frame.stratum == code).sum()),
            n_messages=int(frame.n_messages[of_it].sum()),
            n_units_expected=float(choice.p[of_it].sum()),
            n_units_drawn=int((of_it & is_chosen).sum()),
            n_messages_drawn=int(frame.n_messages[of_it & is_chosen].sum()),
        )
        for code, name in enumerate(frame.strata)
    )


def units_of(frame: Frame, choice: Choice) -> tuple[Unit, ...]:
    """The units that were drawn, in the order in which they are to be labelled."""
    units = []
    for place in choice.chosen.tolist():
        owner, session, doubt = shown(int(frame.relationship[place])), int(frame.session[place]), frame.doubt[place]
        units.append(
            Unit(
                unit=owner if session < 0 else f"{owner}/{session}",
                relationship_id=owner,
                session=None if session < 0 else session,
                stratum=frame.strata[frame.stratum[place]],
                probability=float(choice.p[place]),
                n_messages=int(frame.n_messages[place]),
                doubt=None if np.isnan(doubt) else float(doubt),
            )
        )
    return tuple(units)


def manifest_text(drawn: Drawn) -> str:
    """The manifest as JSON. Numbers keep all their digits."""
    return json.dumps({"form": FORM, "design": DESIGN} | asdict(drawn), indent=1) + "\n"


def read_manifest(folder: Path) -> Drawn:
    """The manifest of a folder that `attune label draw` wrote.

    Raises:
        SourceError: there is none, or it is not one.
    """
    path = folder / FILE
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        form = kept.pop("form")
        del kept["design"]
        kept["strata"] = tuple(Stratum(**row) for row in kept["strata"])
        kept["units"] = tuple(Unit(**row) for row in kept["units"])
        if form == FORM:
            return Drawn(**kept)
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise SourceError(
            "the folder holds no manifest of a draw",
            got=f"{path}: {type(fault).__name__}",
            have=f"a folder with {FILE} in it",
            do="name the folder that `attune label draw` wrote",
        ) from fault
    raise SourceError(
        "the manifest was written by another version of the program",
        got=f"form {form}",
        have=f"form {FORM}",
        do="use the version that wrote it",
    )
