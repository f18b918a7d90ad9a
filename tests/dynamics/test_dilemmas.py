"""The share of one sign in the signs of two: what it is made of, when it is refused, and how often its interval holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.dynamics.dilemmas import BALANCES, MIN_RATE, MIN_SIGNS, estimate_balances
from attunement.vocabulary import PANEL, Missing

START = datetime(2026, 1, 5, tzinfo=UTC)
TALK = "balance.ai-human.talk"


def panel_of(relationships, *, first="user.attach", second="user.human_ties"):
    """relationships: for each id a list of sessions (signs of the first, signs of the second, messages read)."""
    rows = []
    for key, sessions in relationships.items():
        for number, (ones, others, n) in enumerate(sessions):
            for construct, signs in ((first, ones), (second, others)):
                if signs is not None:
                    rows.append(
                        {
                            "relationship_id": key,
                            "period_start": START + timedelta(days=number),
                            "period": "session",
                            "measure": f"rate.{construct}",
                            "value": 100 * signs / n,
                            "se": 1.0,
                            "n": n,
                            "exposure": 30.0,
                            "missing": None,
                        }
                    )
    return pa.Table.from_pylist(rows, schema=PANEL)


def one(panel, measure=TALK, key=1):
    return next(item for item in estimate_balances(panel) if (item.measure, item.relationship_id) == (measure, key))


def test_it_is_the_share_of_the_second_in_the_signs_of_both():
    found = one(panel_of({1: [(3, 1, 20), (2, 2, 20), (5, 3, 30), (0, 4, 10)]}))
    assert found.value == pytest.approx(100 * 10 / 20)
    assert found.low < 50 < found.high
    assert (found.n, found.n_of, found.unit) == (20, "signs in 4 sessions", "of 100 signs of either")
    assert found.null is None


def test_sessions_in_which_one_was_not_read_are_left_out():
    sessions = [(3, 1, 20), (2, 2, 20), (5, 3, 30), (0, 4, 10)]
    found = one(panel_of({1: [*sessions, (40, None, 50), (None, 40, 50)]}))
    assert (found.value, found.n) == (pytest.approx(50.0), 20)


@pytest.mark.parametrize(
    "sessions",
    [
        [(MIN_SIGNS / 2 - 1, MIN_SIGNS / 2, 20), (0, 0, 20)],
        [(6, 6, 40)],
        [(6, 6, int(6 / MIN_RATE) + 50), (6, 6, int(18 / MIN_RATE))],
    ],
    ids=["too few signs", "one session", "too rare beside false alarms"],
)
def test_too_little_is_refused(sessions):
    found = one(panel_of({1: sessions}))
    assert (found.value, found.low, found.high) == (Missing.TOO_FEW,) * 3


def test_only_pairs_that_were_both_read_have_an_estimate():
    assert estimate_balances(panel_of({1: [(3, None, 20)] * 9})) == []
    assert estimate_balances(PANEL.empty_table()) == []
    names = {item.measure for item in estimate_balances(panel_of({1: [(3, 3, 20)] * 12}))}
    assert names == {TALK, f"change.{TALK}"}


def test_the_halves_differ_where_the_sessions_do():
    found = one(panel_of({1: [(3, 1, 20)] * 8 + [(1, 3, 20)] * 8}), measure=f"change.{TALK}")
    assert found.value == pytest.approx(50.0)
    assert found.low > 0
    assert found.null is not None
    assert found.null.p is Missing.TOO_FEW, "sixteen sessions have too few places to cut"
    few = one(panel_of({1: [(3, 1, 20)] * 12 + [(0, 0, 20)] * 12}), measure=f"change.{TALK}")
    assert few.value is Missing.TOO_FEW, "a half without signs has no share"


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=4, max_size=14),
    st.permutations([3, 5, 9]),
)
def test_neither_order_nor_company_changes_a_relationship(sessions, keys):
    rows = [(ones, others, 12) for ones, others in sessions]
    alone = estimate_balances(panel_of({5: rows}))
    others = {3: [(1, 4, 12)] * 6, 5: rows, 9: [(4, 1, 12)] * 15}
    panel = panel_of({key: others[key] for key in keys})
    shuffled = panel.take(np.random.default_rng(len(rows)).permutation(panel.num_rows))
    together = [item for item in estimate_balances(shuffled) if item.relationship_id == 5]
    assert together == alone


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=4, max_size=14))
def test_the_other_way_round_it_is_the_rest(sessions):
    rows = [(ones, others, 12) for ones, others in sessions]
    here = one(panel_of({1: rows}))
    there = one(panel_of({1: [(others, ones, n) for ones, others, n in rows]}))
    if here.value is Missing.TOO_FEW:
        assert there.value is Missing.TOO_FEW
    else:
        assert (there.value, there.low, there.high) == (
            pytest.approx(100 - here.value),
            pytest.approx(100 - here.high, abs=1e-6),
            pytest.approx(100 - here.low, abs=1e-6),
        )


def test_intervals_hold_the_truth():
    """A fast version of benchmarks/recovery/balances.py: 400 relationships, sessions that differ, rare signs."""
    rng = np.random.default_rng(20261123)
    relationships, true = {}, {}
    for key in range(1, 401):
        share = rng.uniform(0.2, 0.8)
        own = rng.beta(6 * share, 6 * (1 - share), size=25)
        n_both = rng.poisson(rng.gamma(1.5, 1.5, size=25))
        second = rng.binomial(n_both, own)
        relationships[key] = [(int(b - s), int(s), 20) for b, s in zip(n_both, second, strict=True)]
        true[key] = 100 * share
    found = [item for item in estimate_balances(panel_of(relationships)) if item.measure == TALK]
    usable = [item for item in found if item.value is not Missing.TOO_FEW]
    assert len(usable) > 380
    covered = np.mean([item.low <= true[item.relationship_id] <= item.high for item in usable])
    bias = np.mean([item.value - true[item.relationship_id] for item in usable])
    assert 0.92 <= covered <= 0.99
    assert abs(bias) < 1.5


def test_pairs_name_constructs_of_one_side():
    for name, (first, second) in BALANCES.items():
        assert first.partition(".")[0] == second.partition(".")[0], name
