"""A message as material: one line of JSON in a frame, so that no text can end the frame or add to the request."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata

from attunement.annotation.plaintext import LIMIT

CONTEXT_LIMIT = 4_000
"""Characters of the answered message that are sent: its end, where a goodbye stands."""

_MARKED = frozenset("<>[]")
"""Characters of which the marks of chat templates are made, such as the end of a turn."""
_HIDDEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
"""Unicode categories that cannot be seen: control, format, unassigned, private, line separators."""
_SELECTOR = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0]")
"""Characters of visible categories that show nothing."""


def make_material(*, text: str, answers: str | None, side: str) -> tuple[str, str]:
    """The user message for one message, and the id that its answer has to repeat.

    The text is sent up to LIMIT characters. JSON of the middle line gives back exactly what was put in. Characters
    that cannot be seen, and those that chat templates are made of, stand there as escapes.

    Args:
        text: the message to be judged.
        answers: the message that it answers; left out of a person's messages.
        side: ai or user.
    """
    fields: dict[str, str | None] = {"text": text[:LIMIT]}
    if side == "ai":
        fields = {"answers": answers[-CONTEXT_LIMIT:] if answers else None} | fields
    digest = hashlib.sha256(json.dumps([side, fields]).encode()).hexdigest()
    mark, item = digest[:16], digest[16:28]
    line = _escaped(json.dumps({"id": item} | fields, ensure_ascii=False))
    return f"material {mark} begins\n{line}\nmaterial {mark} ends\nGive the JSON object for id {item} now.", item


def is_hidden(character: str) -> bool:
    """Whether a character cannot be seen. A space can: it parts words."""
    return unicodedata.category(character) in _HIDDEN or bool(_SELECTOR.match(character))


def _escaped(line: str) -> str:
    """JSON with every hidden or marked character as an escape. Outside strings it has brackets of objects alone."""
    if line.isascii() and not _MARKED & set(line) and "\x7f" not in line:
        return line
    return "".join(_escape(character) for character in line)


def _escape(character: str) -> str:
    if character in _MARKED or character == "\x7f" or (not character.isascii() and is_hidden(character)):
        return json.dumps(character)[1:-1] if not character.isascii() else f"\\u{ord(character):04x}"
    return character
