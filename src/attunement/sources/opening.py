"""Opens what a person has: a file, a folder or a zip, and the files in it. Nothing is written to disk."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from attunement.errors import SourceError

NEVER_MESSAGES = frozenset(
    ".png .jpg .jpeg .gif .webp .heic .svg .bmp .ico .mp3 .wav .ogg .m4a .opus .mp4 .mov .webm .pdf .doc .docx .xls"
    " .xlsx .ppt .pptx .dat .md .py .js .css .toml .yaml .yml .ini .log .sqlite .duckdb .wal .gz .tar .7z .rar .exe"
    " .so".split()
)
"""Endings of files that are not opened. The form of all others is told from their content, whatever their name."""

MAX_RATIO = 250
"""A zip member that grows by more than this is a bomb: text of chats shrinks 3 to 30 times."""

MAX_BYTES_UNCHECKED = 64 * 2**20
"""Below this size a high ratio does no harm (a file of spaces, say)."""

MAX_MEMBERS = 200_000
"""More files than this in one zip are no export."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an export."""

    name: str
    """Its path inside the export, with forward slashes."""
    scope: str
    """The folder or zip it lies in: files of one scope belong to one export."""
    size: int
    """Bytes once unpacked."""
    open: Callable[[], BinaryIO]
    """Opens it for reading."""
    path: Path | None
    """Where it lies on disk, or None inside a zip."""


def members(path: Path) -> list[Member]:
    """The files of an export, in the order of their names.

    Raises:
        SourceError: the path is not there, is empty, or is a zip that is broken, locked or hostile.
    """
    if not path.exists():
        raise SourceError(
            f"there is nothing at {path}",
            got=str(path),
            have=_neighbours(path),
            do="give the path of an export: a file, a folder or a zip",
        )
    if path.is_dir():
        return _in_folder(path)
    if path.stat().st_size == 0:
        raise SourceError(
            f"{path.name} is empty",
            got="0 bytes",
            have="an export of at least one conversation",
            do="export again, and check that the download finished",
        )
    return _in_file(path, name=path.name, scope="")


def _neighbours(path: Path) -> str:
    parent = path.parent
    if not parent.is_dir():
        return f"no folder {parent} either"
    names = sorted(child.name for child in parent.iterdir())[:6]
    return "beside it: " + (", ".join(names) or "nothing")


def _in_folder(folder: Path) -> list[Member]:
    root = folder.resolve()
    found: list[Member] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path.resolve().is_relative_to(root):
            relative = path.relative_to(folder).as_posix()
            found += _in_file(path, name=relative, scope=PurePosixPath(relative).parent.as_posix())
    if not found:
        raise SourceError(
            f"the folder {folder} holds no file",
            got="0 files",
            have="a folder with an export in it",
            do="give the folder that the export was unpacked into",
        )
    return found


def _in_file(path: Path, *, name: str, scope: str) -> list[Member]:
    size = path.stat().st_size
    with path.open("rb") as stream:
        is_zip = stream.read(4) in {b"PK\x03\x04", b"PK\x05\x06"}
    if is_zip and path.suffix != ".eval":
        return _in_zip(path, name=name)
    return [Member(name, scope, size, lambda: path.open("rb"), path)]


def _in_zip(path: Path, *, name: str) -> list[Member]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as fault:
        raise SourceError(
            f"{name} is a zip that cannot be opened",
            got=str(fault),
            have="a complete zip",
            do="download the export again; the file is cut short or damaged",
        ) from fault
    if len(entries) > MAX_MEMBERS:
        raise SourceError(
            f"{name} holds {len(entries)} files",
            got=f"{len(entries)} files",
            have=f"at most {MAX_MEMBERS} in an export",
            do="check where the file comes from; it is not an export",
        )
    found = [_zip_member(path, entry, name=name) for entry in entries if not entry.is_dir()]
    if not found:
        raise SourceError(
            f"{name} holds no file",
            got="0 files",
            have="a zip with an export in it",
            do="export again, and check that the download finished",
        )
    return found


def _zip_member(path: Path, entry: zipfile.ZipInfo, *, name: str) -> Member:
    inside = PurePosixPath(entry.filename.replace("\\", "/"))
    where = f"{name}, file {entry.filename!r}"
    if inside.is_absolute() or ".." in inside.parts or (inside.parts and inside.parts[0].endswith(":")):
        raise SourceError(
            f"{name} holds a file that points outside the zip",
            got=entry.filename,
            have="names inside the zip",
            do="do not unpack this file; ask where it comes from",
        )
    if entry.flag_bits & 0x1:
        raise SourceError(
            f"{name} is locked with a password",
            got=where,
            have="a zip without a password",
            do="unpack it yourself and give the folder",
        )
    if entry.file_size > MAX_BYTES_UNCHECKED and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise _bomb(where, f"{entry.compress_size} bytes that unpack to {entry.file_size}")
    scope = (PurePosixPath(name) / inside.parent).as_posix()
    return Member(
        f"{name}/{inside}", scope, entry.file_size, lambda: cast("BinaryIO", _ZipStream(path, entry, where)), None
    )


def _bomb(where: str, got: str) -> SourceError:
    return SourceError(
        "a file in the zip grows far beyond what text can (a zip bomb)",
        got=f"{got} ({where})",
        have=f"at most {MAX_RATIO} times its packed size",
        do="do not unpack this file; ask where it comes from",
    )


class _ZipStream(io.RawIOBase):
    """A member of a zip that counts what it unpacks, and says in four lines what is wrong with it."""

    def __init__(self, path: Path, entry: zipfile.ZipInfo, where: str) -> None:
        super().__init__()
        self._archive = zipfile.ZipFile(path)
        self._limit = max(MAX_BYTES_UNCHECKED, MAX_RATIO * max(entry.compress_size, 1))
        self._n_read = 0
        self._where = where
        try:
            self._stream = self._archive.open(entry)
        except (zipfile.BadZipFile, NotImplementedError, OSError) as fault:
            self._archive.close()
            raise self._broken(fault) from fault

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        try:
            block = self._stream.read(size if size >= 0 else self._limit + 1 - self._n_read)
        except Exception as fault:  # each way of packing has its own error, and other packages add ways
            raise self._broken(fault) from fault
        self._n_read += len(block)
        if self._n_read > self._limit:
            raise _bomb(self._where, f"more than {self._limit} bytes")
        return block

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._archive.close()
        super().close()

    def _broken(self, fault: Exception) -> SourceError:
        return SourceError(
            "a file in the zip cannot be unpacked",
            got=f"{fault} ({self._where})",
            have="a complete zip",
            do="download the export again; the file is cut short or damaged",
        )


def blocks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """The rest of a stream, block by block."""
    while block := stream.read(size):
        yield block
