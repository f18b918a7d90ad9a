"""Holds tables against their schemas at the doors of stages."""

from __future__ import annotations

import pyarrow as pa

from attunement.errors import SchemaError


def check(table: pa.Table | pa.RecordBatch, schema: pa.Schema, *, stage: str) -> None:
    """Hold a table against its schema at a stage's door: names, order, types, and nulls where none may be.

    Raises:
        SchemaError: naming the first column that breaks the contract.
    """
    if table.schema.names != schema.names:
        raise SchemaError(
            f"{stage}: a table does not have the columns of its contract",
            got=", ".join(table.schema.names),
            have=", ".join(schema.names),
            do="give the columns in that order",
        )
    for index, field in enumerate(schema):
        column = table.column(index)
        if column.type != field.type:
            raise SchemaError(
                f"{stage}: the column {field.name!r} has the wrong type",
                got=str(column.type),
                have=str(field.type),
                do="cast it before it leaves its stage",
            )
        if not field.nullable and column.null_count:
            raise SchemaError(
                f"{stage}: the column {field.name!r} holds {column.null_count} nulls",
                got="null",
                have=field.metadata[b"meaning"].decode(),
                do="give a value, or leave the row out and count it in NOTICES",
            )
