"""Keeps what was read in one file on the person's own machine, and gives it back in order.

Takes: batches of MESSAGES, EVENTS, NOTICES, ANNOTATIONS and FLAGS.
Gives: TURNS sorted by relationship and time; the words, to annotators and to a reader who asks for quotes.
Never: sends anything anywhere, stores half an import, or lets text out with the numbers.
"""

from attunement.store.importing import Import
from attunement.store.store import Imported, Store

__all__ = ["Import", "Imported", "Store"]
