"""Labels as the rows that `attune train --labels` takes."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa

from attunement.labelling.said import message_name

OWN = "own"
"""The population of somebody's own labels."""


def labelled_rows(labels: pa.Table, messages: pa.Table) -> list[dict[str, object]]:
    """One row a message and construct: the mean of what its labellers said, where any of them said yes or no.

    The group is the relationship, so that training never divides one; the register is the third of the relationship,
    so that accuracy is told early, middle and late.

    Args:
        labels: LABELS.
        messages: the messages that were drawn.
    """
    said = defaultdict[tuple[int, str], list[float]](list)
    columns = [labels[name].to_pylist() for name in ("message_id", "construct", "label")]
    for message, construct, label in zip(*columns, strict=True):
        if label is not None:
            said[message, construct].append(label)
    of_message = defaultdict[int, list[tuple[str, list[float]]]](list)
    for (message, construct), values in said.items():
        of_message[message].append((construct, values))
    return [
        {
            "text": row["text"],
            "before": row["before"],
            "side": row["side"],
            "construct": construct,
            "label": sum(values) / len(values),
            "n_labellers": len(values),
            "group": row["relationship_id"],
            "population": OWN,
            "register": row["third"],
            "message_id": message_name(row["message_id"]),
            "drawn_unit": row["drawn_unit"],
            "drawn_probability": row["drawn_probability"],
        }
        for row in messages.drop_columns(["earlier"]).to_pylist()
        for construct, values in sorted(of_message[row["message_id"]])
    ]
