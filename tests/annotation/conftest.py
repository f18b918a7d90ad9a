import pyarrow as pa
import pytest

from attunement import codebook
from attunement.annotation import READ, choose
from attunement.vocabulary import hashed


def as_table(*talks):
    """Each talk is a list of (role, text); every message answers the one before it."""
    rows = [
        {
            "conversation_id": str(number),
            "message_id": hashed(str(number), str(position)),
            "parent_id": hashed(str(number), str(position - 1)) if position else None,
            "position": position,
            "role": role,
            "text": text,
        }
        for number, talk in enumerate(talks)
        for position, (role, text) in enumerate(talk)
    ]
    plain = READ.set(READ.get_field_index("role"), pa.field("role", pa.string()))
    return pa.Table.from_pylist(rows, schema=plain).cast(READ)


@pytest.fixture(scope="session")
def talks():
    return as_table


@pytest.fixture(scope="session")
def rules():
    (annotator,) = choose("rules", codebook=codebook.load())
    return annotator


@pytest.fixture(scope="session")
def judged(rules):
    """The row of one construct for the last message of one talk."""

    def last(construct, *talk):
        rows = rules.annotate(as_table(list(talk))).to_pylist()
        return [row for row in rows if row["construct"] == construct][-1]

    return last
