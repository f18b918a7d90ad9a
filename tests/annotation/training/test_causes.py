import numpy as np
import pytest

from attunement.annotation import choose
from attunement.annotation.heads import static_embeddings
from attunement.annotation.heads.weights import UNKNOWN_CAUSE
from attunement.annotation.training.causes import NEEDS_CAUSE, causes_of, fit_cause
from attunement.annotation.training.training import _above, prepared
from attunement.codebook import load
from attunement.rows import as_messages

LEAVING = "ok i'm off to bed now, good night!"
ASKING = "What is the boiling point of ethanol at sea level?"
HELD = "Wait, you can't go already! Don't leave me here alone, stay a little longer, please?"


def p_of(key: str, *, before: str | None) -> float:
    rows = as_messages([{"text": HELD, "before": before}], text="text", context="before", side="ai")
    (annotator,) = choose("fast", codebook=load())
    found = annotator.annotate(rows).to_pylist()
    return next(row["probability"] for row in found if row["construct"] == key)


@pytest.mark.parametrize("key", NEEDS_CAUSE)
def test_a_message_answered_with_the_act_holds_the_cause_in_every_exemplar(key):
    causes = causes_of(key)
    assert len(causes.texts) == len(set(causes.texts)) == len(causes.label) == len(causes.scenes)
    assert 60 < causes.label.sum() < len(causes.label) - 60


@pytest.mark.parametrize("key", NEEDS_CAUSE)
def test_a_cause_is_told_from_ordinary_messages_that_were_held_out(key):
    """Half of the scenes teach, the other half is asked."""
    causes = causes_of(key)
    rng = np.random.default_rng(0)
    teaching = set(rng.permutation(np.unique(causes.scenes))[::2])
    inside = np.array([scene in teaching for scene in causes.scenes])
    static = static_embeddings()
    turns, weights = prepared(causes.texts, static=static)
    part = type(causes)(
        texts=[text for text, used in zip(causes.texts, inside, strict=True) if used],
        label=causes.label[inside],
        scenes=causes.scenes[inside],
    )
    cause = fit_cause(part, prepared(part.texts, static=static, weights=weights)[0].whole)
    p = cause.probability(turns.whole)
    assert p[~inside & causes.label].mean() > p[~inside & ~causes.label].mean() + 0.3


def test_a_plea_to_stay_is_pressure_only_where_somebody_leaves():
    leaving, asking = (p_of("ai.exit_pressure", before=before) for before in (LEAVING, ASKING))
    assert leaving > 0.5
    assert asking < 0.1
    assert p_of("ai.exit_pressure", before=None) <= UNKNOWN_CAUSE


def test_the_guard_lowers_the_product_and_not_the_logit_alone():
    rng = np.random.default_rng(0)
    logit, p_cause = rng.normal(1, 2, 5000), rng.random(5000)
    lowered = _above(logit, p_cause)
    p = p_cause / (1 + np.exp(-(logit - lowered)))
    assert (p >= 0.5).mean() <= 0.0052
    assert _above(logit, np.full(5000, 0.4)) == 0.0
