"""Many messages cut into sentences and words at once, as flat lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attunement.annotation.heads.segments import sentences, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The sentences of many messages, message after message, and their words, sentence after sentence."""

    words: list[str]
    """Every word of every sentence."""
    word_starts: np.ndarray
    """Where each sentence begins in `words`; no sentence is without words."""
    sentence_starts: np.ndarray
    """Where each message begins among the sentences, and after the last the number of sentences."""
    spans: np.ndarray
    """Where each sentence lies in its message: n_sentences x 2, in characters."""

    @property
    def n_messages(self) -> int:
        """How many messages were cut."""
        return len(self.sentence_starts) - 1

    @property
    def n_sentences(self) -> int:
        """How many sentences there are in all."""
        return len(self.word_starts)

    @property
    def message_of(self) -> np.ndarray:
        """The message of each sentence."""
        return np.repeat(np.arange(self.n_messages), np.diff(self.sentence_starts))


def cut(texts: Sequence[str | None]) -> Cut:
    """Cut messages. One without words, or that is None, has no sentences."""
    flat: list[str] = []
    word_starts: list[int] = []
    spans: list[tuple[int, int]] = []
    sentence_starts = [0]
    for text in texts:
        for start, end in sentences(text) if text else ():
            found = words(text[start:end]) if text else []
            if found:
                word_starts.append(len(flat))
                spans.append((start, end))
                flat += found
        sentence_starts.append(len(word_starts))
    return Cut(
        words=flat,
        word_starts=np.array(word_starts, dtype=np.int64),
        sentence_starts=np.array(sentence_starts, dtype=np.int64),
        spans=np.array(spans, dtype=np.int32).reshape(-1, 2),
    )
