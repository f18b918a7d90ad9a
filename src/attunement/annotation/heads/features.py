"""Words as numbers: hashed n-grams of words and of characters, weighed so that rare ones count more.

A feature of a text has the value (how often it occurs) x (its weight) / sqrt(sum of the squared weights of every
occurrence). The sums over occurrences are sums over words and over neighbouring pairs of words, which is what makes a
text quick to score: what a word adds is worked out once and remembered.
"""

from __future__ import annotations

import re
import unicodedata
from zlib import crc32

import numpy as np

N_WORD_BUCKETS = 1 << 17
"""Buckets for single words and for the character n-grams within them."""
N_PAIR_BUCKETS = 1 << 17
"""Buckets for pairs of neighbouring words."""
N_BUCKETS = N_WORD_BUCKETS + N_PAIR_BUCKETS

SHORTEST, LONGEST = 3, 5
"""Character n-grams, the edges of the word counted as a character each."""

START = np.uint32(crc32(b"<start>"))
"""Stands before the first word of a sentence."""

_DIGIT = re.compile(r"\d")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_MIX_LEFT, _MIX_RIGHT = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77)
_LONGEST_WORD = 40


def normal(word: str) -> str:
    """A word as its features see it: compatible letters made plain, digits made 0, drawn-out letters cut to two."""
    if not word.isascii():
        word = unicodedata.normalize("NFKC", word).lower()
    return _DRAWN_OUT.sub(r"\1\1", _DIGIT.sub("0", word[:_LONGEST_WORD]))


def word_hash(word: str) -> int:
    """A 32-bit hash of a normal word, the same on every machine."""
    return crc32(word.encode())


def word_buckets(word: str) -> np.ndarray:
    """The buckets of a normal word: its own first, then those of its character n-grams."""
    edged = f"<{word}>".encode()
    grams = [edged[i : i + n] for n in range(SHORTEST, LONGEST + 1) for i in range(len(edged) - n + 1)]
    # The whole word with its edges may be a gram too; a prefix keeps it apart from the word itself.
    hashes = [word_hash(word), *(crc32(gram, 0xC4A5) for gram in grams)]
    return np.array(hashes, dtype=np.uint32) % np.uint32(N_WORD_BUCKETS)


def pair_buckets(hashes: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The bucket of each word with the word before it, the first of a sentence with START.

    Args:
        hashes: uint32, one a word, sentence after sentence.
        starts: where each sentence begins in `hashes`; no sentence is empty.
    """
    before = np.empty_like(hashes)
    before[1:] = hashes[:-1]
    before[starts] = START
    mixed = before * _MIX_LEFT ^ (hashes * _MIX_RIGHT + np.uint32(0x165667B1))
    mixed ^= mixed >> np.uint32(15)
    return N_WORD_BUCKETS + (mixed * _MIX_LEFT >> np.uint32(15)).astype(np.int64) % N_PAIR_BUCKETS
