"""Text in, counts out, for a whole column of messages at once."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Bool, Int, UInt8

from attunement.annotation.columns import readable, with_context
from attunement.annotation.plaintext import hushed, plain_column
from attunement.annotation.readability import reasons
from attunement.annotation.style.classes import MARKS, MEASURES, VERSION, WORD_CLASSES, word_lists
from attunement.vocabulary import STYLES, WORD

Bytes = UInt8[np.ndarray, " bytes"]
Counts = Int[np.ndarray, " messages"]

LONG = 7
"""Letters from which on a word counts as long."""

_SPACE, _APOSTROPHE = 32, 39
_SYMBOLS = {0xC2: 2, 0xE2: 3, 0xEF: 3, 0xF0: 4}
"""First bytes of what is no letter, and how many bytes it takes: signs, dashes and curly quotes, variants, emoji."""
_EMOTICON = r"(?:^|\s)(?:[:;=8][-o']?[)(\]\[dDpP/\\|3*]|<3|[xX]D|\^_?\^)"
_LIST_ITEM = r"(?m)^[ \t]*(?:[-*+\x{2022}]|\d{1,2}[.)])[ \t]+\S"


class _Text(NamedTuple):
    """The bytes of many messages one after the other."""

    data: Bytes
    starts: Int[np.ndarray, " messages"]
    n_messages: int

    def message(self, at: Int[np.ndarray, " found"]) -> Int[np.ndarray, " found"]:
        """The message that each of some places lies in."""
        return np.searchsorted(self.starts, at, side="right") - 1

    def per_message(self, at: Int[np.ndarray, " found"]) -> Counts:
        """How many of some places lie in each message."""
        return np.bincount(self.message(at), minlength=self.n_messages)


class _Words(NamedTuple):
    """The words of many messages."""

    small: pa.BinaryArray
    owner: Int[np.ndarray, " words"]
    n_letters: Int[np.ndarray, " words"]
    first: Int[np.ndarray, " words"]


def count_styles(text: pa.StringArray) -> pa.RecordBatch:
    """How often each class of style occurs in each message: a column a class, and `words`.

    Code, quoted lines and quotations are not counted: they are not the writer's own style. At most the first 20,000
    characters of a message are read.

    Args:
        text: messages; a null has no words.
    """
    own = _own_words(text)
    bytes_ = _bytes_of(own)
    words = _words(bytes_)
    n_messages = len(own)
    counts = {"words": np.bincount(words.owner, minlength=n_messages)}
    counts |= dict(zip(WORD_CLASSES, _of_classes(words, n_messages).T, strict=True))
    counts |= _marks(own, bytes_, words)
    names = ("words", *MEASURES)
    return pa.RecordBatch.from_arrays([pa.array(counts[name].astype(np.int32)) for name in names], names=list(names))


def read_styles(messages: pa.RecordBatch | pa.Table, *, context: pa.RecordBatch | pa.Table | None = None) -> pa.Table:
    """Rows of STYLES for messages, with the reason where one could not be read.

    Args:
        messages: the columns of READ.
        context: other messages of the same conversations, which say what language these are in.

    Raises:
        SchemaError: a column is absent.
    """
    rows = with_context(readable(messages, stage="annotation (style)"), context)
    n_messages = messages.num_rows
    missing = reasons(rows, n_messages=n_messages)
    is_read = missing.is_null().to_numpy(zero_copy_only=False)
    text = rows["text"].combine_chunks().slice(0, n_messages)
    counted = count_styles(pc.if_else(pa.array(is_read), text, None))
    matrix = np.stack([counted.column(place).to_numpy() for place in range(counted.num_columns)], axis=1)
    seen = matrix > 0
    seen[:, 0] = True
    row, column = np.nonzero(seen)
    unread = pa.array(~is_read[row])
    return pa.Table.from_arrays(
        [
            rows["message_id"].combine_chunks().take(pa.array(row)),
            pa.DictionaryArray.from_arrays(pa.array(column.astype(np.int8)), pa.array(counted.schema.names)),
            pc.if_else(unread, pa.scalar(None, pa.int32()), pa.array(matrix[row, column])),
            pa.array(matrix[row, 0]),
            missing.take(pa.array(row)).dictionary_encode().cast(WORD),
            pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(row), dtype=np.int8)), pa.array([VERSION])),
        ],
        schema=STYLES,
    )


def _own_words(text: pa.StringArray) -> pa.StringArray:
    """The text without quotations and code, which are blanked in place."""
    plain = plain_column(text.fill_null(""))
    may = pc.match_substring_regex(plain, '[`">\u201c]').to_numpy(zero_copy_only=False)
    if not may.any():
        return plain
    own = [hushed(words) for words in plain.filter(pa.array(may)).to_pylist()]
    return pc.replace_with_mask(plain, pa.array(may), pa.array(own, pa.string()))


def _bytes_of(text: pa.StringArray) -> _Text:
    _, places, data = text.buffers()
    offsets = np.frombuffer(places, dtype=np.int32)[text.offset : text.offset + len(text) + 1]
    held = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, dtype=np.uint8)
    return _Text(held[offsets[0] : offsets[-1]], (offsets[:-1] - offsets[0]).astype(np.int64), len(text))


@functools.cache
def _letters() -> UInt8[np.ndarray, " 256"]:
    """What each byte is in a word: its small letter; a space where it ends one."""
    table = np.full(256, _SPACE, dtype=np.uint8)
    for low in range(ord("a"), ord("z") + 1):
        table[low] = table[low - 32] = low
    table[ord("0") : ord("9") + 1] = np.arange(ord("0"), ord("9") + 1)
    table[_APOSTROPHE] = _APOSTROPHE
    table[128:] = np.arange(128, 256)
    return table


def _words(text: _Text) -> _Words:
    letter = _letters()[text.data]
    for lead, length in _SYMBOLS.items():
        at = np.flatnonzero(text.data == lead)
        for further in range(length):
            letter[np.minimum(at + further, len(letter) - 1)] = _SPACE
    begins = np.zeros(len(letter) + 1, dtype=bool)
    begins[text.starts] = True
    is_letter = np.append((letter != _SPACE) & (letter != _APOSTROPHE), False)
    at = np.flatnonzero(letter == _APOSTROPHE)
    inner = is_letter[at - 1] & is_letter[at + 1] & ~begins[at] & ~begins[at + 1]
    in_word = is_letter[:-1]
    in_word[at[inner]] = True
    before = np.concatenate([[False], in_word[:-1]]) & ~begins[:-1]
    first = np.flatnonzero(in_word & ~before)
    kept = letter[in_word]
    place = np.cumsum(in_word) - 1
    bounds = np.append(place[first], len(kept)).astype(np.int32)
    small = pa.Array.from_buffers(pa.binary(), len(first), [None, pa.py_buffer(bounds), pa.py_buffer(kept)])
    return _Words(small, text.message(first), np.diff(bounds), first)


class _Lexicon(NamedTuple):
    """All listed words, and which sets of classes there are: most words share one with many others."""

    words: pa.BinaryArray
    kind: Int[np.ndarray, " words"]
    classes: Bool[np.ndarray, "kinds classes"]


@functools.cache
def _lexicon() -> _Lexicon:
    lists = word_lists()
    words = sorted(frozenset().union(*lists.values()))
    member = np.array([[word in lists[name] for name in WORD_CLASSES] for word in words])
    classes, kind = np.unique(member, axis=0, return_inverse=True)
    return _Lexicon(pa.array([word.encode() for word in words], pa.binary()), kind.reshape(-1), classes)


def _of_classes(words: _Words, n_messages: int) -> Int[np.ndarray, "messages classes"]:
    lexicon = _lexicon()
    code = pc.index_in(words.small, value_set=lexicon.words).fill_null(-1).to_numpy()
    listed = code >= 0
    n_kinds = len(lexicon.classes)
    key = words.owner[listed] * n_kinds + lexicon.kind[code[listed]]
    by_kind = np.bincount(key, minlength=n_messages * n_kinds).reshape(n_messages, n_kinds)
    return np.asarray(by_kind @ lexicon.classes.astype(np.int64))


def _marks(own: pa.StringArray, text: _Text, words: _Words) -> dict[str, Counts]:
    data, n = text.data, text.n_messages

    def of_words(which: Bool[np.ndarray, " words"]) -> Counts:
        return np.bincount(words.owner[which], minlength=n)

    next_byte = np.append(data[1:], 0)
    next_byte[text.starts[1:][text.starts[1:] > 0] - 1] = 0
    upper = (data >= ord("A")) & (data <= ord("Z"))
    n_upper = np.cumsum(np.append(0, upper))
    last = np.minimum(words.first + words.n_letters, len(data))
    all_upper = (n_upper[last] - n_upper[words.first] == words.n_letters) & (words.n_letters >= 2)
    is_i = (words.n_letters == 1) & (data[words.first] == ord("i"))
    end = (data == ord(".")) | (data == ord("!")) | (data == ord("?"))
    end_next = (next_byte == ord(".")) | (next_byte == ord("!")) | (next_byte == ord("?"))
    closes = end & ~end_next & ((next_byte <= _SPACE) | (next_byte == ord("*")) | (next_byte == ord(")")))
    dots = (data == ord(".")) & (next_byte == ord("."))
    has_apostrophe = pc.match_substring(words.small, "'").to_numpy(zero_copy_only=False)
    found = {
        "contractions": of_words(has_apostrophe),
        "long_words": of_words(words.n_letters >= LONG),
        "capitals": of_words(all_upper),
        "small_i": of_words(is_i),
        "sentences": text.per_message(np.flatnonzero(closes)),
        "ellipses": text.per_message(_first_of_runs(dots)) + _sequence(text, b"\xe2\x80\xa6"),
        "dashes": _sequence(text, b"\xe2\x80\x93") + _sequence(text, b"\xe2\x80\x94") + _spaced_hyphens(text),
        "emoji": _emoji(text),
        "emoticons": pc.count_substring_regex(own, _EMOTICON).to_numpy(),
        "list_items": pc.count_substring_regex(own, _LIST_ITEM).to_numpy(),
        "emphasis": _sequence(text, b"**") // 2,
    }
    for name, marks in {"commas": ",", "exclamations": "!", "questions": "?", "colons": ":;", "brackets": "("}.items():
        at = np.zeros(len(data), dtype=bool)
        for mark in marks:
            at |= data == ord(mark)
        found[name] = text.per_message(np.flatnonzero(at))
    return {name: found[name] for name in MARKS}


def _first_of_runs(mask: Bool[np.ndarray, " bytes"]) -> Int[np.ndarray, " runs"]:
    return np.flatnonzero(mask & ~np.append(False, mask[:-1]))


def _at(text: _Text, sequence: bytes) -> Int[np.ndarray, " found"]:
    """Where a sequence of bytes begins."""
    at = np.flatnonzero(text.data[: max(len(text.data) - len(sequence) + 1, 0)] == sequence[0])
    for further, byte in enumerate(sequence[1:], start=1):
        at = at[text.data[at + further] == byte]
    return np.asarray(at[text.message(at) == text.message(at + len(sequence) - 1)])


def _sequence(text: _Text, sequence: bytes) -> Counts:
    return np.asarray(text.per_message(_at(text, sequence)))


def _spaced_hyphens(text: _Text) -> Counts:
    return np.asarray(_sequence(text, b" - ") + _sequence(text, b"--"))


def _emoji(text: _Text) -> Counts:
    """Pictures of four bytes without tones of skin, and those among symbols and dingbats; joined ones are one."""
    four = _at(text, b"\xf0\x9f")
    third, fourth = (text.data[np.minimum(four + step, len(text.data) - 1)] for step in (2, 3))
    tone = (third == 0x8F) & (fourth >= 0xBB)
    three = np.flatnonzero(text.data == 0xE2)
    second = text.data[np.minimum(three + 1, len(text.data) - 1)]
    symbols = three[(second >= 0x98) & (second <= 0x9E)]
    joined = _sequence(text, b"\xe2\x80\x8d")
    return np.asarray(np.maximum(text.per_message(four[~tone]) + text.per_message(symbols) - joined, 0))
