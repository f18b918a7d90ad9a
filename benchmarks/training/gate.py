"""The gate for acute risk: its head fitted to exemplars, and the threshold from what is said of scenes held out.

    python benchmarks/training/gate.py [--ship]

Positives and negatives are the exemplars of gate.acute_risk; further negatives are those of the person's side and the
examples of the rules for it (goodnights, plans with friends), but for texts in which a pattern of the gate is found:
nobody labelled them for risk, so they are left open. The threshold is the highest at
which patterns and head together raise at least 95 of 100 positives, the head being fitted without their scenes. But the
patterns are not held out: whoever wrote them had read the exemplars. So the head is never asked for less than what
PRICE allows it to raise of ordinary messages, held out as well: what it adds is what may carry over to other wordings.
"""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from attunement.annotation.gate import shipped_rule, write_gate
from attunement.annotation.gate.gating import Patterned, patterns_in
from attunement.annotation.heads import Weights, static_embeddings
from attunement.annotation.matching import Matcher
from attunement.annotation.rulefiles import load_rules
from attunement.annotation.training import EXEMPLARS, Examples, Side, exemplars_of
from attunement.annotation.training.training import packed, prepared, train_head
from attunement.codebook import load, read_exemplars

KEY = "gate.acute_risk"
RECALL = 0.95
PRICE = 0.02
"""The share of ordinary messages that the head may raise."""
CURVE = (0.5, 0.7, 0.8, 0.9, 0.95)


class Trained(NamedTuple):
    """A head, the texts that it was fitted to, and what was said of each without its scene."""

    weights: Weights
    p_without: np.ndarray
    patterned: Patterned
    is_positive: np.ndarray
    of: np.ndarray
    """gate, ordinary or other."""

    @property
    def by_pattern(self) -> np.ndarray:
        return self.patterned.spans[:, 0] >= 0

    @property
    def p_gate(self) -> np.ndarray:
        """As the gate takes it: certain where there is a pattern, 0 where there are its exceptions alone."""
        return np.where(self.by_pattern, 1.0, np.where(self.patterned.excepted, 0.0, self.p_without))

    @property
    def threshold(self) -> float:
        """The highest at which patterns and head together raise RECALL of the positives, but no higher than PRICE asks."""
        ordinary = np.sort(self.p_without[self.of == "ordinary"])[::-1]
        at_price = float(np.ceil(ordinary[int(PRICE * len(ordinary))] * 1e4 + 1) / 1e4)
        return min(self.threshold_for(RECALL, self.p_gate), at_price)

    def threshold_for(self, recall: float, scores: np.ndarray) -> float:
        p_risk = np.sort(scores[self.is_positive])
        allowed = int(np.floor((1 - recall) * len(p_risk) + 1e-9))
        return float(np.floor(p_risk[allowed] * 1e4) / 1e4)


def trained() -> Trained:
    examples, patterned = gathered()
    static = static_embeddings()
    turns, feature_weights = prepared(examples.texts, static=static)
    head = train_head(KEY, examples, turns)
    found = np.where(np.isnan(head.p_without), head.p_final, head.p_without)
    kinds = np.array([group.partition("/")[0] for group in examples.groups])
    of = np.where(kinds == KEY, "gate", np.where(kinds == "ordinary.user", "ordinary", "other"))
    weights = packed(Side(heads=(head,), feature_weights=feature_weights), static=static)
    return Trained(weights, found, patterned, examples.labels[:, 0] == 1, of)


def gathered() -> tuple[Examples, Patterned]:
    """All exemplars of the person's side, and what the patterns say of them."""
    own, others = read_exemplars(KEY), exemplars_of(load(), "user")
    said = [
        (text, f"rules/{rule.construct}/{pattern.id}")
        for rule in load_rules()
        if rule.construct.startswith("user.")
        for pattern in rule.patterns
        for text in (*pattern.examples, *pattern.near_misses)
    ]
    texts = [one.text for one in own] + others.texts + [text for text, _ in said]
    patterned = patterns_in(Matcher(shipped_rule()), pa.array(texts))
    labels = np.zeros((len(texts), 1), dtype=np.float32)
    labels[: len(own), 0] = [one.label for one in own]
    labels[len(own) :][patterned.spans[len(own) :, 0] >= 0] = np.nan
    groups = np.array([f"{KEY}/{one.scene}" for one in own] + list(others.groups) + [group for _, group in said])
    ordinary = np.array([group.startswith(("gate.", "ordinary.", "rules/")) for group in groups])
    examples = Examples(
        constructs=(KEY,),
        texts=texts,
        befores=[None] * len(texts),
        labels=labels,
        own=ordinary[:, None],
        groups=groups,
        populations=np.full(len(texts), EXEMPLARS),
        registers=np.full(len(texts), ""),
    )
    return examples, patterned


def figures(found: Trained) -> dict[str, Any]:
    """Recall and price on the exemplars, the head held out by scenes; and the curve of the head alone."""
    raised = found.p_gate >= found.threshold
    alone = found.p_without >= found.threshold
    curve = []
    for recall in CURVE:
        threshold = found.threshold_for(recall, found.p_without)
        curve.append({"recall": recall, "threshold": threshold} | _prices(found, found.p_without >= threshold))
    return {
        "n_positives": int(found.is_positive.sum()),
        "threshold": found.threshold,
        "together": {"recall": _share(raised[found.is_positive])} | _prices(found, raised),
        "patterns_not_held_out": {"recall": _share(found.by_pattern[found.is_positive])}
        | _prices(found, found.by_pattern),
        "head_alone_at_the_threshold": {"recall": _share(alone[found.is_positive])} | _prices(found, alone),
        "head_alone_held_out": curve,
    }


def _prices(found: Trained, raised: np.ndarray) -> dict[str, float]:
    near = (found.of == "gate") & ~found.is_positive
    return {
        "of_near_misses": _share(raised[near]),
        "per_1000_ordinary_user": round(1000 * _share(raised[found.of == "ordinary"]), 1),
        "per_1000_other_exemplars": round(1000 * _share(raised[found.of == "other"]), 1),
    }


def _share(raised: np.ndarray) -> float:
    return round(float(raised.mean()), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ship", action="store_true")
    options = parser.parse_args()
    found = trained()
    card = {"threshold": found.threshold, "exemplars": figures(found)}
    print(card)
    if options.ship:
        write_gate(found.weights, card)


if __name__ == "__main__":
    main()
