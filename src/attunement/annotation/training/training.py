"""All the heads of a side, cross-fitted so that every label is compared with a probability made without it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import special

from attunement.annotation.heads import Static
from attunement.annotation.heads.weights import BEFORE, CAUSE, STACK, UNKNOWN_CAUSE, Weights
from attunement.annotation.training.causes import NEEDS_CAUSE, Cause, causes_of, fit_cause
from attunement.annotation.training.examples import Examples, is_ordinary
from attunement.annotation.training.fitting import Fitted, fit_logistic
from attunement.annotation.training.heads import Turns, fit_head, fit_stack, raw_scores, stacked
from attunement.annotation.training.matrices import GAIN, Features, count, feature_weights, features
from attunement.annotation.training.weighing import IN_PASSING_CALIBRATED, folds_of, weights_of

THRESHOLD = 0.5
PENALTY = 0.2
ANSWERED_PENALTY = 1.0
N_FOLDS = 5

ALARMS = 0.002
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
    cause: Cause | None
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
    cause: Cause | None = None,
    beside: np.ndarray | None = None,
    guarded: bool = False,
    penalty: float = PENALTY,
) -> Head:
    """Fit one head and calibrate it on what it says of groups that were held out.

    Args:
        key: the construct.
        examples: labelled texts.
        turns: their features, in the same order.
        answered: for an exchange construct, the features of the messages that the texts answer.
        cause: for an act of NEEDS_CAUSE, what tells from the answered message whether it is there. Then the head is
            about texts that answer such a message, and others count as little as they do.
        beside: a score of each text by somebody else, who did not see its group either: a column after those of STACK.
        guarded: whether an alarm is so grave that no more than ALARMS of ordinary texts may raise one.
        penalty: of the n-grams and embeddings.
    """
    column = examples.constructs.index(key)
    p_cause = _of_causes(cause, answered, n_texts=len(examples))
    weight = weights_of(examples, column) * p_cause
    label = np.nan_to_num(examples.labels[:, column]).astype(np.float64)
    used = np.flatnonzero(weight > 0)
    few, columns = turns.narrowed(used)
    back = None if answered is None or cause is not None else answered.of(used)
    without = _cross_fitted(few, back, label[used], weight[used], examples.groups[used], penalty=penalty)
    others = np.empty((len(examples), 0)) if beside is None else beside[:, None]
    without = np.column_stack([without, others[used]])
    calibrating = weights_of(examples, column, in_passing=IN_PASSING_CALIBRATED) * p_cause
    stack = fit_stack(without, label[used], calibrating[used])
    if guarded:
        quiet = is_ordinary(examples)[used] & (label[used] < THRESHOLD)
        stack[0] -= _above(without[quiet] @ stack, p_cause[used][quiet])
    fitted = _widened(fit_head(few, label[used], weight[used], penalty=penalty), columns, turns.whole.ngrams.shape[1])
    looked_back = None if back is None else _fit_answered(back, label[used], weight[used])
    scored_back = np.zeros(len(examples))
    if answered is not None and looked_back is not None:
        scored_back = _answered_scores(looked_back, answered)
    p_without = np.full(len(examples), np.nan)
    p_without[used] = special.expit(without @ stack) * p_cause[used]
    return Head(
        key=key,
        fitted=fitted,
        answered=looked_back,
        cause=cause,
        stack=stack,
        p_without=p_without,
        p_final=special.expit(np.column_stack([stacked(raw_scores(fitted, turns), scored_back), others]) @ stack)
        * p_cause,
    )


def _of_causes(cause: Cause | None, answered: Answered | None, *, n_texts: int) -> np.ndarray:
    """The probability that each text answers something; 1 where nothing needs to be there."""
    if cause is None or answered is None:
        return np.ones(n_texts)
    return np.where(answered.known, cause.probability(answered.whole), UNKNOWN_CAUSE)


def _above(logit: np.ndarray, p_cause: np.ndarray) -> float:
    """By how much logits have to be lowered so that no more than ALARMS of the probabilities are above THRESHOLD."""
    if not len(logit):
        return 0.0
    spare = special.logit(np.minimum(THRESHOLD / p_cause, 1.0))  # the logit from which a text is above; may be infinite
    return max(0.0, float(np.quantile(np.maximum(logit - spare, -100.0), 1 - ALARMS)))


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
    causes = {}
    for key in {key for _, key in jobs if key in exchange} & set(NEEDS_CAUSE):
        found = causes_of(key)
        causes[key] = fit_cause(found, prepared(found.texts, static=static, weights=used["user"])[0].whole)
    sides: dict[str, list[Head]] = {"user": [], "ai": []}
    with ThreadPoolExecutor(N_THREADS) as threads:
        futures = [
            threads.submit(
                train_head,
                key,
                examples[side],
                turns[side],
                answered=answered if key in exchange else None,
                cause=causes.get(key),
                guarded=key in guarded,
            )
            for side, key in jobs
        ]
        for number, ((side, key), future) in enumerate(zip(jobs, futures, strict=True)):
            progress(key, number / len(jobs))
            sides[side].append(future.result())
    trained = {side: Side(heads=tuple(heads), feature_weights=used[side]) for side, heads in sides.items()}
    back: list[tuple[str, Fitted, np.ndarray | None]]
    back = [(f"{head.key}{BEFORE}", head.answered, None) for head in trained["ai"].heads if head.answered is not None]
    back += [(f"{one.key}{CAUSE}", one.cause.fitted, one.cause.stack) for one in trained["ai"].heads if one.cause]
    return {
        "user": packed(trained["user"], static=static, back=back),
        "ai": packed(trained["ai"], static=static),
    }, trained


def trainable(examples: Examples) -> list[str]:
    """The constructs with enough labels of either kind, set for them, to fit a head to."""
    label = np.where(examples.own, examples.labels, np.nan)
    n_fewest = np.minimum((label >= 0.5).sum(axis=0), (label < 0.5).sum(axis=0))
    return [key for key, n in zip(examples.constructs, n_fewest, strict=True) if n >= FEWEST]


def packed(side: Side, *, static: Static, back: Sequence[tuple[str, Fitted, np.ndarray | None]] = ()) -> Weights:
    """The weights of a side as they ship: the embeddings folded into their pieces, all in small steps."""
    fitted = [head.fitted for head in side.heads] + [one for _, one, _ in back]
    ngrams = np.column_stack([one.of_sparse for one in fitted]) * side.feature_weights[:, None]
    embeddings = static.embeddings.astype(np.float32) * static.step
    of_pieces = embeddings @ (GAIN * np.column_stack([one.of_dense for one in fitted]))
    buckets, bucket_step = _in_steps(ngrams)
    pieces, piece_step = _in_steps(of_pieces)
    stack = np.zeros((len(fitted), len(STACK)), dtype=np.float32)
    stack[: len(side.heads)] = [head.stack for head in side.heads]
    for place, (*_, of_cause) in enumerate(back, len(side.heads)):
        stack[place] = 0 if of_cause is None else of_cause
    return Weights(
        columns=(*(head.key for head in side.heads), *(name for name, *_ in back)),
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
