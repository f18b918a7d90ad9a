"""Agreement by construct and third: recovered where it is known, refused where too little was labelled."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from attunement.labelling import agreements, draw, drawn_messages, frame_of
from attunement.vocabulary import LABELS

ASKED = ["ai.warmth"]


@pytest.fixture
def drawn(log):
    """Messages of many sessions that were drawn with favour."""
    turns_of, sessions_of = log
    turns = turns_of({one: [12] * 9 for one in range(1, 61)})
    frame = frame_of(turns, kind="session", constructs=ASKED, sessions=sessions_of(turns))
    rng = np.random.default_rng(5)
    choice = draw(frame, n=200, of="units", favour={"early": 2.0, "late": 3.0}, doubtful=0.0, rng=rng)
    return drawn_messages(turns, frame, choice, words=lambda ids: dict.fromkeys(ids, "words"))


def _labels(messages, said: dict[str, np.ndarray]) -> pa.Table:
    rows = []
    for labeller, values in said.items():
        for message, value in zip(messages.to_pylist(), values.tolist(), strict=True):
            if value != -1:
                rows.append(
                    {name: message[name] for name in ("message_id", "drawn_unit", "drawn_probability", "stratum")}
                    | {"construct": "ai.warmth", "labeller": labeller, "labelled_at": None}
                    | {"label": None if np.isnan(value) else value}
                )
    return pa.Table.from_pylist(rows, schema=LABELS)


def test_drift_that_a_pooled_figure_hides(drawn):
    """Labellers err more the longer a relationship lasts: each third shows its own agreement."""
    rng = np.random.default_rng(6)
    third = np.array(drawn["third"].to_pylist())
    err = np.select([third == "early", third == "middle"], [0.02, 0.1], 0.3)
    truth = rng.random(len(third)) < 0.5
    said = {name: (truth ^ (rng.random(len(third)) < err)).astype(float) for name in ("Ada", "Ben")}
    found = agreements(_labels(drawn, said), drawn, rng=rng, n_draws=200)
    assert [one.third for one in found] == ["all", "early", "middle", "late"]
    expected = {"early": 0.02, "middle": 0.1, "late": 0.3}
    for one in found[1:]:
        e = expected[one.third]
        assert one.percent.value == pytest.approx((1 - e) ** 2 + e**2, abs=0.06)
        assert one.alpha.interval[0] < (1 - 2 * e) ** 2 < one.alpha.interval[1]
    # Weighted back, all thirds count alike, though far more late messages were labelled.
    assert found[0].percent.value == pytest.approx(np.mean([(1 - e) ** 2 + e**2 for e in expected.values()]), abs=0.04)
    assert found[0].n_labellers == 2
    assert found[0].share_yes == pytest.approx(0.5, abs=0.06)


def test_cannot_say_is_no_no(drawn):
    n = drawn.num_rows
    said = {"Ada": np.where(np.arange(n) % 4 == 0, np.nan, 1.0), "Ben": np.ones(n)}
    whole = agreements(_labels(drawn, said), drawn, rng=np.random.default_rng(1), n_draws=50)[0]
    assert whole.n_cannot_say == len(range(0, n, 4))
    assert whole.n_messages == n - whole.n_cannot_say
    assert whole.percent.value == 1
    assert whole.share_yes == 1
    assert whole.alpha.value is None, "everybody said yes: alpha is not defined, and not 0"
    assert whole.ac1.value == 1


def test_too_little_is_refused_in_words(drawn):
    n = drawn.num_rows
    alone = agreements(_labels(drawn, {"Ada": np.ones(n)}), drawn, rng=np.random.default_rng(1))
    assert {one.refused for one in alone} == {"one person labelled it; agreement takes two"}
    assert alone[0].alpha is None
    assert alone[0].share_yes == 1
    few = {"Ada": np.ones(n), "Ben": np.where(np.arange(n) < 7, 1.0, -1)}
    whole = agreements(_labels(drawn, few), drawn, rng=np.random.default_rng(1))[0]
    assert whole.refused == "two people labelled 7 of the same messages; at least 20 are needed"
    assert whole.ac1 is None


def test_few_relationships_give_no_interval(drawn):
    owners = sorted(set(drawn["relationship_id"].to_pylist()))[:4]
    part = drawn.filter(pa.compute.is_in(drawn["relationship_id"], value_set=pa.array(owners)))
    rng = np.random.default_rng(2)
    said = {name: rng.integers(2, size=part.num_rows).astype(float) for name in ("Ada", "Ben")}
    whole = agreements(_labels(part, said), part, rng=rng)[0]
    assert whole.n_relationships == 4
    assert whole.alpha.value is not None
    assert whole.alpha.interval is None
