"""Every word met so far, with what it adds to the scores of a text."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import numpy as np

FULL = 120_000
"""Words after which a lexicon is emptied, so that a large corpus does not fill the memory with its misspellings."""


class Lexicon:
    """A cache from a word to a row of numbers and a hash, shared by threads.

    What a row holds is a pure function of its word, so a word gives the same row whatever was met before it.
    """

    def __init__(self, row_of: Callable[[str], tuple[np.ndarray, int]], *, width: int) -> None:
        """An empty lexicon; `row_of` works out the row of `width` float32 and the 32-bit hash that a word has."""
        self._row_of = row_of
        self._lock = threading.Lock()
        self._places: dict[str, int] = {}
        self._rows = np.empty((1024, width), dtype=np.float32)
        self._hashes = np.empty(1024, dtype=np.uint32)

    def look_up(self, words: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where each word lies, the rows that the places point into, and the hash of each word."""
        with self._lock:
            places = list(map(self._places.get, words))
            if None in places:
                self._learn(words)
                places = list(map(self._places.get, words))
            rows, hashes = self._rows, self._hashes
        at = np.array(places, dtype=np.int64)
        return at, rows, hashes[at]

    def _learn(self, words: Iterable[str]) -> None:
        """Work out the rows of new words. Called under the lock; other threads may hold the arrays as they were."""
        if len(self._places) > FULL:
            self._places, self._rows, self._hashes = {}, np.empty_like(self._rows), np.empty_like(self._hashes)
        new = [word for word in dict.fromkeys(words) if word not in self._places]
        n_known = len(self._places)
        if n_known + len(new) > len(self._rows):
            n_room = 2 * (n_known + len(new))
            self._rows = _grown(self._rows, n_known, n_room)
            self._hashes = _grown(self._hashes, n_known, n_room)
        for place, word in enumerate(new, start=n_known):
            self._rows[place], self._hashes[place] = self._row_of(word)
            self._places[word] = place


def _grown(array: np.ndarray, n_known: int, n_room: int) -> np.ndarray:
    larger = np.empty((n_room, *array.shape[1:]), dtype=array.dtype)
    larger[:n_known] = array[:n_known]
    return larger
