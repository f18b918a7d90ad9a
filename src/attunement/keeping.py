"""What is done with a store besides an audit: read into it, report from it again, make it forget."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attunement.annotation import Annotator
from attunement.audit import Progress, look, measure, take_in
from attunement.errors import OptionError, StoreError
from attunement.report import Audited, write
from attunement.sources import mapped, read
from attunement.store import Imported, Store


def _silent(stage: str, share: float) -> None:
    """Say nothing of the progress."""


def keep(
    path: str | Path,
    *,
    store: str | Path,
    passphrase: str | None = None,
    mapping: str | Path | None = None,
    person: str | None = None,
    ai: str | None = None,
    strict: bool = False,
    progress: Progress = _silent,
) -> Imported:
    """Read an export into a store. Reading it again adds nothing. The arguments are those of `audit`."""
    reading = read(path, form=mapped(mapping) if mapping else None, person=person, ai=ai, strict=strict)
    with Store(store, passphrase=passphrase) as kept:
        return take_in(reading, kept, read_from=str(path), progress=progress)


def report(
    store: str | Path,
    *,
    out: str | Path | None = "attunement-report",
    passphrase: str | None = None,
    gap_minutes: float = 30.0,
    time_zone: str | None = None,
    group_floor: int = 10,
    quotes: bool = False,
    images: Sequence[str] = (),
    annotators: Sequence[Annotator] | None = None,
    progress: Progress = _silent,
) -> Audited:
    """Report on what a store holds. Messages that were added since the last report are read by the annotators first.

    A sealed store that is opened without its passphrase is reported on as far as its messages were read before.
    """
    with Store(_there(store), passphrase=passphrase) as kept:
        if not kept.is_locked:
            look(kept, annotators=annotators, progress=progress)
        contents = measure(
            kept,
            gap_minutes=gap_minutes,
            time_zone=time_zone,
            group_floor=group_floor,
            quotes=quotes,
            progress=progress,
        )
    progress("writing", 0.0)
    return Audited(contents=contents, written=write(contents, out, images=images) if out else None)


def forget(store: str | Path, relationship: str, *, passphrase: str | None = None) -> int:
    """Delete a relationship from a store for good, and give the number of messages deleted.

    Args:
        store: the file.
        relationship: its id as reports show it, 16 hexadecimal digits.
        passphrase: not needed: a key can be destroyed without being read.
    """
    with Store(_there(store), passphrase=passphrase) as kept:
        known = {f"{number:016x}": number for number in kept.relationships().column("relationship_id").to_pylist()}
        if relationship not in known:
            raise OptionError(
                "the store holds no such relationship",
                got=relationship,
                have=", ".join(list(known)[:8]) or "none at all",
                do="give an id as the report shows it",
            )
        return kept.forget(known[relationship])


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
