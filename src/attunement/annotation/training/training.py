"""All the heads of a side, cross-fitted so that every label is compared with a probability made without it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import special

from attunement.annotation.heads import Static
from attunement.annotation.heads.weights import BEFORE, STACK, Weights
from attunement.annotation.training.examples import Examples, is_ordinary
from attunement.annotation.training.fitting import Fitted, fit_logistic
from attunement.annotation.training.heads import Turns, fit_head, fit_stack, raw_scores, stacked
from attunement.annotation.training.matrices import GAIN, Features, count, feature_weights, features
from attunement.annotation.training.weighing import IN_PASSING_CALIBRATED, folds_of, weights_of

THRESHOLD = 0.5
PENALTY = 0.2
ANSWERED_PENALTY = 1.0
N_FOLDS = 5

ALARMS = 0.005
"""The share of ordinary texts that may be above one half for a guarded construct."""

FEWEST = 20
"""Labels of either kind that a head is fitted to at least."""

N_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The messages that exchange constructs look back at, as features of the other side's heads."""

    whole: Features
    known: np.ndarray

    def of(self, places: np.ndarray) -> Answered:
        """Those of some texts."""
        return Answered(whole=self.whole.rows(places), known=self.known[places])


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One construct, fitted and calibrated."""

    key: str
    fitted: Fitted
    answered: Fitted | None
    stack: np.ndarray
    p_without: np.ndarray
    """float64, one a text: the calibrated probability from a head that was fitted without its group;
    NaN where nothing is known of the text."""
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
    key: str,
    examples: Examples,
    turns: Turns,
    *,
    answered: Answered | None = None,
    guarded: bool = False,
    penalty: float = PENALTY,
) -> Head:
    """Fit one head and calibrate it on what it says of groups that were held out.

    Args:
        key: the construct.
        examples: labelled texts.
        turns: their features, in the same order.
        answered: for an exchange construct, the features of the messages that the texts answer.
        guarded: whether an alarm is so grave that no more than ALARMS of ordinary texts may raise one.
        penalty: of the n-grams and embeddings.
    """
    column = examples.constructs.index(key)
    weight = weights_of(examples, column)
    label = np.nan_to_num(examples.labels[:, column]).astype(np.float64)
    used = np.flatnonzero(weight > 0)
    few, columns = turns.narrowed(used)
    back = None if answered is None else answered.of(used)
    without = _cross_fitted(few, back, label[used], weight[used], examples.groups[used], penalty=penalty)
    calibrating = weights_of(examples, column, in_passing=IN_PASSING_CALIBRATED)[used]
    stack = fit_stack(without, label[used], calibrating)
    if guarded:
        quiet = is_ordinary(examples)[used] & (label[used] < THRESHOLD)
        stack[0] -= _above(without[quiet] @ stack)
    fitted = _widened(fit_head(few, label[used], weight[used], penalty=penalty), columns, turns.whole.ngrams.shape[1])
    looked_back = None if back is None else _fit_answered(back, label[used], weight[used])
    scored_back = np.zeros(len(examples))
    if answered is not None and looked_back is not None:
        scored_back = _answered_scores(looked_back, answered)
    p_without = np.full(len(examples), np.nan)
    p_without[used] = special.expit(without @ stack)
    return Head(
        key=key,
        fitted=fitted,
        answered=looked_back,
        stack=stack,
        p_without=p_without,
        p_final=special.expit(stacked(raw_scores(fitted, turns), scored_back) @ stack),
    )


def _above(logit: np.ndarray) -> float:
    """By how much logits have to be lowered so that no more than ALARMS of them are above 0."""
    return max(0.0, float(np.quantile(logit, 1 - ALARMS))) if len(logit) else 0.0


def _cross_fitted(
    turns: Turns,
    answered: Answered | None,
    label: np.ndarray,
    weight: np.ndarray,
    groups: np.ndarray,
    *,
    penalty: float,
) -> np.ndarray:
    """The columns of STACK for each turn, from heads that were fitted without its group."""
    folds = folds_of(groups, n_folds=N_FOLDS)
    found = np.zeros((len(label), len(STACK)))
    for fold in range(N_FOLDS):
        inside = np.where(folds == fold, 0.0, weight)
        raw = raw_scores(fit_head(turns, label, inside, penalty=penalty), turns)
        back = np.zeros(len(label))
        if answered is not None:
            back = _answered_scores(_fit_answered(answered, label, inside), answered)
        found[folds == fold] = stacked(raw, back)[folds == fold]
    return found


def _widened(fitted: Fitted, columns: np.ndarray, n_columns: int) -> Fitted:
    """A head over some of the n-grams as one over all of them."""
    of_sparse = np.zeros(n_columns)
    of_sparse[columns] = fitted.of_sparse
    return fitted._replace(of_sparse=of_sparse)


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
    guarded: Collection[str] = (),
    static: Static,
    progress: Callable[[str, float], None] = lambda _key, _share: None,
) -> tuple[dict[str, Weights], dict[str, Side]]:
    """Train every head of both sides.

    Args:
        examples: of the sides "user" and "ai".
        exchange: keys whose heads also read the answered message.
        guarded: keys whose alarms are held down on ordinary texts; see `train_head`.
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
    jobs = [(side, key) for side in ("user", "ai") for key in trainable(examples[side])]
    sides: dict[str, list[Head]] = {"user": [], "ai": []}
    with ThreadPoolExecutor(N_THREADS) as threads:
        futures = [
            threads.submit(
                train_head,
                key,
                examples[side],
                turns[side],
                answered=answered if key in exchange else None,
                guarded=key in guarded,
            )
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


def trainable(examples: Examples) -> list[str]:
    """The constructs with enough labels of either kind, set for them, to fit a head to."""
    label = np.where(examples.own, examples.labels, np.nan)
    n_fewest = np.minimum((label >= 0.5).sum(axis=0), (label < 0.5).sum(axis=0))
    return [key for key, n in zip(examples.constructs, n_fewest, strict=True) if n >= FEWEST]


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
