"""Construct files, read and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from pathlib import Path

from attunement.codebook.records import Construct
from attunement.errors import CodebookError

_SHIPPED = Path(__file__).parent / "constructs"
_FIELDS = {field.name: field for field in fields(Construct) if field.name != "file"}
_REQUIRED = [name for name, field in _FIELDS.items() if field.default is MISSING]
_KINDS = {"version": int, "reward_signature": bool, "counts": list, "does_not": list}


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook:
    """Every construct, by key."""

    constructs: tuple[Construct, ...]
    """Sorted by key, each key once."""

    def __iter__(self) -> Iterator[Construct]:
        return iter(self.constructs)

    def __len__(self) -> int:
        return len(self.constructs)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its constructs, sorted."""
        return tuple(construct.key for construct in self.constructs)

    def construct(self, key: str) -> Construct:
        """The construct of that key.

        Raises:
            CodebookError: when there is none, with the keys that look like it.
        """
        for construct in self.constructs:
            if construct.key == key:
                return construct
        near = get_close_matches(key, self.keys, n=3, cutoff=0.6) or list(self.keys[:3])
        raise CodebookError(
            f'the construct "{key}" is not in the codebook',
            got=f'"{key}"',
            have=f"{', '.join(near)}{', ...' if len(near) < len(self) else ''} ({len(self)})",
            do=f"use one of these, or add codebook/constructs/{key.replace('.', '/', 1)}.toml",
        )


def load(*, folder: Path | None = None) -> Codebook:
    """Read every construct file below a folder; without one, those that ship with the package.

    Raises:
        CodebookError: naming the file and the field that is wrong.
    """
    root = _SHIPPED if folder is None else folder
    paths = sorted(root.glob("*/*.toml"))
    if not paths:
        raise CodebookError(
            "a folder holds no construct files",
            got=str(root),
            have="<side>/<name>.toml files",
            do="name the folder that holds ai, user and dyad",
        )
    constructs = [_construct(path, root=root) for path in paths]
    return Codebook(constructs=tuple(sorted(constructs, key=lambda construct: construct.key)))


def _construct(path: Path, *, root: Path) -> Construct:
    file = path.relative_to(root).as_posix()
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise CodebookError("a construct file is not TOML", got=f"{fault}  ({file})", do=f"mend {file}") from fault
    _check_fields(stated, file=file)
    named = file.removesuffix(".toml").replace("/", ".")
    if stated["key"] != named:
        raise CodebookError(
            "a construct file does not bear the name of its key",
            got=f"key = {stated['key']!r}  ({file})",
            have=named,
            do="rename the file, or write the key that its folder and name give",
        )
    stated["counts"] = tuple(stated["counts"])
    stated["does_not"] = tuple(stated["does_not"])
    return Construct(**stated, file=file)


def _check_fields(stated: dict[str, object], *, file: str) -> None:
    # Only a dyad construct may leave need and sign out; the record checks that.
    optional = {"need", "sign"} if stated.get("side") == "dyad" else set()
    absent = [name for name in _REQUIRED if name not in stated and name not in optional]
    unknown = sorted(set(stated) - set(_FIELDS))
    if absent or unknown:
        raise CodebookError(
            "a construct file lacks fields, or has some that nobody reads",
            got="; ".join([f"{name} is absent" for name in absent] + [f"{name} is unknown" for name in unknown])
            + f"  ({file})",
            have=", ".join(_FIELDS),
            do=f"complete {file}",
        )
    for name in optional:
        stated.setdefault(name, None)
    for name, value in stated.items():
        if name in optional and value is None:
            continue
        kind = _KINDS.get(name, str)
        if type(value) is not kind or (isinstance(value, list) and not all(isinstance(case, str) for case in value)):
            raise CodebookError(
                f"a construct file has a field of the wrong kind: {name}",
                got=f"{name} = {value!r}  ({file})",
                have="a list of sentences" if kind is list else kind.__name__,
                do=f"mend {name} in {file}",
            )
