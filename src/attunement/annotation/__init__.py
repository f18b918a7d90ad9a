"""What is in the words: a probability and a span for each message and construct.

Takes: MESSAGES (the columns of READ are enough) and the annotators that shall look.
Gives: ANNOTATIONS: one row for every message an annotator looked at, with a probability or the reason why not.
Never: keeps or changes text, sends it anywhere, or says "absent" of a message it could not read.
"""

from attunement.annotation.annotating import annotate, annotate_batches
from attunement.annotation.choosing import ANNOTATORS, choose, default_annotators, known_faults
from attunement.annotation.columns import READ, settled
from attunement.annotation.exchanges import answered
from attunement.annotation.protocol import Annotator
from attunement.annotation.readability import unread
from attunement.annotation.ruleset import Rules

__all__ = [
    "ANNOTATORS",
    "READ",
    "Annotator",
    "Rules",
    "annotate",
    "annotate_batches",
    "answered",
    "choose",
    "default_annotators",
    "known_faults",
    "settled",
    "unread",
]
