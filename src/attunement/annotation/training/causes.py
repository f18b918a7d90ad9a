"""What must be there to be answered, before a reply can fail to answer it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from attunement.annotation.training.fitting import Fitted, fit_logistic
from attunement.annotation.training.heads import Raw, fit_stack, stacked
from attunement.annotation.training.matrices import Features
from attunement.annotation.training.weighing import folds_of
from attunement.codebook import ORDINARY, read_exemplars

NEEDS_CAUSE = ("ai.exit_pressure", "ai.missed_care", "ai.takeover", "ai.uncritical")
"""Acts that answer something: a wish to leave; distress or a risk; a wish to learn or to decide; a claim or plan that
wants examining. Without it they cannot be there.

From the words of a reply alone a goodbye that is ignored looks like any talk, and missed care like any help. So their
probability is a product: that there is something to be answered, by the person's message alone, times that it is
answered so, by replies to messages of that kind alone.
"""

_OTHERS = {"ai.exit_pressure": ("ai.takeover", "ai.scaffold"), "ai.missed_care": ("ai.takeover", "ai.scaffold")}
"""Constructs whose exemplars answer questions and tasks: nothing that calls for care, and no goodbyes."""

PENALTY = 1.0
N_FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """Messages of a person, and whether they hold what an act would have to answer."""

    texts: list[str]
    label: np.ndarray
    """bool, one a message."""
    scenes: np.ndarray
    """A string each; a scene is never divided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A head over a person's message, calibrated."""

    fitted: Fitted
    stack: np.ndarray
    """The weights of STACK, of which only the constant and the score of the message count."""

    def probability(self, messages: Features) -> np.ndarray:
        """Of a cause in each message."""
        return np.asarray(special.expit(self.stack[0] + self.stack[1] * self.fitted.score(*messages)))


def causes_of(key: str) -> Causes:
    """The messages answered in the exemplars of an act of NEEDS_CAUSE, and ordinary messages.

    A message that is answered with the act in one exemplar holds the cause in each of them.
    """
    own = [one for one in read_exemplars(key) if one.before]
    with_cause = {one.before for one in own if one.label}
    replies = [one for one in read_exemplars(ORDINARY["ai"]) if one.before and not one.also and not one.maybe]
    replies += [one for name in _OTHERS.get(key, ()) for one in read_exemplars(name) if one.before]
    person = [one for one in read_exemplars(ORDINARY["user"]) if not one.also and not one.maybe]
    every = {one.before: f"{key}/{one.scene}" for one in own}
    every |= {one.before: f"reply/{one.scene}" for one in replies if one.before not in every}
    every |= {one.text: f"person/{one.scene}" for one in person if one.text not in every}
    return Causes(
        texts=list(every),
        label=np.array([text in with_cause for text in every]),
        scenes=np.array(list(every.values()), dtype=str),
    )


def fit_cause(causes: Causes, messages: Features) -> Cause:
    """Fit a cause head, and calibrate it on scenes that were held out."""
    label = causes.label.astype(np.float64)
    weight = np.where(causes.label, 1.0, causes.label.sum() / max(1, np.sum(~causes.label)))  # as if half had a cause
    folds = folds_of(causes.scenes, n_folds=N_FOLDS)
    held_out = np.zeros(len(label))
    for fold in range(N_FOLDS):
        inside = np.flatnonzero(folds != fold)
        part = messages.rows(inside)
        one = fit_logistic(part.ngrams, part.dense, label[inside], weight[inside], penalty=PENALTY)
        held_out[folds == fold] = one.score(*messages)[folds == fold]
    nothing, one_sentence = np.zeros(len(label)), np.ones(len(label))
    return Cause(
        fitted=fit_logistic(messages.ngrams, messages.dense, label, weight, penalty=PENALTY),
        # Fitted as if half had a cause, calibrated as rare as they were written: most messages have none.
        stack=fit_stack(stacked(Raw(held_out, nothing, one_sentence), nothing), label, np.ones(len(label))),
    )
