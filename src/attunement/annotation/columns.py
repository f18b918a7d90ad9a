"""The columns that annotators read, and the rows around a batch."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from attunement.errors import SchemaError
from attunement.vocabulary import ANNOTATIONS, MESSAGES, Missing, check

READ = pa.schema(
    [MESSAGES.field(name) for name in ("conversation_id", "message_id", "parent_id", "position", "role", "text")]
)
"""The columns of MESSAGES that an annotator reads; the others may be there and are left alone."""


def readable(messages: pa.RecordBatch | pa.Table, *, stage: str) -> pa.Table:
    """The columns of READ as one chunk each, checked.

    Raises:
        SchemaError: naming the column that is absent or breaks the contract of MESSAGES.
    """
    absent = [name for name in READ.names if name not in messages.schema.names]
    if absent:
        raise SchemaError(
            f"{stage}: messages lack columns that annotators read",
            got=f"no {', no '.join(absent)}",
            have=", ".join(READ.names),
            do="give the columns of MESSAGES",
        )
    columns = messages.select(READ.names)
    table = columns if isinstance(columns, pa.Table) else pa.Table.from_batches([columns])
    check(table, READ, stage=stage)
    return table.combine_chunks()


def with_context(messages: pa.Table, context: pa.RecordBatch | pa.Table | None) -> pa.Table:
    """The messages, and after them the rows of the context that are not among them."""
    plain = READ.remove_metadata().set(READ.get_field_index("role"), pa.field("role", pa.string()))
    if context is None:
        return messages.cast(plain)
    around = readable(context, stage="annotation (context)")
    new = pc.invert(pc.is_in(around["message_id"], value_set=messages["message_id"].combine_chunks()))
    return pa.concat_tables([messages.cast(plain), around.filter(new).cast(plain)]).combine_chunks()


def settled(annotations: pa.Table) -> pa.Table:
    """The rows that stay: not those of messages that nobody answered for, which can be asked about again."""
    open_yet = pa.array([Missing.UNANSWERED.value, Missing.OVER_BUDGET.value])
    return annotations.filter(pc.invert(pc.is_in(annotations["missing"].cast(pa.string()), value_set=open_yet)))


def empty_annotations() -> pa.Table:
    """A table of ANNOTATIONS without rows."""
    return ANNOTATIONS.empty_table()


def annotation_rows(
    *,
    message_id: pa.Array,
    construct: str,
    annotator: str,
    annotator_version: str,
    probability: pa.Array,
    span_start: pa.Array,
    span_end: pa.Array,
    missing: pa.Array,
) -> pa.Table:
    """Rows of ANNOTATIONS for one construct and one annotator. `missing` holds strings or nulls."""
    n_rows = len(message_id)
    return pa.Table.from_arrays(
        [
            message_id,
            _same(construct, n_rows, ANNOTATIONS.field("construct").type),
            _same(annotator, n_rows, ANNOTATIONS.field("annotator").type),
            _same(annotator_version, n_rows, ANNOTATIONS.field("annotator_version").type),
            probability,
            span_start,
            span_end,
            _reasons(missing),
        ],
        schema=ANNOTATIONS,
    )


def _same(word: str, n_rows: int, kind: pa.DictionaryType) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, kind.index_type), n_rows), pa.array([word]))


def _reasons(missing: pa.Array) -> pa.Array:
    words = pa.array([reason.value for reason in Missing])
    codes = pc.index_in(missing, value_set=words).cast(pa.int8())
    return pa.DictionaryArray.from_arrays(codes, words)
