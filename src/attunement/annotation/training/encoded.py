"""Heads over embeddings, fitted as the fast heads are: the same examples, weights, folds, calibration and guard."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy import sparse

from attunement.annotation.encoder import Encode, EncodedWeights, embedded, embedded_wholes, fast_logit
from attunement.annotation.training.causes import NEEDS_CAUSE, causes_of, fit_cause
from attunement.annotation.training.examples import Examples
from attunement.annotation.training.heads import Turns
from attunement.annotation.training.matrices import Features
from attunement.annotation.training.training import N_THREADS, Answered, Head, train_head, trainable

PENALTY = 0.3

Held = Mapping[str, np.ndarray]
"""By construct: a probability for each example of its side, from heads that did not see its group; NaN where nothing is
known of the text."""

Sides = dict[str, tuple[Head, ...]]


def train_encoded(
    examples: Mapping[str, Examples],
    fast: Held | None,
    *,
    encode: Encode,
    exchange: Collection[str],
    guarded: Collection[str] = (),
    progress: Callable[[str, float], None] = lambda _key, _share: None,
) -> tuple[EncodedWeights, Sides]:
    """Train heads of both sides over embeddings, beside the fast heads.

    Args:
        examples: of the sides "user" and "ai".
        fast: what the fast heads say of the same examples, held out; None leaves them out.
        encode: the encoder.
        exchange: keys whose heads also read the answered message.
        guarded: keys whose alarms are held down on ordinary texts; see `train_head`.
        progress: called with a key and how much is done.

    Returns:
        The weights of all constructs, and what was held out while they were made.
    """
    turns = {side: turns_of(examples[side].texts, encode=encode) for side in examples}
    points, known = embedded_wholes(examples["ai"].befores, encode=encode)
    sides = fit_sides(
        examples,
        turns,
        answered=Answered(whole=_dense(points), known=known),
        featured=lambda texts: _dense(embedded_wholes(texts, encode=encode)[0]),
        exchange=exchange,
        guarded=guarded,
        fast=fast,
        penalty=PENALTY,
        progress=progress,
    )
    return packed([head for heads in sides.values() for head in heads]), sides


def fit_sides(
    examples: Mapping[str, Examples],
    turns: Mapping[str, Turns],
    *,
    answered: Answered,
    featured: Callable[[Sequence[str]], Features],
    exchange: Collection[str],
    guarded: Collection[str],
    penalty: float,
    fast: Held | None = None,
    progress: Callable[[str, float], None] = lambda _key, _share: None,
) -> Sides:
    """Fit every head that has enough labels, over whatever features the texts were given.

    Args:
        examples, turns: of each side, in the same order.
        answered: the features of the messages that the AI's turns answer.
        featured: gives such features to other messages of a person.
        exchange, guarded: as in `train_encoded`.
        penalty: of the features.
        fast: held-out probabilities that are given to the heads; without them each head stands alone.
        progress: called with a key and how much is done.
    """
    jobs = [(side, key) for side in examples for key in trainable(examples[side]) if fast is None or key in fast]
    causes = {}
    for key in {key for _, key in jobs if key in exchange} & set(NEEDS_CAUSE):
        found = causes_of(key)
        causes[key] = fit_cause(found, featured(found.texts))

    def train(side: str, key: str) -> Head:
        # Where nothing is known of a text it counts nothing, whatever stands there.
        beside = np.zeros(len(examples[side])) if fast is None else fast_logit(np.nan_to_num(fast[key], nan=0.5))
        return train_head(
            key,
            examples[side],
            turns[side],
            answered=answered if key in exchange else None,
            cause=causes.get(key),
            beside=beside,
            guarded=key in guarded,
            penalty=penalty,
        )

    heads: dict[str, list[Head]] = {side: [] for side in examples}
    with ThreadPoolExecutor(N_THREADS) as threads:
        futures = [threads.submit(train, side, key) for side, key in jobs]
        for number, ((side, key), future) in enumerate(zip(jobs, futures, strict=True)):
            progress(key, number / len(jobs))
            heads[side].append(future.result())
    return {side: tuple(of_side) for side, of_side in heads.items()}


def turns_of(texts: Sequence[str | None], *, encode: Encode) -> Turns:
    """Turns as features of `train_head`: the embedding of the whole, and the mean of those of its sentences. A sentence
    is its own mean."""
    found = embedded(texts, encode=encode)
    return Turns(
        _dense(np.concatenate([found.of_turns, found.of_means], axis=1)),
        _dense(np.concatenate([found.of_sentences, found.of_sentences], axis=1)),
        found.parts.sentence_starts,
    )


def _dense(points: np.ndarray) -> Features:
    """Features without n-grams."""
    return Features(sparse.csr_matrix((len(points), 1), dtype=np.float32), points.astype(np.float64))


def packed(heads: Sequence[Head]) -> EncodedWeights:
    """The weights of all heads as they ship."""
    halves = [np.split(head.fitted.of_dense, 2) for head in heads]
    nothing = np.zeros_like(halves[0][0])
    directions = [
        [
            *half,
            nothing if head.answered is None else head.answered.of_dense,
            nothing if head.cause is None else head.cause.fitted.of_dense,
        ]
        for head, half in zip(heads, halves, strict=True)
    ]
    biases = [
        [
            head.fitted.bias,
            0.0,
            0.0 if head.answered is None else head.answered.bias,
            0.0 if head.cause is None else head.cause.fitted.bias,
        ]
        for head in heads
    ]
    cause = [(np.nan, np.nan) if head.cause is None else head.cause.stack[:2] for head in heads]
    return EncodedWeights(
        constructs=tuple(head.key for head in heads),
        directions=np.array(directions, dtype=np.float32),
        biases=np.array(biases, dtype=np.float32),
        stack=np.array([head.stack for head in heads], dtype=np.float32),
        cause=np.array(cause, dtype=np.float32),
    )
