"""Files of rows that are nobody's export: annotated, or taken as labels to train on.

Takes: CSV, TSV, JSONL or Parquet with a column of texts, or with texts, constructs and labels.
Gives: the same rows with a probability and evidence for each construct; or weights, and how much better they are.
Never: keeps the texts, or measures what it trained on a group that it has seen.
"""

from attunement.rows.annotating import EVIDENCE, SIDES, UNREAD, Seen, annotate_file, as_messages, messages_of
from attunement.rows.files import FORMS
from attunement.rows.training import Compared, Trained, train_on

__all__ = [
    "EVIDENCE",
    "FORMS",
    "SIDES",
    "UNREAD",
    "Compared",
    "Seen",
    "Trained",
    "annotate_file",
    "as_messages",
    "messages_of",
    "train_on",
]
