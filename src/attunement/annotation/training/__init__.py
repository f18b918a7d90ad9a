"""Heads fitted to labelled turns: the exemplars of the codebook, and anybody's own labels.

Takes: Examples: texts, what each answers, labels, and groups that must not be divided.
Gives: Weights for `annotation.heads`, and how well each head agrees with labels of groups it was not fitted on.
Never: keeps a text in what it writes, or measures a head on a group that it has seen.
"""

from attunement.annotation.training.examples import EXEMPLARS, Examples, exemplars_of, joined, labelled
from attunement.annotation.training.measuring import THRESHOLD, Accuracy, accuracy, by_population
from attunement.annotation.training.saving import save
from attunement.annotation.training.training import Head, Side, train_sides

__all__ = [
    "EXEMPLARS",
    "THRESHOLD",
    "Accuracy",
    "Examples",
    "Head",
    "Side",
    "accuracy",
    "by_population",
    "exemplars_of",
    "joined",
    "labelled",
    "save",
    "train_sides",
]
