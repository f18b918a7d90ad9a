"""What an annotator is."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa


class Annotator(Protocol):
    """Something that reads messages and says how probable each of its constructs is.

    `attunement.testing.check_annotator` holds an annotator against this contract:

    - every message of a construct's side gets exactly one row (AI messages for `ai.*`, the person's for `user.*`),
      so that the rows are also the denominator;
    - a row has a probability from 0 to 1, or null and the reason in `missing`; empty text is `unreadable`;
    - a span counts characters (code points) of the message's own text;
    - a message gets the same row however the messages were divided into batches, if the rest of its conversation is
      given as `context`.
    """

    @property
    def name(self) -> str:
        """Who looks, as in ANNOTATIONS."""
        ...

    @property
    def version(self) -> str:
        """Which version of it: raised whenever a probability can change."""
        ...

    @property
    def constructs(self) -> tuple[str, ...]:
        """The keys of the codebook that it looks for."""
        ...

    def annotate(
        self, messages: pa.RecordBatch | pa.Table, *, context: pa.RecordBatch | pa.Table | None = None
    ) -> pa.Table:
        """Rows of ANNOTATIONS for the messages; `context` holds other messages of their conversations."""
        ...
