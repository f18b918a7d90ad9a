import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.errors import OptionError, SourceError
from attunement.sources import FORMATS, Reading, kept, mask, read
from attunement.sources.forms import sample
from attunement.sources.masks import Masks, plain_mask
from attunement.sources.opening import members
from attunement.sources.reading import tell

FIXTURES = Path(__file__).parent / "fixtures"
FOLDERS = sorted(path for path in FIXTURES.iterdir() if path.is_dir())
FILES = sorted(path for path in FIXTURES.rglob("*") if path.is_file())
NOW = 1_785_542_400_000_000
IDS = ("relationship_id", "person_id", "ai_id", "conversation_id", "message_id", "parent_id", "source_id", "model")
SAME = ("position", "role", "sent_at", "sent_at_is", "on_path", "source", "rating")
"""Columns that a masked copy gives as the original does; those of IDS are the same but for their names."""

LETTERS = re.compile(r"[^\W\d_xX]*[^\W\d_]{3,}")


def name_of(path: Path) -> str:
    return path.relative_to(FIXTURES).as_posix()


def read_all(path: Path) -> tuple[Reading, list[dict[str, Any]]]:
    reading = read(path, now=NOW)
    rows = [row for batch in reading for row in batch.to_pylist()]
    return reading, rows


def has_messages(path: Path) -> bool:
    try:
        return any(form.part == "messages" for form in (part.form for part in read(path).parts))
    except SourceError:
        return False


def by_conversation(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["relationship_id"], row["conversation_id"]), []).append(row)
    return sorted(found.values(), key=_shape)


def _shape(rows: list[dict[str, Any]]) -> tuple[Any, ...]:
    return tuple(
        (str(row["sent_at"]), row["role"], row["position"], row["on_path"], len(row["text"] or "")) for row in rows
    )


def held(original: list[dict[str, Any]], copy: list[dict[str, Any]]) -> None:
    """The copy is the original but for words and names."""
    assert len(original) == len(copy)
    names: dict[str, dict[Any, Any]] = {column: {} for column in IDS}
    back: dict[str, dict[Any, Any]] = {column: {} for column in IDS}
    for one, other in zip(by_conversation(original), by_conversation(copy), strict=True):
        for row, masked in zip(one, other, strict=True):
            assert {key: row[key] for key in SAME} == {key: masked[key] for key in SAME}
            assert len(row["text"] or "") == len(masked["text"] or ""), (row["source"], row["source_id"])
            assert (row["text"] is None) == (masked["text"] is None)
            for column in IDS:
                assert names[column].setdefault(row[column], masked[column]) == masked[column]
                assert back[column].setdefault(masked[column], row[column]) == row[column]


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_masked_folder_gives_the_same_tables_but_for_words(folder: Path, tmp_path: Path) -> None:
    counts = mask(folder, tmp_path / "copy")
    assert counts["files masked"] >= 1
    original, rows = read_all(folder)
    copy, masked = read_all(tmp_path / "copy")
    assert sorted(part.form.key for part in original.parts) == sorted(part.form.key for part in copy.parts)
    held(rows, masked)
    assert original.events().num_rows == copy.events().num_rows
    assert original.events()["kind"].to_pylist() == copy.events()["kind"].to_pylist()


@pytest.mark.parametrize("path", [path for path in FILES if has_messages(path)], ids=name_of)
def test_a_masked_file_alone_and_in_a_zip(path: Path, tmp_path: Path) -> None:
    mask(path, tmp_path / f"copy{path.suffix}")
    _, rows = read_all(path)
    _, masked = read_all(tmp_path / f"copy{path.suffix}")
    held(rows, masked)
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.write(path, path.name)
    mask(tmp_path / "export.zip", tmp_path / "copy.zip")
    held(rows, read_all(tmp_path / "copy.zip")[1])


# -- nothing of the words is left ----------------------------------------------------------------------------------


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Each text with the name of its field, and each name of a field with "" for its own."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield "", name
            yield from strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, key)
    elif isinstance(value, str):
        yield key, value


def values_of(path: Path) -> list[tuple[str, str]]:
    content = path.read_bytes()
    if content[:4] == b"PAR1":
        return list(strings(pq.read_table(path).to_pylist()))
    text = content.decode()
    if path.suffix == ".csv":
        return list(strings(list(csv.DictReader(io.StringIO(text)))))
    if path.suffix == ".html":
        return [("text", piece) for piece in re.split(r"<[^>]*>", text)]
    try:
        return list(strings(json.loads(text)))
    except ValueError:
        return [pair for line in text.splitlines() for pair in _of_line(line)]


def _of_line(line: str) -> list[tuple[str, str]]:
    try:
        return list(strings(json.loads(line)))
    except ValueError:
        return [("raw", piece) for piece in re.findall(r'"((?:[^"\\]|\\.)*)"', line) if not kept.is_known(piece)]


def is_masked(text: str) -> bool:
    return all(set(run) <= set("xX") for run in re.findall(r"[^\W\d_]{3,}", text))


def is_structure(key: str, text: str, form: str = "") -> bool:
    return (
        kept.is_known(text, form)
        or kept.is_word(text, form)
        or kept.is_time(text)
        or kept.is_model(text)
        or (key in {"", "key"} and is_name(text))
    )


def is_name(text: str) -> bool:
    """Whether a name of a field or of a file is made of ordinary words of such names, and of what is masked."""
    words = re.findall(r"[^\W\d_]+", text)
    tokens = [token for word in words for token in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", word) or [word]]
    return all(kept.is_token(token) or set(token) <= set("xX") for token in tokens)


PRODUCTS = re.compile(
    r"Gemini|Bard|gemini\.google\.com/app|https://|Prompted|Gave feedback|Eingegebener Prompt|Created|Used|Searched"
    r"|Selected preferred draft|Attached|files?|This block is not supported on your current device yet\."
    r"|</?(?:details|summary|div|p|ul|li|pre|code|b|br|span|ol|strong)>|<details type=\"reasoning\"|\\n|</?script>"
)


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_no_word_of_anybody_is_left(folder: Path, tmp_path: Path) -> None:
    mask(folder, tmp_path / "copy")
    for path in sorted((tmp_path / "copy").rglob("*")):
        if not path.is_file() or path.read_bytes()[:2] == b"PK":
            continue
        assert is_structure("", path.stem), path.name
        for key, text in values_of(path):
            if key in {"", "key"}:
                assert is_masked(text) or is_structure(key, text, folder.name), (path.name, text)
                continue
            rest = re.sub(r"&(?:amp|lt|gt|quot);", " ", PRODUCTS.sub(" ", text))
            words = [
                word for word in rest.split(" ") if path.suffix != ".html" or not kept.is_time_word(word.strip(","))
            ]
            nested = text[:1] in {"[", "{"} and path.parent.name == "copy" and folder.name == "otel"
            inside = list(strings(json.loads(text))) if nested else [(key, " ".join(words))]
            for inner_key, piece in inside:
                assert is_masked(piece) or is_structure(inner_key, piece, folder.name), (path.name, inner_key, piece)


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_the_tables_of_a_copy_hold_no_word(folder: Path, tmp_path: Path) -> None:
    mask(folder, tmp_path / "copy")
    reading, rows = read_all(tmp_path / "copy")
    texts = [row["text"] or "" for row in rows] + [event["text"] or "" for event in reading.events().to_pylist()]
    assert [text for text in texts if not is_masked(text)] == []
    original, before = read_all(folder)
    names = {row[column] for row in before for column in ("person_id", "conversation_id", "source_id")}
    letters = {name for name in names if re.search(r"[A-Za-z]{3}", name) and not name.startswith(("from ", "owner"))}
    after = {row[column] for row in rows for column in ("person_id", "conversation_id", "source_id")}
    assert not {
        name
        for name in letters & after
        if re.search(r"[^\Wx\d_-]{4}", name) and not re.fullmatch(r"[0-9a-f.]{18,}", name) and not kept.is_known(name)
    }
    assert original.events().num_rows == reading.events().num_rows


SECRETS = (
    "Anna Lindqvist",
    "anna.lindqvist@example.org",
    "+43 660 1234567",
    "Grüße aus Linz",
    "日本語の手紙",
    "भारत",
    "e\u0301te\u0301",
    "https://example.org/~anna",
)


@pytest.mark.parametrize("secret", SECRETS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_wherever_it_stands_a_secret_is_masked(secret: str, data: st.DataObject) -> None:
    """As a value or a name, in fields that are known and in those that are not."""
    words = st.sampled_from(["role", "text", "content", "id", "create_time", "model", "name", "type", "new_field", "x"])
    record: Any = secret
    for _ in range(data.draw(st.integers(1, 4))):
        key = data.draw(words)
        record = data.draw(st.sampled_from([{key: record}, {key: [record, 5]}, {secret: record, key: 1}]))
    masks = Masks()
    masks.gather(record)
    masks.number()
    shown = json.dumps(masks.of(record), ensure_ascii=False)
    for run in re.findall(r"[^\W\d_]{3,}", secret):
        assert run not in shown
    assert not re.search(r"[1-9]", re.sub(r"10000\d\d|: [15]\b|, 5\b", "", shown))


@given(st.text(max_size=80))
def test_a_mask_keeps_the_length_and_the_shape(text: str) -> None:
    shown = Masks().text(text)
    assert len(shown) == len(text)
    assert [char.isspace() for char in shown] == [char.isspace() for char in text]
    assert is_masked(shown)


@given(st.lists(st.text(alphabet="abcAB \n", max_size=5), max_size=12, unique=True))
def test_texts_that_differ_go_on_to_differ_while_there_are_letters_for_it(texts: list[str]) -> None:
    masks = Masks()
    shown = [masks.text(text) for text in texts if sum(char.isalpha() for char in text) >= 4]
    assert len(set(shown)) == len(shown)
    assert shown == [masks.text(text) for text in texts if sum(char.isalpha() for char in text) >= 4]


# -- what is faulty stays faulty -----------------------------------------------------------------------------------

SECRET = '[{"conversation_id": "c", "mapping": {"a": {"message": {"content": {"parts": ["Dear Anna"]}}}}'


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (SECRET + ", ...", "valid JSON"),
        (SECRET, "ends in the middle"),
        (SECRET.replace('"Dear Anna"', "Dear Anna") + "}]", "JSON"),
        (SECRET.replace('"mapping"', '"conversation_id": "Dear", "mapping"') + "}]", "each key once"),
    ],
)
def test_the_copy_of_a_file_that_is_no_json_has_the_same_fault(content: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(content, encoding="utf-8")
    mask(path, tmp_path / "copy.json")
    shown = (tmp_path / "copy.json").read_text(encoding="utf-8")
    assert "Anna" not in shown
    assert "Dear" not in shown
    assert '"mapping"' in shown
    for one in (path, tmp_path / "copy.json"):
        with pytest.raises(SourceError) as error:
            list(read(one))
        assert fault in str(error.value)


def test_bytes_of_another_encoding_are_masked_and_stay_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_bytes(SECRET.replace("Anna", "J\u00f6rg").encode("latin-1") + b"}]")
    mask(path, tmp_path / "copy.json")
    shown = (tmp_path / "copy.json").read_bytes()
    assert b"\xf6" not in shown
    assert b"\xff" in shown
    with pytest.raises(SourceError, match="cannot be read as JSON"):
        list(read(tmp_path / "copy.json"))


def test_a_broken_line_stays_broken_and_is_masked(tmp_path: Path) -> None:
    good = json.dumps({"messages": [{"role": "user", "content": "Dear Anna"}]})
    path = tmp_path / "log.jsonl"
    path.write_text(good + '\n{"messages": [{"role": "user", "content": "Dear Ben"\n' + good + "\n", encoding="utf-8")
    mask(path, tmp_path / "copy.jsonl")
    shown = (tmp_path / "copy.jsonl").read_text(encoding="utf-8")
    assert "Anna" not in shown
    assert "Ben" not in shown
    reading, rows = read_all(tmp_path / "copy.jsonl")
    assert len(rows) == 2
    assert any("a line that is no JSON" in row["what"] for row in reading.notices().to_pylist())


def test_pages_and_pictures_that_say_it_again_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "conversations.json").write_bytes((FIXTURES / "chatgpt" / "conversations.json").read_bytes())
    (folder / "chat.html").write_text("<html><script>var jsonData = 'Dear Anna'</script></html>", encoding="utf-8")
    (folder / "me.png").write_bytes(b"\x89PNG Dear Anna")
    counts = mask(folder, tmp_path / "copy")
    assert (counts["files masked"], counts["files left out"]) == (1, 2)
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["conversations.json"]


def test_files_of_an_unknown_form_are_masked_too(tmp_path: Path) -> None:
    path = tmp_path / "anna.json"
    path.write_text(json.dumps({"letters": {"Anna": ["Dear Ben", 1987, 3.5, True, None]}}), encoding="utf-8")
    mask(path, tmp_path / "copy.json")
    assert json.loads((tmp_path / "copy.json").read_text()) == {"xxxxxxx": {"Xxxx": ["Xxxx Xxx", 0, 0.0, True, None]}}


def test_names_of_files_are_masked(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    for name in ("Anna - one.jsonl", "Ella - two.jsonl", "conversations.json"):
        (folder / name).write_text('{"mes": "Hi.", "is_user": true}\n', encoding="utf-8")
    mask(folder, tmp_path / "copy")
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [
        "Xxxx - xxx-2.jsonl",
        "Xxxx - xxx.jsonl",
        "conversations.json",
    ]


def test_what_is_at_the_destination_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}")
    with pytest.raises(OptionError, match="already"):
        mask(path, path)


def test_only_pictures_cannot_be_masked(tmp_path: Path) -> None:
    (tmp_path / "me.png").write_bytes(b"\x89PNG")
    with pytest.raises(SourceError, match="nothing in"):
        mask(tmp_path / "me.png", tmp_path / "copy.png")


def test_every_form_that_is_read_record_by_record_is_masked_as_itself() -> None:
    keys = {tell(sample(members(path)[0])).key for path in FILES}  # type: ignore[union-attr]
    wanted = {form.key for form in FORMATS.values() if form.part == "messages"}
    assert wanted <= keys, "a form without a fixture is not held against its masked copy"


def test_a_mask_of_plain_words() -> None:
    assert plain_mask("Dear Ängström, 12:30 — 日本 \U0001f600!") == "Xxxx Xxxxxxxx, 00:00 — xx \U0001f600!"


def test_a_log_of_inspect_in_its_own_archive(tmp_path: Path) -> None:
    inspect_log = pytest.importorskip("inspect_ai.log")
    log = inspect_log.read_eval_log(str(FIXTURES / "inspect" / "bread.json"))
    inspect_log.write_eval_log(log, str(tmp_path / "bread.eval"))
    counts = mask(tmp_path / "bread.eval", tmp_path / "copy.eval")
    assert counts["files masked"] == 1
    held(read_all(tmp_path / "bread.eval")[1], read_all(tmp_path / "copy.eval")[1])
