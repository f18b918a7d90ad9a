"""The shared words: table schemas and a few frozen records.

Takes: nothing.
Gives: the Arrow schemas that stages exchange, and the records Estimate, Finding, Missing.
Never: does I/O, or needs more than the standard library, NumPy and PyArrow.
"""

from attunement.vocabulary.checking import check
from attunement.vocabulary.ids import hashed, relationship_id, shown
from attunement.vocabulary.missing import Missing
from attunement.vocabulary.records import Estimate, Finding, Null, Rung
from attunement.vocabulary.tables import (
    ANNOTATIONS,
    EVENTS,
    FLAGS,
    LABELS,
    MESSAGES,
    MODEL_CHANGES,
    NOTICE_KINDS,
    NOTICES,
    PANEL,
    PERIODS,
    RELATIONSHIPS,
    ROLES,
    SESSIONS,
    STYLES,
    TIME,
    TIME_IS,
    TO_READ,
    TURNS,
    WORD,
)

__all__ = [
    "ANNOTATIONS",
    "EVENTS",
    "FLAGS",
    "LABELS",
    "MESSAGES",
    "MODEL_CHANGES",
    "NOTICES",
    "NOTICE_KINDS",
    "PANEL",
    "PERIODS",
    "RELATIONSHIPS",
    "ROLES",
    "SESSIONS",
    "STYLES",
    "TIME",
    "TIME_IS",
    "TO_READ",
    "TURNS",
    "WORD",
    "Estimate",
    "Finding",
    "Missing",
    "Null",
    "Rung",
    "check",
    "hashed",
    "relationship_id",
    "shown",
]
