"""Draws with exact probabilities: shown by arithmetic, by property, and by drawing many times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.errors import OptionError
from attunement.labelling import described, draw, frame_of
from attunement.labelling.drawing import inclusion, systematic

BOTH = ("ai.warmth", "user.lonely")


@given(
    size=st.lists(st.floats(0.05, 20), min_size=1, max_size=40),
    share=st.floats(0.01, 1.5),
    seed=st.integers(0, 999),
)
@settings(max_examples=100, deadline=None)
def test_probabilities_add_up_to_what_was_asked(size, share, seed):
    size = np.array(size)
    cost = np.random.default_rng(seed).integers(1, 30, size=len(size)).astype(float)
    wanted = share * cost.sum()
    p = inclusion(size, cost=cost, wanted=wanted)
    assert np.all((p > 0) & (p <= 1))
    assert (p * cost).sum() == pytest.approx(min(wanted, cost.sum()))
    free = p < 1
    if free.sum() > 1:
        assert np.allclose(p[free] / size[free], (p[free] / size[free])[0])


@given(n=st.integers(1, 30), extra=st.integers(0, 20), seed=st.integers(0, 9999))
@settings(max_examples=100, deadline=None)
def test_a_whole_number_is_drawn_exactly_and_nobody_twice(n, extra, seed):
    rng = np.random.default_rng(seed)
    size = rng.random(n + extra) + 0.1
    strata = rng.integers(3, size=n + extra)
    p = inclusion(size, cost=np.ones(n + extra), wanted=float(n))
    chosen = systematic(p, strata=strata, rng=rng)
    assert len(chosen) == len(set(chosen.tolist())) == n
    for code in range(3):
        expected = p[(strata == code)].sum()
        assert abs((strata[chosen] == code).sum() - expected) < 2
    assert set(np.flatnonzero(p >= 1)) <= set(chosen.tolist())


def test_each_unit_is_drawn_as_often_as_it_was_written_down(log):
    """The Horvitz-Thompson total is unbiased, and each unit comes up with its own probability."""
    turns_of, sessions_of = log
    turns = turns_of({one: [3 + one % 4, 4, 9, 2] for one in range(1, 13)})
    frame = frame_of(turns, kind="session", constructs=BOTH, sessions=sessions_of(turns))
    frame.doubt[:] = np.random.default_rng(1).random(len(frame.doubt)) / 4
    truth = np.random.default_rng(2).random(len(frame.doubt)) * frame.n_messages
    n_runs, totals, times = 4000, [], np.zeros(len(truth))
    rng = np.random.default_rng(3)
    for _ in range(n_runs):
        choice = draw(frame, n=14, of="units", favour={"early": 2.0, "late": 3.0}, doubtful=0.5, rng=rng)
        assert len(choice.chosen) == 14
        times[choice.chosen] += 1
        totals.append((truth[choice.chosen] / choice.p[choice.chosen]).sum())
    error = np.std(totals) / np.sqrt(n_runs)
    assert abs(np.mean(totals) - truth.sum()) < 3.5 * error
    assert error < 0.01 * truth.sum()
    spread = np.sqrt(choice.p * (1 - choice.p) / n_runs)
    assert np.all(np.abs(times / n_runs - choice.p) < 4.5 * spread + 1e-12)


def test_messages_can_be_counted_in_place_of_units(log):
    turns_of, sessions_of = log
    turns = turns_of({one: [3, 9, 2] for one in range(1, 30)})
    frame = frame_of(turns, kind="session", constructs=BOTH, sessions=sessions_of(turns))
    rng = np.random.default_rng(3)
    n = [
        frame.n_messages[draw(frame, n=100, of="messages", favour={}, doubtful=0.0, rng=rng).chosen].sum()
        for _ in range(500)
    ]
    assert np.mean(n) == pytest.approx(100, abs=3)


def test_favour_and_doubt_do_what_they_say(log):
    turns_of, sessions_of = log
    turns = turns_of({one: [4, 4, 4] for one in range(1, 21)})
    frame = frame_of(turns, kind="session", constructs=BOTH, sessions=sessions_of(turns))
    rng = np.random.default_rng(3)
    p = draw(frame, n=10, of="units", favour={"early": 2.0, "late": 4.0}, doubtful=0.0, rng=rng).p
    by_stratum = [p[frame.stratum == code][0] for code in range(3)]
    assert by_stratum[0] / by_stratum[1] == pytest.approx(2)
    assert by_stratum[2] / by_stratum[1] == pytest.approx(4)
    frame.doubt[:] = np.where(np.arange(60) < 30, 0.25, 0.0)
    frame.doubt[59] = np.nan
    p = draw(frame, n=10, of="units", favour={}, doubtful=0.5, rng=rng).p
    assert p[0] / p[30] == pytest.approx((0.5 + 0.5 * 59 / 30) / 0.5)  # sure ones keep half of the even chance
    assert p[59] / p[30] == pytest.approx(2)  # unread ones have the mean


def test_a_seed_draws_the_same_again(drawing):
    def once(seed):
        return draw(
            drawing.frame, n=5, of="units", favour={}, doubtful=0.0, rng=np.random.default_rng(seed)
        ).chosen.tolist()

    assert once(1) == once(1) != once(2)


def test_more_than_there_is_draws_everything(drawing):
    choice = draw(drawing.frame, n=999, of="units", favour={}, doubtful=0.0, rng=np.random.default_rng(1))
    assert np.all(choice.p == 1)
    assert sorted(choice.chosen.tolist()) == list(range(40))


def test_the_manifest_adds_up(drawing, facts):
    strata = drawing.drawn.strata
    assert [one.name for one in strata] == ["early", "middle", "late"]
    assert sum(one.n_units for one in strata) == 40
    assert sum(one.n_units_drawn for one in strata) == len(drawing.drawn.units) == 16
    assert sum(one.n_units_expected for one in strata) == pytest.approx(16)
    assert drawing.drawn.n_messages == drawing.messages.num_rows == sum(one.n_messages_drawn for one in strata)
    assert described(drawing.frame, drawing.choice, **facts()).units == drawing.drawn.units


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"of": "words"}, "cannot count that"),
        ({"n": 0}, "nothing would be drawn"),
        ({"favour": {"long": 2.0}}, "cannot be favoured"),
        ({"favour": {"early": 100.0}}, "cannot be favoured"),
        ({"doubtful": 1.0}, "share of doubt"),
        ({"n": 2, "of": "messages"}, "less than one session"),
    ],
)
def test_what_makes_no_sense_is_refused(drawing, changes, what):
    given = {"n": 5, "of": "units", "favour": {}, "doubtful": 0.0} | changes
    with pytest.raises(OptionError, match=what) as refused:
        draw(drawing.frame, rng=np.random.default_rng(1), **given)
    assert len(str(refused.value).splitlines()) == 4
