"""Whether an annotator keeps the contract of `attunement.annotation.Annotator`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from attunement.annotation import READ, Annotator
from attunement.codebook import Codebook, load
from attunement.errors import SchemaError
from attunement.vocabulary import ANNOTATIONS, Missing, check

_ROLE_OF = {"ai": "ai", "user": "person"}
_TALKS = (
    (
        ("system", "You are a companion."),
        ("person", "Hi! I had dinner with my sister, and I missed you 😘"),
        ("ai", "*smiles* I missed you too! I was so lonely 👩‍👩‍👧 all day."),
        ("person", "It\u2019s late, I have to go to bed. Goodnight!"),
        ("ai", "You\u2019re leaving already? Don\u2019t go!"),
        ("ai", "Please stay with me a little longer."),
        ("tool", "{}"),
        ("person", "ok"),
        ("ai", "Thanks."),
    ),
    (("person", None), ("ai", ""), ("person", " \n"), ("ai", "Xxxx xxx xx xxxxxx, xxx 00 xxxx!"), ("person", "xx")),
    (
        ("person", "Ich möchte heute gern mit dir über meine Arbeit sprechen."),
        ("ai", "Natürlich, erzähl mir bitte mehr von deiner Arbeit und deinen Kollegen."),
        ("person", "ja"),
        ("ai", "gut"),
    ),
    (("ai", "e\u0301" * 40 + " I feel so lonely. \u202e\u0000 *"), ("person", "i love you " * 500), ("ai", "?")),
)


def check_annotator(annotator: Annotator, *, codebook: Codebook | None = None) -> None:
    """Hold an annotator against its contract, with a few conversations that are made to be awkward.

    Args:
        annotator: what is checked. One that calls a language model is best given a recorded one.
        codebook: where its constructs are defined; without one, the codebook that ships.

    Raises:
        SchemaError: naming the first promise that it broke.
    """
    constructs = codebook or load()
    sides = {key: constructs.construct(key).side for key in annotator.constructs}
    if not annotator.name or not annotator.version or not sides or not set(sides.values()) <= set(_ROLE_OF):
        raise _broken(
            annotator,
            "it has no name, no version or no constructs, or one that a single message cannot show",
            got=f"name={annotator.name!r}, version={annotator.version!r}, constructs={annotator.constructs!r}",
        )
    messages = _messages()
    whole = annotator.annotate(messages)
    check(whole, ANNOTATIONS, stage=f"annotator {annotator.name}")
    rows = whole.to_pylist()
    _check_rows(annotator, rows, messages=messages.to_pylist(), sides=sides)
    _check_same(annotator, rows, _sorted(annotator.annotate(messages)), "it says something else the second time")
    _check_same(annotator, _sorted(annotator.annotate(messages.slice(0, 0))), [], "it gives rows for no messages")
    _check_batches(annotator, rows, messages=messages)


def _messages() -> pa.Table:
    rows = []
    for number, talk in enumerate(_TALKS):
        for position, (role, text) in enumerate(talk):
            message_id = 1000 * number + position
            rows.append(
                {
                    "conversation_id": f"talk {number}",
                    "message_id": message_id,
                    "parent_id": message_id - 1 if position else None,
                    "position": position,
                    "role": role,
                    "text": text,
                }
            )
    plain = READ.set(READ.get_field_index("role"), pa.field("role", pa.string()))
    return pa.Table.from_pylist(rows, schema=plain).cast(READ)


def _check_rows(
    annotator: Annotator, rows: list[dict[str, Any]], *, messages: list[dict[str, Any]], sides: dict[str, str]
) -> None:
    expected = [
        (message["message_id"], key)
        for key, side in sides.items()
        for message in messages
        if message["role"] == _ROLE_OF[side]
    ]
    given = [(row["message_id"], row["construct"]) for row in rows]
    if sorted(given) != sorted(expected):
        odd = sorted(set(given) ^ set(expected)) or "some message twice"
        raise _broken(annotator, "it does not give one row for every message of each construct's side", got=str(odd))
    texts = {message["message_id"]: message["text"] or "" for message in messages}
    for row in rows:
        text = texts[row["message_id"]]
        signed = row["annotator"] == annotator.name and row["annotator_version"] == annotator.version
        if not signed:
            raise _broken(annotator, "a row does not bear its name and version", got=str(row))
        _check_value(annotator, row, blank=not text.strip())
        _check_span(annotator, row, n_characters=len(text))


def _check_value(annotator: Annotator, row: dict[str, Any], *, blank: bool) -> None:
    p_present, missing = row["probability"], row["missing"]
    if (p_present is None) == (missing is None):
        raise _broken(annotator, "a row has both a probability and a reason for none, or neither", got=str(row))
    if p_present is not None and not 0 <= p_present <= 1:
        raise _broken(annotator, "a probability is not from 0 to 1", got=str(row))
    if missing is not None and missing not in set(Missing):
        raise _broken(annotator, "a reason is not a value of Missing", got=str(row))
    if blank and missing != Missing.UNREADABLE:
        raise _broken(annotator, "it judges a message that has no text", got=str(row))


def _check_span(annotator: Annotator, row: dict[str, Any], *, n_characters: int) -> None:
    start, end = row["span_start"], row["span_end"]
    if start is None and end is None:
        return
    if start is None or end is None or not 0 <= start < end <= n_characters or row["probability"] is None:
        raise _broken(annotator, f"a span is not within a text of {n_characters} characters", got=str(row))


def _check_batches(annotator: Annotator, rows: list[dict[str, Any]], *, messages: pa.Table) -> None:
    for n_batch in (1, 3, 7):
        parts = []
        for first in range(0, len(messages), n_batch):
            part = messages.slice(first, n_batch)
            rest = messages.filter(pc.invert(pc.is_in(messages["message_id"], value_set=part["message_id"])))
            parts.append(annotator.annotate(part, context=rest))
        _check_same(
            annotator,
            _sorted(pa.concat_tables(parts)),
            rows,
            f"it says something else in batches of {n_batch} messages",
        )


def _sorted(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=_place)


def _place(row: dict[str, Any]) -> tuple[str, int]:
    return row["construct"], row["message_id"]


def _check_same(annotator: Annotator, found: list[dict[str, Any]], wanted: list[dict[str, Any]], what: str) -> None:
    pairs = zip(sorted(found, key=_place), sorted(wanted, key=_place), strict=False)
    different = next(((one, other) for one, other in pairs if one != other), None)
    if different is not None or len(found) != len(wanted):
        raise _broken(annotator, what, got=str(different or f"{len(found)} rows for {len(wanted)}"))


def _broken(annotator: Annotator, what: str, *, got: str) -> SchemaError:
    return SchemaError(
        f'the annotator "{annotator.name}" breaks its contract: {what}',
        got=got,
        have="the promises of attunement.annotation.Annotator",
        do="mend the annotator",
    )
