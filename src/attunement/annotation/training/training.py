"""All the heads of a side, cross-fitted so that every label is compared with a probability made without it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import special

from attunement.annotation.heads import Static
from attunement.annotation.heads.weights import BEFORE, STACK, Weights
from attunement.annotation.training.examples import Examples
from attunement.annotation.training.fitting import Fitted, fit_logistic
from attunement.annotation.training.heads import Raw, Turns, fit_head, fit_stack, raw_scores, stacked
from attunement.annotation.training.matrices import GAIN, Features, count, feature_weights, features
from attunement.annotation.training.weighing import folds_of, weights_of

PENALTY = 0.2
ANSWERED_PENALTY = 1.0
N_FOLDS = 5
N_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The messages that exchange constructs look back at, as features of the other side's heads."""

    whole: Features
    known: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One construct, fitted and calibrated."""

    key: str
    fitted: Fitted
    answered: Fitted | None
    stack: np.ndarray
    p_without: np.ndarray
    """float64, one a text: the calibrated probability from a head that was fitted without its group."""
    p_final: np.ndarray
    """float64, one a text: the probability from the head as it ships, which has seen every text with a label."""


def prepared(
    texts: Sequence[str | None], *, static: Static, weights: np.ndarray | None = None
) -> tuple[Turns, np.ndarray]:
    """The features of texts, and the feature weights, which are worked out where none are given."""
    counts = count(texts, static=static)
    ngrams, dense = counts.of_messages()
    used = feature_weights(ngrams) if weights is None else weights
    whole, sentences = features(ngrams, dense, used), features(counts.ngrams, counts.dense, used)
    return Turns(whole, sentences, counts.parts.sentence_starts), used


def train_head(
    key: str, examples: Examples, turns: Turns, *, answered: Answered | None = None, penalty: float = PENALTY
) -> Head:
    """Fit one head and calibrate it on what it says of groups that were held out.

    Args:
        key: the construct.
        examples: labelled texts.
        turns: their features, in the same order.
        answered: for an exchange construct, the features of the messages that the texts answer.
        penalty: of the n-grams and embeddings.
    """
    column = examples.constructs.index(key)
    weight = weights_of(examples, column)
    label = np.nan_to_num(examples.labels[:, column]).astype(np.float64)
    folds = folds_of(examples.groups, n_folds=N_FOLDS)
    raw = np.zeros((3, len(examples)))
    back = np.zeros(len(examples))
    for fold in range(N_FOLDS):
        inside = np.where(folds == fold, 0.0, weight)
        raw[:, folds == fold] = np.array(raw_scores(fit_head(turns, label, inside, penalty=penalty), turns))[
            :, folds == fold
        ]
        if answered is not None:
            back[folds == fold] = _answered_scores(_fit_answered(answered, label, inside), answered)[folds == fold]
    columns = stacked(Raw(*raw), back)
    used = weight > 0
    stack = fit_stack(columns[used], label[used], weight[used])
    fitted = fit_head(turns, label, weight, penalty=penalty)
    back_fitted = None if answered is None else _fit_answered(answered, label, weight)
    back_final = np.zeros(len(examples))
    if answered is not None and back_fitted is not None:
        back_final = _answered_scores(back_fitted, answered)
    return Head(
        key=key,
        fitted=fitted,
        answered=back_fitted,
        stack=stack,
        p_without=special.expit(columns @ stack),
        p_final=special.expit(stacked(raw_scores(fitted, turns), back_final) @ stack),
    )


def _fit_answered(answered: Answered, label: np.ndarray, weight: np.ndarray) -> Fitted:
    used = np.flatnonzero((weight > 0) & answered.known)
    return fit_logistic(
        answered.whole.ngrams[used], answered.whole.dense[used], label[used], weight[used], penalty=ANSWERED_PENALTY
    )


def _answered_scores(fitted: Fitted, answered: Answered) -> np.ndarray:
    """The scores of the answered messages, 0 where there is none."""
    return np.where(answered.known, fitted.score(*answered.whole), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Every head of a side, trained."""

    heads: tuple[Head, ...]
    feature_weights: np.ndarray


def train_sides(
    examples: dict[str, Examples],
    *,
    exchange: Collection[str],
    static: Static,
    progress: Callable[[str, float], None] = lambda _key, _share: None,
) -> tuple[dict[str, Weights], dict[str, Side]]:
    """Train every head of both sides.

    Args:
        examples: of the sides "user" and "ai".
        exchange: keys whose heads also read the answered message.
        static: the embeddings of pieces.
        progress: called with a key and how much is done.

    Returns:
        The weights of each side, and what was held out while they were made.
    """
    turns, used = {}, {}
    for side in ("user", "ai"):
        turns[side], used[side] = prepared(examples[side].texts, static=static)
    befores = examples["ai"].befores
    looked_back, _ = prepared(befores, static=static, weights=used["user"])
    known = np.diff(looked_back.starts) > 0
    answered = Answered(whole=looked_back.whole, known=known)
    jobs = [(side, key) for side in ("user", "ai") for key in examples[side].constructs]
    sides: dict[str, list[Head]] = {"user": [], "ai": []}
    with ThreadPoolExecutor(N_THREADS) as threads:
        futures = [
            threads.submit(train_head, key, examples[side], turns[side], answered=answered if key in exchange else None)
            for side, key in jobs
        ]
        for number, ((side, key), future) in enumerate(zip(jobs, futures, strict=True)):
            progress(key, number / len(jobs))
            sides[side].append(future.result())
    trained = {side: Side(heads=tuple(heads), feature_weights=used[side]) for side, heads in sides.items()}
    back = [(f"{head.key}{BEFORE}", head.answered) for head in trained["ai"].heads if head.answered is not None]
    return {
        "user": packed(trained["user"], static=static, back=back),
        "ai": packed(trained["ai"], static=static),
    }, trained


def packed(side: Side, *, static: Static, back: Sequence[tuple[str, Fitted]] = ()) -> Weights:
    """The weights of a side as they ship: the embeddings folded into their pieces, all in small steps."""
    fitted = [head.fitted for head in side.heads] + [one for _, one in back]
    ngrams = np.column_stack([one.of_sparse for one in fitted]) * side.feature_weights[:, None]
    embeddings = static.embeddings.astype(np.float32) * static.step
    of_pieces = embeddings @ (GAIN * np.column_stack([one.of_dense for one in fitted]))
    buckets, bucket_step = _in_steps(ngrams)
    pieces, piece_step = _in_steps(of_pieces)
    stack = np.zeros((len(fitted), len(STACK)), dtype=np.float32)
    stack[: len(side.heads)] = [head.stack for head in side.heads]
    return Weights(
        columns=(*(head.key for head in side.heads), *(name for name, _ in back)),
        buckets=buckets,
        bucket_step=bucket_step,
        bucket_weight=side.feature_weights.astype(np.float16),
        pieces=pieces,
        piece_step=piece_step,
        bias=np.array([one.bias for one in fitted], dtype=np.float32),
        stack=stack,
    )


def _in_steps(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers as int8 and the step of each column."""
    step = np.maximum(np.abs(values).max(axis=0), 1e-12) / 127
    return np.round(values / step).astype(np.int8), step.astype(np.float32)
