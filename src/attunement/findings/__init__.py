"""Turns estimates into claims in plain words, each with its rung, its null and its caveats, or into a refusal.

Takes: `Estimate`s, RELATIONSHIPS, and what each construct is.
Gives: `Finding`s in the order in which they are to be read.
Never: uses a word of cause, scores a person or a relationship with one number, or fills a gap with a guess.
"""

from attunement.findings.finding import find
from attunement.findings.reading import described

__all__ = ["described", "find"]
