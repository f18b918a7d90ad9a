"""Every fixture of every form, spoilt in every way we could think of: reading ends in rows or in a SourceError."""

import copy
import importlib.util
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attunement.errors import SourceError
from attunement.sources import kept, mask, read

SPEC = importlib.util.spec_from_file_location("fuzz_sources", Path(__file__).with_name("fuzz_sources.py"))
assert SPEC is not None
assert SPEC.loader is not None
FUZZ = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(FUZZ)

N_EXAMPLES = int(os.environ.get("ATTUNEMENT_FUZZ", "10"))
"""How many mutations of each file are tried; set ATTUNEMENT_FUZZ to try more."""

SECONDS = 20.0
FILES = FUZZ.fixtures_of(None)
SETTINGS = settings(
    max_examples=N_EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


def name_of(path: Path) -> str:
    return path.relative_to(FUZZ.FIXTURES).as_posix()


def held(content: bytes, path: Path) -> None:
    """Whatever it is: told and read, and read as the form that the fixture is of."""
    form = FUZZ.tell(FUZZ.sample(FUZZ.member_of(path.read_bytes(), path.name)))
    began = time.perf_counter()
    FUZZ.attempt(content, name=path.name)
    FUZZ.attempt(content, name=path.name, form=form)
    assert time.perf_counter() - began < SECONDS


# -- bytes ---------------------------------------------------------------------------------------------------------

BYTES: dict[str, Callable[[bytes, int, int, bytes], bytes]] = {
    "flip": lambda text, at, _end, _put: text[:at] + bytes([text[at] ^ 0x20]) + text[at + 1 :],
    "truncate": lambda text, at, _end, _put: text[:at],
    "behead": lambda text, at, _end, _put: text[at:],
    "delete": lambda text, at, end, _put: text[:at] + text[end:],
    "double": lambda text, at, end, _put: text[:end] + text[at:end] + text[end:],
    "insert": lambda text, at, _end, put: text[:at] + put + text[at:],
    "replace": lambda text, at, end, put: text[:at] + put + text[end:],
}
PIECES = st.sampled_from(
    [
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\\ud83d",
        b"\\udc00",
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"9" * 400,
        b'"',
        b"[" * 300,
        b'{"a":' * 300,
        b"\n",
        b"},{",
        b"\r\n\r\n",
        b"<!",
        b"<div><p>",
        b"&#x110000;",
        b"\xef\xbb\xbf",
        b",,,,,,",
    ]
)


@pytest.mark.parametrize("path", FILES, ids=name_of)
@SETTINGS
@given(data=st.data())
def test_spoilt_bytes(path: Path, data: st.DataObject) -> None:
    text = path.read_bytes()
    for _ in range(data.draw(st.integers(1, 3))):
        if not text:
            break
        at = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(at, min(at + 400, len(text))))
        text = BYTES[data.draw(st.sampled_from(sorted(BYTES)))](text, at, end, data.draw(PIECES))
    held(text, path)


# -- structure -----------------------------------------------------------------------------------------------------


def deep(n: int) -> Any:
    value: Any = "x"
    for _ in range(n):
        value = [value]
    return value


WRONG = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            False,
            0,
            -1,
            1,
            2**63,
            10**300,
            -(10**300),
            1.5,
            1e308,
            float("nan"),
            float("inf"),
            "",
            "x",
            "\ud83d",
            "\x00",
            "-",
            "2026-13-45T99:99:99Z",
            "9" * 400,
            "1e400",
            [],
            {},
            [None],
            [[]],
            [{}],
            {"": {}},
            {"type": {"type": []}},
            ["a", 5, None, {}],
            deep(60),
            "user",
            "assistant",
        ]
    ),
    st.text(max_size=12),
    st.integers(),
    st.floats(),
)


def spots(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*place, key)
        yield from spots(inner, (*place, key))


def inside(value: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        value = value[key]
    return value


def spoil(value: Any, data: st.DataObject) -> Any:
    """One change somewhere in the tree."""
    places = list(spots(value))
    if not places:
        return value
    *above, last = data.draw(st.sampled_from(places))
    holder = inside(value, tuple(above))
    how = data.draw(st.sampled_from(["replace", "delete", "move", "double", "rename", "swap"]))
    if how == "replace":
        holder[last] = copy.deepcopy(data.draw(WRONG))
    elif how == "delete":
        del holder[last]
    elif how == "move":
        holder[last] = copy.deepcopy(inside(value, data.draw(st.sampled_from(places))))
    elif how == "double" and isinstance(holder, list):
        holder.insert(last, copy.deepcopy(holder[last]))
    elif how == "rename" and isinstance(holder, dict):
        other = data.draw(st.sampled_from(places))[-1]
        holder[str(other)] = holder.pop(last)
    elif how == "swap" and isinstance(holder, list):
        holder.reverse()
    return value


def trees() -> list[Path]:
    return [path for path in FILES if path.suffix in {".json", ".jsonl", ""}]


@pytest.mark.parametrize("path", trees(), ids=name_of)
@SETTINGS
@given(data=st.data())
def test_spoilt_structure(path: Path, data: st.DataObject) -> None:
    text = path.read_text(encoding="utf-8")
    lines = path.suffix == ".jsonl"
    value = [json.loads(line) for line in text.splitlines() if _is_json(line)] if lines else json.loads(text)
    for _ in range(data.draw(st.integers(1, 4))):
        value = spoil(value, data)
    held(_written(value, lines=lines), path)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _written(value: Any, *, lines: bool) -> bytes:
    if lines and isinstance(value, list):
        return "\n".join(json.dumps(line) for line in value).encode("utf-8", "surrogatepass")
    return json.dumps(value).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("path", trees(), ids=name_of)
@pytest.mark.parametrize("wrong", [None, 5, "x", [], {}, float("nan"), "\ud83d", 10**300, deep(60)], ids=repr)
def test_each_key_at_once_with_a_wrong_value(path: Path, wrong: Any) -> None:
    """Every key of the file in turn, wherever it stands."""
    text = path.read_text(encoding="utf-8")
    lines = path.suffix == ".jsonl"
    value = [json.loads(line) for line in text.splitlines() if _is_json(line)] if lines else json.loads(text)
    keys = {place[-1] for place in spots(value) if isinstance(place[-1], str)}
    for key in sorted(keys)[:120]:
        held(_written(_with(value, key, wrong), lines=lines), path)


def _with(value: Any, key: str, wrong: Any) -> Any:
    if isinstance(value, dict):
        return {name: wrong if name == key else _with(inner, key, wrong) for name, inner in value.items()}
    return [_with(inner, key, wrong) for inner in value] if isinstance(value, list) else value


# -- and masked ----------------------------------------------------------------------------------------------------


def words_of(path: Path) -> set[str]:
    """Words that somebody wrote, of at least six letters, and that are not the name of anything in such files."""
    try:
        texts = [row["text"] or "" for batch in read(path) for row in batch.to_pylist()]
    except SourceError:
        return set()
    found = {word for text in texts for word in re.findall(r"[^\W\d_]{6,}", text)}
    return {word for word in found if not kept.is_token(word) and not kept.is_word(word) and not kept.is_model(word)}


@pytest.mark.parametrize("path", FILES, ids=name_of)
@SETTINGS
@given(data=st.data())
def test_a_spoilt_file_is_masked_or_refused(path: Path, data: st.DataObject) -> None:
    text = path.read_bytes()
    at = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(at, min(at + 400, len(text))))
    text = BYTES[data.draw(st.sampled_from(sorted(BYTES)))](text, at, end, data.draw(PIECES))
    with tempfile.TemporaryDirectory() as place:
        spoilt, copy_of = Path(place) / path.name, Path(place) / f"copy{path.suffix}"
        spoilt.write_bytes(text)
        try:
            mask(spoilt, copy_of)
        except SourceError:
            return
        shown = copy_of.read_bytes().decode("utf-8", "replace")
        assert [word for word in words_of(path) if word in shown] == []
