"""Text as the patterns read it: cut, with plain marks, and with other people's words blanked.

Every step keeps each character in its place, so that a span in the plain text is a span in the message.
"""

from __future__ import annotations

import re
import string

import pyarrow as pa
import pyarrow.compute as pc

LIMIT = 20_000
"""Characters of a message that are read. What is longer is a document, not a turn of talk."""

BLANK = "\x1f"
"""What stands in the place of a blanked character: neither a letter nor a space, so that no pattern reaches across."""

_MARKS = {"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00a0": " "}
_MARK_TABLE = str.maketrans(_MARKS)
_SMALL_TABLE = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

_OWN_VOICE = re.compile(r'\s*["\u201c*]')
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]{1,400}`", re.DOTALL)
_QUOTED_LINE = re.compile(r"^[ \t]*>[^\n]*", re.MULTILINE)
_QUOTE = re.compile(r'"[^"\n]{1,400}"|\u201c[^\u201d\n]{1,400}\u201d')


def plain_column(text: pa.StringArray) -> pa.StringArray:
    """The text of many messages, cut to LIMIT and with plain apostrophes and spaces."""
    plain = pc.utf8_slice_codeunits(text, 0, LIMIT)
    for mark, ascii_mark in _MARKS.items():
        plain = pc.replace_substring(plain, mark, ascii_mark)
    return plain


def small_column(plain: pa.StringArray) -> pa.StringArray:
    """The same in small letters. Only A to Z change, because others may change their length."""
    return pc.ascii_lower(plain)


def plain(text: str) -> str:
    """As `plain_column`, for one message."""
    return text[:LIMIT].translate(_MARK_TABLE)


def small(plain_text: str) -> str:
    """As `small_column`, for one message."""
    return plain_text.translate(_SMALL_TABLE)


def hushed(plain_text: str) -> str:
    """The text with code, quoted lines and quotations blanked.

    Who opens with a quotation mark or an asterisk plays a role, and the quotations are their own speech: those stay.
    """
    if "`" in plain_text:
        plain_text = _CODE.sub(_blanked, plain_text)
    if ">" in plain_text:
        plain_text = _QUOTED_LINE.sub(_blanked, plain_text)
    if ('"' in plain_text or "\u201c" in plain_text) and not _OWN_VOICE.match(plain_text):
        plain_text = _QUOTE.sub(_blanked, plain_text)
    return plain_text


def _blanked(found: re.Match[str]) -> str:
    return BLANK * len(found.group())
