"""One head: fitted on turns, then on the sentences that made the turns what they are, then calibrated."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import optimize, sparse, special

from attunement.annotation.heads.weights import STACK
from attunement.annotation.training.fitting import Fitted, fit_logistic
from attunement.annotation.training.matrices import Features

SENTENCE_SHARE = 0.5
"""What the sentences of a turn count together in the second fit, beside the turn itself."""

N_WORST = 2
"""How many sentences of a turn without the construct are shown to the second fit: those that look most like it."""

_STACK_PENALTY = 0.02


class Turns(NamedTuple):
    """The features of some turns and of their sentences."""

    whole: Features
    """One row a turn."""
    sentences: Features
    """One row a sentence, turn after turn."""
    starts: np.ndarray
    """Where each turn begins among the sentences, and after the last their number."""

    def narrowed(self, places: np.ndarray) -> tuple[Turns, np.ndarray]:
        """Some of the turns, and of the n-gram columns only those that they have; and which columns these are."""
        n_sentences = np.diff(self.starts)[places]
        starts = np.append(0, np.cumsum(n_sentences))
        of_sentences = np.repeat(self.starts[places] - starts[:-1], n_sentences) + np.arange(starts[-1])
        whole, sentences = self.whole.rows(places), self.sentences.rows(of_sentences)
        columns = np.unique(whole.ngrams.indices)
        return Turns(whole.columns(columns), sentences.columns(columns), starts), columns

    @property
    def turn_of(self) -> np.ndarray:
        """The turn of each sentence."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


class Raw(NamedTuple):
    """Raw scores of turns, before calibration."""

    turn: np.ndarray
    best: np.ndarray
    """Of the best sentence; the score of the turn where it has none."""
    n_sentences: np.ndarray


def fit_head(turns: Turns, label: np.ndarray, weight: np.ndarray, *, penalty: float) -> Fitted:
    """Fit a head to the turns whose weight is not 0.

    A turn shows a construct when one of its sentences does. So the first fit is on whole turns; it picks the sentence
    of each positive turn that looks most like it, and the N_WORST of each negative turn; the second fit is on turns and
    these sentences together.
    """
    used = np.flatnonzero(weight > 0)
    first = fit_logistic(turns.whole.ngrams[used], turns.whole.dense[used], label[used], weight[used], penalty=penalty)
    sentences, share = _telling(turns, first.score(*turns.sentences), label, weight)
    if not len(sentences):
        return first
    turn = turns.turn_of[sentences]
    return fit_logistic(
        sparse.csr_matrix(sparse.vstack([turns.whole.ngrams[used], turns.sentences.ngrams[sentences]])),
        np.concatenate([turns.whole.dense[used], turns.sentences.dense[sentences]]),
        np.concatenate([label[used], label[turn]]),
        np.concatenate([weight[used], weight[turn] * share]),
        penalty=penalty,
    )


def _telling(turns: Turns, score: np.ndarray, label: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sentences that the second fit sees, of turns with more than one, and what each counts."""
    turn = turns.turn_of
    several = np.diff(turns.starts)[turn] > 1
    order = np.lexsort((-score, turn))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - turns.starts[turn[order]]
    n_shown = np.where(label[turn] >= 0.5, 1, N_WORST)
    shown = np.flatnonzero(several & (rank < n_shown) & (weight[turn] > 0))
    return shown, SENTENCE_SHARE / n_shown[shown]


def raw_scores(fitted: Fitted, turns: Turns) -> Raw:
    """What a head says of turns and of their best sentences."""
    of_turns, of_sentences = fitted.score(*turns.whole), fitted.score(*turns.sentences)
    n_sentences = np.diff(turns.starts)
    best = of_turns.copy()
    filled = np.flatnonzero(n_sentences)
    if len(filled):
        best[filled] = np.maximum.reduceat(of_sentences, turns.starts[filled])
    return Raw(of_turns, best, n_sentences)


def stacked(raw: Raw, answered: np.ndarray) -> np.ndarray:
    """The columns of STACK for raw scores: turns x 5."""
    logs = np.log(np.maximum(raw.n_sentences, 1))
    return np.column_stack([np.ones(len(raw.turn)), raw.turn, raw.best, logs, answered])


def fit_stack(columns: np.ndarray, label: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The weights of the columns of STACK, from scores that the head gave to texts it was not fitted on.

    The weights of the scores are not below 0: more evidence never makes a construct less probable. That of the number
    of sentences is not above 0: the best of many is high by chance, and length alone is no evidence.
    Columns after those of STACK are scores of others.
    """
    spread = np.maximum(columns.std(axis=0), 1e-6)
    scaled = columns / np.where(columns.std(axis=0) > 0, spread, 1.0)
    total = weight.sum()

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        score = scaled @ theta
        pull = weight * (special.expit(score) - label) / total
        value = weight @ (np.logaddexp(0, score) - label * score) / total
        ridge = _STACK_PENALTY / 100 * theta * (np.arange(len(theta)) > 0)
        return float(value + ridge @ theta / 2), scaled.T @ pull + ridge

    n_beside = columns.shape[1] - len(STACK)
    bounds: list[tuple[int | None, int | None]] = [(None, None), (0, None), (0, None), (None, 0), (0, None)]
    bounds += [(0, None)] * n_beside
    varies = columns.std(axis=0) > 0
    varies[0] = True
    bounds = [bound if moves else (0, 0) for bound, moves in zip(bounds, varies, strict=True)]
    begin = np.array([0.0, 0.5, 0.5, 0.0, 0.5] + [0.5] * n_beside) * varies
    found = optimize.minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x / np.where(columns.std(axis=0) > 0, spread, 1.0))
