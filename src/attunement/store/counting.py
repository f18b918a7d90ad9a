"""Counts words where the text comes in, so that no later step has to touch it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_IS_SPACE = np.zeros(256, dtype=bool)
_IS_SPACE[list(b" \t\n\r\v\f")] = True


def n_words(texts: pa.Array) -> np.ndarray:
    """Words in each text of a string array: runs of anything but white space; 0 where there is no text.

    Texts in scripts without spaces count as few words; compare such people with themselves only.
    """
    if len(texts) == 0:
        return np.zeros(0, dtype=np.int32)
    plain = pa.array(texts.to_pylist(), pa.string()) if texts.offset else texts
    _, offset_buffer, data = plain.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int32, count=len(plain) + 1)
    if data is None or offsets[-1] == 0:
        return np.zeros(len(plain), dtype=np.int32)
    is_word = ~_IS_SPACE[np.frombuffer(data, dtype=np.uint8, count=offsets[-1])]
    starts = is_word.copy()
    starts[1:] &= ~is_word[:-1]
    first = offsets[:-1][offsets[:-1] < offsets[1:]]
    starts[first] = is_word[first]
    before = np.concatenate([[0], np.cumsum(starts, dtype=np.int32)])
    n = (before[offsets[1:]] - before[offsets[:-1]]).astype(np.int32)
    return np.where(plain.is_valid().to_numpy(zero_copy_only=False), n, 0).astype(np.int32)
