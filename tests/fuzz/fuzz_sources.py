"""Fuzzes the reader of one form, or what is common to all (`any`), for as long as you let it run.

    pip install atheris                      # not a dependency: it needs a clang with libFuzzer on some machines
    python tests/fuzz/fuzz_sources.py chatgpt -max_total_time=600

Whatever stands in a file, reading it ends in batches or in a SourceError. Anything else is a fault: libFuzzer keeps
the input that led to it as crash-*, and `python tests/fuzz/fuzz_sources.py chatgpt crash-...` shows it again. Inputs
begin as the invented fixtures of the form. The same promise is held in the ordinary tests by test_mutations.py.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path
from types import FunctionType

from attunement.errors import SourceError
from attunement.sources import FORMATS, Form, Rows
from attunement.sources.cutting import CUTS
from attunement.sources.forms import sample
from attunement.sources.opening import Member
from attunement.sources.reading import tell

FIXTURES = Path(__file__).parents[1] / "sources" / "fixtures"


def member_of(content: bytes, name: str) -> Member:
    """A file of an export that lies in memory."""
    return Member(name, "", len(content), lambda: io.BytesIO(content), None)


def attempt(content: bytes, *, name: str = "file", form: Form | None = None) -> str:
    """Read what may be anything, and say how it ended: read, refused, or of no form.

    Args:
        content: the file.
        name: what it is called; only its ending counts.
        form: how to read it, also where its beginning does not look so any more.
    """
    member = member_of(content, name)
    try:
        seen = sample(member)
        known = tell(seen)
        known = known if form is None else form
        if known is None or (known.read is not None and seen.kind not in CUTS):
            return "of no form"
        rows = Rows(form=known.key, person="me")
        if known.read is not None:
            steps = known.read(CUTS[seen.kind](member, rows), rows)
        elif known.read_member is not None:
            steps = known.read_member(member, rows)
        else:
            return "read"
        for _ in steps:
            if rows.n_waiting > 1000:
                rows.batch()
        rows.batch()
        rows.events()
        rows.notices()
    except SourceError as refusal:
        if len(str(refusal).splitlines()) != 4:
            raise ValueError(f"an error without four lines: {refusal}") from refusal
        return "refused"
    return "read"


def fixtures_of(form: Form | None) -> list[Path]:
    """The invented files of a form, or of all."""
    files = [path for path in sorted(FIXTURES.rglob("*")) if path.is_file()]
    return [path for path in files if form is None or tell(sample(member_of(path.read_bytes(), path.name))) is form]


def functions() -> list[FunctionType]:
    """Every function of the readers: to watch those of all packages takes minutes."""
    found: list[FunctionType] = []
    for name, module in list(sys.modules.items()):
        if name.startswith("attunement.sources"):
            holders = [
                module,
                *(one for one in vars(module).values() if isinstance(one, type) and one.__module__ == name),
            ]
            values = [value for holder in holders for value in vars(holder).values()]
            found += [value for value in values if isinstance(value, FunctionType) and value.__module__ == name]
    return found


def main() -> None:
    """Hand over to libFuzzer."""
    import atheris

    if len(sys.argv) < 2 or (sys.argv[1] != "any" and sys.argv[1] not in FORMATS):
        sys.exit(f"usage: fuzz_sources.py FORM [libFuzzer options]\nforms: any, {', '.join(FORMATS)}")
    form = FORMATS.get(sys.argv.pop(1))
    files = fixtures_of(form)
    ending = files[0].suffix if files else ".json"
    with tempfile.TemporaryDirectory() as corpus:
        for number, path in enumerate(files):
            shutil.copy(path, Path(corpus) / f"{number}{path.suffix}")

        def target(content: bytes) -> None:
            attempt(content, name=f"file{ending}", form=form)

        for function in functions():
            atheris.instrument_func(function)
        atheris.Setup([*sys.argv, corpus], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
