import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attunement.errors import SchemaError, SourceError
from attunement.sources import FORMATS, Form, Rows, read
from attunement.sources.forms import Sample, sample
from attunement.sources.opening import members
from attunement.testing import check_source

FIXTURES = Path(__file__).parents[1] / "sources" / "fixtures"
FILES = sorted(path for path in FIXTURES.rglob("*") if path.is_file())
FOLDERS = sorted(path for path in FIXTURES.iterdir() if path.is_dir())


def told(path: Path) -> list[Form]:
    seen = sample(members(path)[0])
    return [form for form in FORMATS.values() if form.recognise(seen)]


def name_of(path: Path) -> str:
    return path.relative_to(FIXTURES).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_told_to_be_of_exactly_one_form(path: Path) -> None:
    assert len(told(path)) == 1


@pytest.mark.parametrize("path", [path for path in FILES if told(path)[0].part == "messages"], ids=name_of)
def test_a_file_keeps_the_contract(path: Path) -> None:
    check_source(told(path)[0], path)


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_folder_keeps_the_contract(folder: Path) -> None:
    forms = {form.key: form for path in FILES if path.is_relative_to(folder) for form in told(path)}
    for form in forms.values():
        if form.part == "messages":
            check_source(form, folder)


def test_every_form_with_messages_says_how_to_get_its_file() -> None:
    assert [form.key for form in FORMATS.values() if form.part == "messages" and not form.notes] == []


# -- whatever stands in the fields ---------------------------------------------------------------------------------

WRONG = (None, 0, -1, 10**300, 1e300, True, "", "x", [], {}, [None], [[]], {"a": None}, ["a"], [5], {"type": [1]})
MUTABLE = [path for path in FILES if path.suffix in {".json", ".jsonl", ""}]


def spots(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*place, key)
        yield from spots(inner, (*place, key))


def spoilt(value: Any, rng: random.Random) -> Any:
    value = copy.deepcopy(value)
    *above, last = rng.choice(list(spots(value)))
    inner = value
    for key in above:
        inner = inner[key]
    inner[last] = copy.deepcopy(rng.choice(WRONG))
    return value


@pytest.mark.parametrize("path", MUTABLE, ids=name_of)
def test_a_wrong_type_raises_nothing_but_a_source_error(path: Path, tmp_path: Path) -> None:
    rng = random.Random(path.name)
    lines = path.suffix == ".jsonl"
    text = path.read_text(encoding="utf-8")
    value = [json.loads(line) for line in text.splitlines()] if lines else json.loads(text)
    beside = path.parent / "conversations.json"
    if told(path)[0].part != "messages" and beside.exists():
        (tmp_path / "conversations.json").write_bytes(beside.read_bytes())
    for _ in range(40):
        wrong = spoilt(value, rng)
        written = "\n".join(json.dumps(line) for line in wrong) if lines else json.dumps(wrong)
        (tmp_path / path.name).write_text(written, encoding="utf-8")
        try:
            reading = read(tmp_path)
            for _ in reading:
                pass
            reading.notices()
        except SourceError:
            pass


# -- the check itself ----------------------------------------------------------------------------------------------


def form_that_adds(*calls: tuple[str, dict[str, Any]]) -> Form:
    def add(records: Iterator[Any], rows: Rows) -> Iterator[None]:
        for _ in records:
            for name, arguments in calls:
                getattr(rows, name)(**arguments)
            yield

    def recognise(seen: Sample) -> bool:
        return True

    return Form(key="faulty", title="a faulty form", recognise=recognise, read=add)


BEGIN = ("conversation", {"conversation_id": "c", "ai_id": "a"})
HELLO = ("add", {"role": "person", "text": "I walked along the river all morning", "source_id": "1"})


@pytest.mark.parametrize(
    ("calls", "what"),
    [
        ((BEGIN, HELLO, HELLO), "the same id"),
        ((BEGIN, HELLO, BEGIN, ("add", {"role": "ai", "text": "b", "source_id": "2"})), "positions"),
        ((BEGIN, ("add", {"role": "ai", "text": "b", "parent": "gone"})), "does not stand before it"),
        ((BEGIN, ("add", {"role": "ai", "text": "b", "on_path": False})), "is on the path"),
        (
            (BEGIN, HELLO, ("notice", {"kind": "skipped", "what": "I walked along the river all morning"})),
            "holds words of a message",
        ),
        (
            (BEGIN, ("add", {"role": "ai", "text": "b", "sent_at": 1_700_000_000_000_000})),
            "after the moment of reading",
        ),
    ],
)
def test_the_check_finds_each_fault(calls: tuple[tuple[str, dict[str, Any]], ...], what: str, tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text("{}")
    with pytest.raises(SchemaError, match=what) as error:
        check_source(form_that_adds(*calls), path)
    assert [line.split()[0] for line in str(error.value).splitlines()[1:]] == ["got", "have", "do"]


def test_the_check_passes_a_form_without_faults(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text("{}")
    check_source(form_that_adds(BEGIN, HELLO), path)
