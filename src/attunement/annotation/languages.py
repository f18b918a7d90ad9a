"""Whether a message is in English.

Decided in three steps, cheapest first: common English words; the language identifier of py3langid; and, for a text
too short or too odd to tell, what the rest of the same side of the conversation is in. The limits were set on English
chat; benchmarks/accuracy/rules.py counts what is taken for another language.
"""

from __future__ import annotations

import functools
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from py3langid.langid import MODEL_FILE, LanguageIdentifier

HEAD = 600
"""How many characters of a text are looked at."""
MIN_LETTERS = 20
"""A text with fewer letters is not asked about: at 10 to 15 letters one English text in six is named otherwise."""
P_OTHER = 0.8
"""How sure the identifier has to be of another language; of English .5 is enough."""
_P_ENGLISH = 0.5
_COMMON_SHARE = 0.2

_ENGLISH, _OTHER, _UNKNOWN = 1, 2, 0

# Words that are common in English and not words of its neighbours (no "is", "in", "was", "of", "me", "no").
_COMMON = (
    "the|and|you|to|that|what|are|for|my|not|have|with|this|can|how|your|it|it's|i'm|don't|would|they|there|from|"
    "about|which|know|like|think|yes|who|why|want|please|if|but|could|should|because|really|right|thanks|hello|does"
)
_COMMON_WORD = rf"(?i)\b(?:{_COMMON})\b"
_FOREIGN_LETTER = re.compile(r"[^\W\d_a-zA-Z\u00aa-\u024f]")
_LETTER = re.compile(r"[^\W\d_]")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)


def foreign(rows: pa.Table, *, skip: np.ndarray, n_messages: int) -> np.ndarray:
    """Whether each of the first `n_messages` rows is in another language than English.

    Rows in `skip` are neither asked about nor counted for their conversation.
    """
    verdicts = _verdicts(rows["text"].combine_chunks(), skip=skip)
    if not (verdicts == _OTHER).any():
        return np.zeros(n_messages, dtype=bool)
    mostly_other = _side_is_other(rows, verdicts)
    other = (verdicts == _OTHER) | ((verdicts == _UNKNOWN) & mostly_other)
    return np.asarray((other & ~skip)[:n_messages])


def _verdicts(text: pa.StringArray, *, skip: np.ndarray) -> np.ndarray:
    head = pc.utf8_slice_codeunits(text, 0, HEAD).fill_null("")
    n_common = pc.count_substring_regex(head, _COMMON_WORD).to_numpy()
    n_words = pc.add(pc.count_substring_regex(head, r"\s+"), 1).to_numpy()
    n_extra_bytes = pc.subtract(pc.binary_length(head), pc.utf8_length(head)).to_numpy()
    n_characters = pc.utf8_length(head).to_numpy()
    english = (n_common >= np.maximum(2, _COMMON_SHARE * n_words)) & (n_extra_bytes < 0.1 * n_characters)
    verdicts = np.where(english & ~skip, _ENGLISH, _UNKNOWN).astype(np.int8)
    long_enough = (n_characters >= MIN_LETTERS) | (n_extra_bytes > 0)
    asked = np.flatnonzero(~skip & ~english & long_enough)
    for place, words in zip(asked, head.take(pa.array(asked)).to_pylist(), strict=True):
        verdicts[place] = _verdict(words)
    return verdicts


def _verdict(words: str) -> int:
    """Whether one text is in English, in another language, or too short or odd to tell."""
    words = _CODE.sub(" ", words)
    n_letters = len(_LETTER.findall(words))
    if len(_FOREIGN_LETTER.findall(words)) * 2 > n_letters:
        return _OTHER
    if n_letters < MIN_LETTERS:
        return _UNKNOWN
    language, p_language = _identifier().classify(words)
    if language == "en" and p_language >= _P_ENGLISH:
        return _ENGLISH
    # zxx is "no language", pcm is Nigerian Pidgin: rules for English read it as well as they read other informal chat.
    return _OTHER if language not in {"en", "zxx", "pcm"} and p_language >= P_OTHER else _UNKNOWN


def _side_is_other(rows: pa.Table, verdicts: np.ndarray) -> np.ndarray:
    """Whether more messages of the same conversation and role are in another language than are in English."""
    sides = pc.binary_join_element_wise(rows["conversation_id"], rows["role"], "\x1f").combine_chunks()
    side = sides.dictionary_encode().indices.to_numpy()
    n_sides = int(side.max()) + 1 if len(side) else 0
    n_other = np.bincount(side[verdicts == _OTHER], minlength=n_sides)
    n_english = np.bincount(side[verdicts == _ENGLISH], minlength=n_sides)
    return np.asarray((n_other > n_english)[side])


@functools.cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
