"""What people are to label, drawn from a store; what they said, read back; and how far they agree.

Read it from the top: units are drawn with known probabilities and written as tasks, the filled tasks become LABELS, and
labels become rows to train on or a table of agreement.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa

from attunement.codebook import Construct, load
from attunement.errors import OptionError, StoreError
from attunement.labelling import (
    Agreed,
    Drawn,
    Frame,
    Read,
    agreements,
    described,
    draw,
    drawn_messages,
    frame_of,
    labelled_rows,
    read_draw,
    read_labels,
    write_draw,
)
from attunement.panels import find_sessions
from attunement.store import Store
from attunement.vocabulary import SESSIONS, TURNS

PROGRAM = f"attunement {version('attunement')}"

FAVOURED = 2.0
"""How much likelier early and late sessions are drawn than middle ones: drifting errors of annotators show there."""

DOUBTFUL = 0.5
"""The share of the chance that goes by the annotators' doubt, where they have looked."""


def draw_labels(  # noqa: PLR0913 - the options of the command line, each by its keyword
    store: str | Path,
    *,
    out: str | Path,
    constructs: Sequence[str],
    n: int,
    of: str = "units",
    unit: str = "session",
    early: float | None = None,
    late: float | None = None,
    doubtful: float | None = None,
    gap_minutes: float = 30.0,
    seed: int | None = None,
    passphrase: str | None = None,
) -> Drawn:
    """Draw whole sessions or relationships for people to label, and write the tasks. Their words leave the store.

    Args:
        store: a file that `attune read` made.
        out: the folder to write; it must not hold another draw.
        constructs: the keys that people are asked about.
        n: how many units, or how many messages to expect in them.
        of: units or messages: what n counts.
        unit: session or relationship.
        early, late: how much likelier sessions of the first and last third are drawn than those of the middle one.
        doubtful: the share of the chance that goes by the annotators' doubt, from 0 to below 1.
        gap_minutes: a longer silence starts a new session.
        seed: of the draw; one is made up and written down where none is given.
        passphrase: of a sealed store.

    Raises:
        AttunementError: in four lines: what is wrong, what was got, what was to be had, what to do.
    """
    asked = _asked(constructs)
    if unit == "relationship" and (early is not None or late is not None):
        raise OptionError(
            "thirds cannot be favoured where whole relationships are drawn",
            got=f"--early {early or 1:g} --late {late or 1:g}",
            have="each relationship with all of its thirds",
            do="leave them out, or draw sessions",
        )
    seed = secrets.randbits(32) if seed is None else seed
    favour = {"early": early or FAVOURED, "late": late or FAVOURED} if unit == "session" else {}
    with Store(_there(store), passphrase=passphrase) as kept:
        turns = pa.Table.from_batches(kept.turns(), schema=TURNS)
        frame = _framed(kept, turns, unit=unit, constructs=list(asked), gap_minutes=gap_minutes)
        if doubtful is None:
            doubtful = DOUBTFUL if np.any(frame.doubt > 0) else 0.0
        choice = draw(frame, n=n, of=of, favour=favour, doubtful=doubtful, rng=np.random.default_rng(seed))
        messages = drawn_messages(turns, frame, choice, words=kept.quotes)
        counts = kept.annotation_counts().to_pylist()
    drawn = described(
        frame,
        choice,
        program=PROGRAM,
        drawn_at=datetime.now(tz=UTC).isoformat(timespec="seconds"),
        store=Path(store).name,
        n=n,
        of=of,
        seed=seed,
        favour=favour,
        doubtful=doubtful,
        gap_minutes=gap_minutes if unit == "session" else None,
        constructs={key: construct.version for key, construct in asked.items()},
        annotators={row["annotator"]: row["annotator_version"] for row in counts if row["construct"] in asked},
        n_out_of_reach=frame.n_out_of_reach,
    )
    write_draw(Path(out), drawn=drawn, messages=messages, constructs=list(asked.values()))
    return drawn


def read_back(folder: str | Path, *, labels: Sequence[str | Path], out: str | Path | None = None) -> Read:
    """Read what people said, and write it as rows that `attune train --labels` takes: JSONL, with their words in it.

    Args:
        folder: that of the draw.
        labels: filled spreadsheets and exports of Label Studio.
        out: the file to write, for its owner alone; None writes nothing.

    Raises:
        SourceError: naming the first row that is wrong.
    """
    drawn, messages = read_draw(Path(folder))
    found = read_labels([Path(path) for path in labels], messages=messages, constructs=list(drawn.constructs))
    if out is not None:
        rows = labelled_rows(found.labels, messages)
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        Path(out).chmod(0o600)  # a file that stood there before keeps its mode
    return found


def agree(folder: str | Path, *, labels: Sequence[str | Path], seed: int = 0, n_draws: int = 1000) -> list[Agreed]:
    """How far people agree, by construct and third of the relationship.

    Args:
        folder: that of the draw.
        labels: filled spreadsheets and exports of Label Studio.
        seed: of the bootstrap behind the intervals.
        n_draws: of the bootstrap.

    Raises:
        OptionError: fewer than two people labelled anything.
        SourceError: naming the first row that is wrong.
    """
    found = read_back(folder, labels=labels).labels
    people = sorted(set(found["labeller"].to_pylist()))
    if len(people) < 2:
        raise OptionError(
            "agreement takes two people",
            got=f"labels by {', '.join(people) or 'nobody'}",
            have="labels of the same messages by at least two",
            do="let a second person fill in the same tasks, without seeing the first one's labels",
        )
    messages = read_draw(Path(folder))[1]
    return agreements(found, messages, rng=np.random.default_rng(seed), n_draws=n_draws)


def _framed(store: Store, turns: pa.Table, *, unit: str, constructs: list[str], gap_minutes: float) -> Frame:
    """What can be drawn from a store."""
    in_sessions = find_sessions(turns.to_batches(), gap_minutes=gap_minutes)
    return frame_of(
        turns,
        kind=unit,
        constructs=constructs,
        sessions=pa.Table.from_batches(in_sessions, schema=SESSIONS) if unit == "session" else None,
        annotated=store.annotated(),
    )


def _asked(constructs: Sequence[str]) -> dict[str, Construct]:
    """The constructs by key, each of them read from single messages."""
    codebook = load()
    found = {key: codebook.construct(key) for key in constructs}
    wrong = [key for key, one in found.items() if one.unit not in {"turn", "exchange"} or one.side == "dyad"]
    if wrong or not found:
        raise OptionError(
            "people label single messages, and cannot be asked about this",
            got=", ".join(wrong) or "no construct at all",
            have="constructs that are read from a turn or an exchange",
            do="see `attune codebook list`",
        )
    return found


def _there(store: str | Path) -> Path:
    path = Path(store)
    if not path.is_file():
        raise StoreError(
            "there is no store at that path",
            got=str(path),
            have="a file that `attune read` made",
            do="make one with `attune read EXPORT --store FILE`",
        )
    return path
