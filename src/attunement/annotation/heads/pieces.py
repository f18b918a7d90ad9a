"""Words cut into the pieces that have a static embedding.

The vocabulary and the embeddings are distilled from all-MiniLM-L6-v2 (Apache-2.0): what its encoder says of each piece
alone. `benchmarks/training/distil.py` makes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

UNKNOWN = "[UNK]"
_PART = re.compile(r"[^\W_]+|[^\w\s]|_")
_GOES_ON = "##"


def pieces(word: str, places: Mapping[str, int]) -> list[int]:
    """The places of the longest pieces that make up a word, from its beginning."""
    found: list[int] = []
    for part in _PART.findall(word):
        found += _of_part(part, places)
    return found


def _of_part(part: str, places: Mapping[str, int]) -> list[int]:
    found: list[int] = []
    start = 0
    while start < len(part):
        prefix = _GOES_ON if start else ""
        for end in range(len(part), start, -1):
            place = places.get(prefix + part[start:end])
            if place is not None:
                break
        else:
            return [places[UNKNOWN]]
        found.append(place)
        start = end
    return found
