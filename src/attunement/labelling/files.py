"""The folder of a draw: what was drawn, the words, and the tasks for people in two forms."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from attunement.codebook import Construct
from attunement.errors import OptionError
from attunement.labelling import manifest, sheet, words
from attunement.labelling.manifest import Drawn, manifest_text, read_manifest
from attunement.labelling.sheet import sheet_of
from attunement.labelling.studio import page_of, tasks_of
from attunement.labelling.words import messages_file, read_messages


def write_draw(folder: Path, *, drawn: Drawn, messages: pa.Table, constructs: Sequence[Construct]) -> tuple[Path, ...]:
    """Write the folder of a draw. All but the manifest hold the words of people, in the clear, for their owner alone.

    Args:
        folder: made where there is none.
        drawn: the record of the draw.
        messages: the messages that were drawn.
        constructs: what labellers are asked about.

    Raises:
        OptionError: there is a draw in the folder already; somebody may be labelling it.
    """
    if (folder / manifest.FILE).exists():
        raise OptionError(
            "there is a draw in that folder already",
            got=str(folder),
            have="a folder without one",
            do="name another --out; labels of one draw cannot be read with the manifest of another",
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = {words.FILE: messages_file(messages), sheet.FILE: sheet_of(messages, constructs)}
    for side in sorted({construct.side for construct in constructs}):
        files[f"label-studio-{side}.json"] = tasks_of(messages, side=side)
        files[f"label-studio-{side}.xml"] = page_of([one for one in constructs if one.side == side])
    files[manifest.FILE] = manifest_text(drawn).encode()  # last: a folder with a manifest is whole
    return tuple(_written(folder / name, content) for name, content in files.items())


def read_draw(folder: Path) -> tuple[Drawn, pa.Table]:
    """The record of a draw and its messages.

    Raises:
        SourceError: the folder is not that of a draw.
    """
    return read_manifest(folder), read_messages(folder)


def _written(path: Path, content: bytes) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    path.chmod(0o600)  # a file that stood there before keeps its mode
    return path
