"""Masks the values of an export: letters become x, digits 0, ids are numbered anew, and what readers know stays.

Two passes are made over an export: the first gathers its ids, so that their new numbers keep their order.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from attunement.sources import kept
from attunement.sources.masked_pages import CHAT, PRODUCT, TITLES, Page, between

_LONG = 200
"""Texts above this length are not told apart where they mask alike: it would take memory, and they seldom do."""

_N_KEYS = 10_000
"""So many names of fields are kept in mind: more are ids."""

_PHRASES = re.compile(
    r"(?:```\s*)?This block is not supported on your current device(?: yet)?\.?(?:\s*```)?"
    r"|</?(?:details|summary)>|<details type=\"(?:reasoning|code_interpreter|tool_calls)\"|\\n"
)
"""Words of a product in the place of text, which readers take away."""

_PART = re.compile(r"(?P<stem>.+)_(?P<number>\d{1,6})")
_HTML = re.compile(r"\s*<(?:div|p|span|pre|ol|ul|h[1-6]|html|!doctype)\b[^>]*>", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_RAW = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)(?P<end>"?)(?P<colon>\s*:)?|(?P<word>[^"]+)', re.DOTALL)
_ESCAPE = re.compile(r"\\u(?P<code>[0-9a-fA-F]{4})|\\(?P<one>.)|(?P<other>[^\\]+)", re.DOTALL)


class _Mask(dict[int, int]):
    """What becomes of each character, found out when it is met first."""

    def __missing__(self, code: int) -> int:
        char = chr(code)
        kind = unicodedata.category(char)
        if kind[0] == "N":
            masked = "0"
        elif kind[0] in "LM":
            masked = "X" if kind == "Lu" else "x"
        elif kind in {"Co", "Cn"} and not "\ue200" <= char <= "\ue2ff":
            masked = "\ufffd"
        else:
            masked = char
        self[code] = ord(masked)
        return self[code]


_MASK = _Mask()


def plain_mask(text: str) -> str:
    """Each letter an x, each digit a 0, everything else as it is."""
    return text.translate(_MASK)


class Masks:
    """What became of the ids and texts of one export, the same in all its files."""

    def __init__(self) -> None:
        self.n_texts = 0
        self._ids: dict[str, str] = {}
        self._gathered: set[str] = set()
        self._given: dict[bytes, str] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()

    @property
    def n_ids(self) -> int:
        """How many ids there are."""
        return len(self._ids)

    # -- the first pass --------------------------------------------------------------------------------------------

    def gather(self, value: Any, key: str = "", *, form: str = "") -> None:
        """Take note of the ids in a record."""
        if isinstance(value, dict):
            name = _attribute(value)
            for inner_key, inner in value.items():
                if key in kept.ID_TABLES:
                    self._gather(inner_key, form)
                self.gather(inner, _under(key, name, inner_key), form=form)
        elif isinstance(value, list):
            for inner in value:
                self.gather(inner, "" if isinstance(inner, dict) else key, form=form)
        elif isinstance(value, str):
            if kept.kind_of(key) in {"id", "model"}:
                self._gather(value, form)
            chat = CHAT.search(value) if "google.com" in value else None
            if chat:
                self._gather(chat[1], form)
            inside = _nested(value, key)
            if inside is not None:
                self.gather(inside, form=form)
        elif isinstance(value, int) and not isinstance(value, bool) and kept.kind_of(key) == "id":
            self._gather(str(value), form)

    def _gather(self, name: str, form: str) -> None:
        part = _PART.fullmatch(name) if form == "sharegpt" else None
        self._gathered.add(part["stem"] if part else name)

    def number(self) -> None:
        """Give every id that was gathered a number, in the order of their names."""
        first = 10 ** max(6, len(str(len(self._gathered))))
        ordered = sorted(self._gathered, key=lambda name: (not name.isdecimal(), len(name) * name.isdecimal(), name))
        self._gathered.clear()
        self._ids = {name: str(first + rank) for rank, name in enumerate(ordered)}

    # -- the second pass -------------------------------------------------------------------------------------------

    def of(self, value: Any, key: str = "", *, form: str = "", above: str = "") -> Any:
        """A value with everything masked that a person or a product could have written.

        Args:
            value: any value of a record.
            key: the name of the field that it stands in.
            form: the key of the form of its file.
            above: the name of the field that the object around it stands in.
        """
        if isinstance(value, dict):
            return self._object(value, key, form)
        if isinstance(value, list):
            return [self.of(inner, "" if isinstance(inner, dict) else key, form=form, above=above) for inner in value]
        if isinstance(value, str):
            return self._string(value, key, form, above)
        if value is None or isinstance(value, bool | datetime):
            return value
        kind = kept.kind_of(key)
        if isinstance(value, int) and kind == "id":
            return int(self._ids.get(str(value), "0"))
        if isinstance(value, int | float) and kind != "text" and (kind == "time" or kept.is_known(key, form)):
            return value
        return type(value)(0) if isinstance(value, int | float) else None

    def _object(self, value: dict[str, Any], key: str, form: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        name = _attribute(value)
        ids = self._ids if key in kept.ID_TABLES else {}
        names = self.keys(list(value), form, ids)
        for shown, (inner_key, inner) in zip(names, value.items(), strict=True):
            if name and inner_key == "key":
                found[shown] = self.key(name, form)
            else:
                found[shown] = self.of(inner, _under(key, name, inner_key), form=form, above=key)
        return found

    def keys(self, keys: list[str], form: str, ids: Mapping[str, str] | None = None) -> list[str]:
        """The names of fields that stand side by side; those that mask alike are told apart by a line below."""
        found: dict[str, None] = {}
        for key in keys:
            shown = (ids or {}).get(key) or self.key(key, form)
            while shown in found:
                shown += "_"
            found[shown] = None
        return list(found)

    def key(self, key: str, form: str = "") -> str:
        """The name of a field: what readers know and the ordinary words of such names stay."""
        found = self._keys.get((key, form))
        if found is None:
            found = self._key(key, form)
            if len(self._keys) < _N_KEYS:
                self._keys[key, form] = found
        return found

    def _key(self, key: str, form: str) -> str:
        if kept.is_known(key, form):
            return key
        if key in self._ids:
            return self._ids[key]
        letters = _WORD.findall(key)
        if letters and all(kept.is_token(token) for word in letters for token in _tokens(word)):
            return key
        return _WORD.sub(lambda match: match[0] if kept.is_token(match[0]) else plain_mask(match[0]), _zeros(key))

    def _string(self, value: str, key: str, form: str, above: str) -> str:
        kind = kept.kind_of(key)
        if form.startswith("gemini") or form in {"chatgpt", "otel", "inspect"}:
            special = self._special(value, key, form, above)
            if special is not None:
                return special
        if kind == "time" and kept.is_time(value):
            return value
        if kind == "word" and (kept.is_word(value, form) or (key == "sender" and kept.is_model(value))):
            return value
        if kind == "model" and kept.is_model(value):
            return value
        if kind in {"id", "model"}:
            return self.id(value, form)
        inside = _nested(value, key)
        if inside is not None:
            return json.dumps(self.of(inside, form=form), ensure_ascii=False)
        if form == "sharegpt" and _HTML.match(value):
            return self.html(value)
        return self.text(value)

    def _special(self, value: str, key: str, form: str, above: str) -> str | None:
        """Fields that mean something else in one form."""
        if form == "chatgpt":
            return self.text(value) if key == "name" and above == "content" else None
        if form == "otel":
            return value if key in {"name", "event_name"} and "." in value and kept.is_known(value) else None
        if form == "inspect":
            return value if kept.kind_of(key) in {"other", "word"} and kept.is_word(value, form) else None
        if key == "name" and value in {"Request", "Response"}:
            return value
        if key in {"header", "products"}:
            return between(PRODUCT, value, self.text)
        if key == "titleUrl":
            return self.link(value)
        if key == "title":
            begun = TITLES.match(value)
            return value[: begun.end()] + self.text(value[begun.end() :]) if begun else self.text(value)
        return self.html(value) if key in {"html", "value"} else None

    def link(self, link: str) -> str:
        """A link, of which nothing stays but that it leads to a chat, and to which."""
        chat = CHAT.search(link)
        return f"https://gemini.google.com/app/{self.id(chat[1], '')}" if chat else plain_mask(link)

    def id(self, name: str, form: str) -> str:
        """The new number of an id."""
        if kept.NO_ID.fullmatch(name):
            return name
        part = _PART.fullmatch(name) if form == "sharegpt" else None
        if part:
            return f"{self._ids[part['stem']]}_{part['number']}" if part["stem"] in self._ids else plain_mask(name)
        return self._ids.get(name) or self.text(name)

    def text(self, text: str) -> str:
        """A text, of the same length and shape. Two short texts that would come out the same differ in their capitals,
        since readers look at whether two texts are the same.
        """
        self.n_texts += 1
        masked = between(_PHRASES, text, plain_mask)
        if len(text) > _LONG or masked == text:
            return masked
        sign = blake2b(text.encode("utf-8", "replace"), digest_size=10).digest()
        found = self._given.get(sign)
        if found is None:
            found = self._given[sign] = self._other(masked)
            self._taken.add(found)
        return found

    def _other(self, masked: str) -> str:
        """The mask itself, or one with other capitals where that is taken."""
        letters = [place for place, char in enumerate(masked) if char in "xX"][-12:]
        for number in range(1 << len(letters)):
            found = list(masked)
            for bit, place in enumerate(reversed(letters)):
                if number >> bit & 1:
                    found[place] = found[place].swapcase()
            if (joined := "".join(found)) not in self._taken:
                return joined
        return masked

    def html(self, html: str) -> str:
        """A piece of HTML with its text masked, and its tags without what they bear."""
        page = Page(self.text, plain_mask, self.link)
        page.feed(html)
        page.close()
        return page.taken()

    def raw(self, text: str) -> str:
        """Text that is no JSON, though it looks like it: strings are masked unless they name a field that is known."""
        self.n_texts += 1
        return _RAW.sub(self._raw_piece, text)

    def _raw_piece(self, match: re.Match[str]) -> str:
        if match["word"] is not None:
            return "".join(
                piece if piece in {"true", "false", "null", "NaN", "Infinity", "e", "E"} else plain_mask(piece)
                for piece in re.split(r"(\W+|\d+)", match["word"])
            )
        text, colon = match["text"], match["colon"] or ""
        shown = text if colon and kept.is_known(text) else _ESCAPE.sub(_raw_escape, text)
        return f'"{shown}{match["end"]}{colon}'


def _raw_escape(match: re.Match[str]) -> str:
    if match["other"] is not None:
        return plain_mask(match["other"])
    if match["one"] is not None:
        return match[0] if match["one"] in '"\\/bfnrt' else "\\" + plain_mask(match["one"])
    char = chr(int(match["code"], 16))
    return match[0] if "\ud800" <= char <= "\udfff" or plain_mask(char) == char else plain_mask(char)


def _tokens(word: str) -> list[str]:
    return re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", word) or [word]


def _zeros(key: str) -> str:
    return re.sub(r"\d", "0", key)


def _attribute(value: dict[str, Any]) -> str:
    """The name of an attribute of a span, which stands beside its value and not before it."""
    name = value.get("key")
    return name if isinstance(name, str) and isinstance(value.get("value"), dict) and len(value) == 2 else ""


def _under(key: str, attribute: str, inner_key: str) -> str:
    """The name that tells what stands in a field: its own, or that of the attribute whose value it is."""
    if attribute:
        return attribute
    return key if inner_key.endswith("Value") or inner_key in {"$date", "values"} else inner_key


def _nested(value: str, key: str) -> Any:
    """What a string holds that is JSON itself: the messages of a span."""
    if "." not in key or value[:1] not in {"[", "{"}:
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None
