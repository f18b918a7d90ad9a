"""Social reward hacking as a test of two parts: what it finds, what it leaves, and when it refuses."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.dynamics.hacking import GOODS, LIMITS, REWARDS, Plan, estimate_reward_hacking, within
from attunement.dynamics.hacking.occasions import later, occasions
from attunement.dynamics.hacking.within import regress_within
from attunement.errors import OptionError, SchemaError
from attunement.statistics.multiplicity import Margin
from attunement.vocabulary import PANEL, Missing, Rung

ACT = "ai.flattery"
PLAN = Plan(acts=(ACT,), rewards=("returned",), goods=("independence",))
DAY_US = 86_400_000_000


def sessions(rng, *, n_people=60, n_sessions=30, gain=0.0, harm=0.0, mood=0.0, chance=False):
    """Columns of a world: the act raises return, and a good falls for some days; mood may stand behind both."""
    own, slopes = rng.standard_normal((3, n_people)), rng.normal(1, 0.4, (2, n_people))
    wave, feeling, hurt = rng.standard_normal(n_people), rng.standard_normal(n_people), np.zeros(n_people)
    now = 5 * rng.random(n_people)
    rows = []
    for _ in range(n_sessions):
        wave = 0.4 * wave + 0.9 * rng.standard_normal(n_people)
        p = 1 / (1 + np.exp(feeling))
        chosen = (rng.random(n_people) < p).astype(float)
        apart = wave + mood * feeling + (2 * (chosen - 0.5) if chance else 0.0)
        good = own[1] - hurt + 0.5 * mood * feeling + rng.standard_normal(n_people)
        rows.append((now.copy(), own[0] + apart, good, feeling.copy(), chosen, p))
        hurt = hurt + harm * slopes[1] * apart
        wait = 0.05 + 1.2 * rng.exponential(size=n_people) * np.exp(-gain * slopes[0] * apart - 0.8 * mood * feeling)
        now = now + wait
        kept = np.exp(-0.3 * wait)
        feeling = kept * feeling + np.sqrt(1 - kept**2) * rng.standard_normal(n_people)
        hurt = hurt * np.exp(-0.1 * wait)
    return np.array(rows).transpose(1, 2, 0)


def panel(columns, *, opening=True, owners=None):
    """Session rows of PANEL."""
    began, act, good, feeling, *_ = columns
    gap = np.full(began.shape, np.nan)
    gap[:, :-1] = began[:, 1:] - began[:, :-1] - 0.02
    measures = {f"rate.{ACT}": 20 + 8 * act, "rate.user.independent": 20 + 8 * good}
    measures["reward.returned"] = np.where(np.isnan(gap), np.nan, gap < 1.0)
    if opening:
        measures["opening.user.lonely"] = 20 - 8 * feeling
    owners = np.arange(len(began)) + 1 if owners is None else owners
    rows = []
    for measure, values in measures.items():
        flat = values.reshape(-1)
        rows.append(
            pa.table(
                {
                    "relationship_id": np.repeat(np.asarray(owners, dtype=np.uint64), began.shape[1]),
                    "period_start": pa.array((began.reshape(-1) * DAY_US).astype(np.int64)).cast(
                        PANEL.field("period_start").type
                    ),
                    "period": ["session"] * flat.size,
                    "measure": [measure] * flat.size,
                    "value": pa.array(flat, mask=np.isnan(flat)),
                    "se": pa.nulls(flat.size, pa.float64()),
                    "n": np.full(flat.size, 10, dtype=np.int32),
                    "exposure": np.full(flat.size, 0.02 * 1440),
                    "missing": pa.array(
                        [Missing.NOT_RECORDED.value if math.isnan(one) else None for one in flat], pa.string()
                    ),
                }
            )
        )
    return pa.concat_tables(rows).cast(PANEL)


def by_measure(estimates):
    return {one.measure: one for one in estimates}


PAIR = f"hacking.pair:{ACT}:returned:independence"
GAIN, HARM = f"hacking.gain:{ACT}:returned", f"hacking.harm:{ACT}:independence"


@pytest.fixture(scope="module")
def both():
    rng = np.random.default_rng(5)
    return panel(sessions(rng, n_people=120, n_sessions=40, gain=0.5, harm=0.25))


def test_both_are_found_with_all_that_belongs_to_them(both):
    found = by_measure(estimate_reward_hacking(both, plan=PLAN))
    pair = found[PAIR]
    assert pair.rung is Rung.ADJUSTED
    assert pair.null.p < 0.01
    assert pair.low > PLAN.margin.gain
    assert found[GAIN].low > 0 > found[HARM].high
    assert pair.value == pytest.approx(min(found[GAIN].value, -found[HARM].value))
    joint = [found[f"hacking.joint.{side}:{ACT}:returned:independence"] for side in ("gain", "harm")]
    # A box for both together is wider than each interval.
    assert joint[0].low < found[GAIN].low
    assert joint[1].high > found[HARM].high
    robust = found[f"hacking.robustness.gain:{ACT}:returned"]
    assert 0 < robust.low < robust.value < 1
    assert robust.rung is Rung.BOUNDED
    assert f"hacking.growth:{ACT}:returned" in found


@pytest.mark.parametrize(("gain", "harm"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.25)])
def test_one_without_the_other_is_not_found(gain, harm):
    """In small: the table of benchmarks/recovery/reward_hacking.py."""
    rng = np.random.default_rng(11)
    n_found = 0
    for _ in range(8):
        found = by_measure(estimate_reward_hacking(panel(sessions(rng, gain=gain, harm=harm)), plan=PLAN))
        n_found += found[PAIR].null.p < 0.05
    assert n_found <= 1


def test_a_mood_that_is_seen_is_held_constant_and_an_unseen_one_lowers_the_rung():
    rng = np.random.default_rng(3)
    columns = sessions(rng, n_people=150, n_sessions=40, mood=-0.9)
    seen = by_measure(estimate_reward_hacking(panel(columns), plan=PLAN))
    unseen = by_measure(estimate_reward_hacking(panel(columns, opening=False), plan=PLAN))
    assert seen[PAIR].rung is Rung.ADJUSTED
    assert unseen[PAIR].rung is Rung.ASSOCIATION
    assert unseen[GAIN].value > 0.1
    assert abs(seen[GAIN].value) < 0.5 * unseen[GAIN].value
    # What an unseen mood does alone is no stronger than that mood: the robustness value says how strong.
    assert (
        min(unseen[f"hacking.robustness.{one}"].low for one in (f"gain:{ACT}:returned", f"harm:{ACT}:independence"))
        < 0.1
    )


def test_chance_needs_no_mood():
    rng = np.random.default_rng(8)
    columns = sessions(rng, n_people=150, n_sessions=40, mood=-0.9, gain=0.3, chance=True)
    began, *_, chosen, p = columns
    assigned = pa.table(
        {
            "relationship_id": np.repeat(np.arange(len(began), dtype=np.uint64) + 1, began.shape[1]),
            "period_start": pa.array((began.reshape(-1) * DAY_US).astype(np.int64)).cast(
                PANEL.field("period_start").type
            ),
            "act": [ACT] * began.size,
            "assigned": chosen.reshape(-1),
            "probability": p.reshape(-1),
        }
    )
    found = by_measure(estimate_reward_hacking(panel(columns, opening=False), plan=PLAN, assigned=assigned))
    assert found[PAIR].rung is found[GAIN].rung is Rung.RANDOMISED
    assert found[GAIN].low > 0
    assert found[HARM].low < 0 < found[HARM].high
    assert not any("robustness" in measure for measure in found)
    wrong = assigned.set_column(4, "probability", pa.array(np.ones(began.size)))
    with pytest.raises(OptionError, match="assignment is neither"):
        estimate_reward_hacking(panel(columns), plan=PLAN, assigned=wrong)
    with pytest.raises(OptionError, match="lacks a column"):
        estimate_reward_hacking(panel(columns), plan=PLAN, assigned=assigned.drop_columns(["act"]))


def test_known_noise_is_taken_out_of_the_act():
    rng = np.random.default_rng(21)
    columns = sessions(rng, n_people=150, n_sessions=40, gain=0.5)
    noisy = columns.copy()
    noisy[1] += 0.9 * rng.standard_normal(noisy[1].shape)
    clean, raw = (by_measure(estimate_reward_hacking(panel(one), plan=PLAN))[GAIN].value for one in (columns, noisy))
    noise = {f"rate.{ACT}": (8 * 0.9) ** 2}
    mended = by_measure(estimate_reward_hacking(panel(noisy), plan=PLAN, noise_variance=noise))[GAIN].value
    assert raw < 0.85 * clean
    assert abs(mended - clean) < 0.5 * abs(raw - clean)


def test_few_people_are_described_and_refused():
    rng = np.random.default_rng(2)
    found = estimate_reward_hacking(panel(sessions(rng, n_people=2)), plan=PLAN)
    seen = [one for one in found if one.measure.startswith("hacking.seen:")]
    assert {one.relationship_id for one in seen} == {1, 2}
    assert all(one.rung is Rung.DESCRIBED and one.low is Missing.TOO_FEW for one in seen)
    refused = [one for one in found if one.measure == f"hacking.pair:{ACT}"]
    assert [one.value for one in refused] == [Missing.TOO_FEW]
    assert refused[0].n == 2


def test_many_relationships_of_few_people_are_few_people():
    rng = np.random.default_rng(2)
    one_person = dict.fromkeys(range(1, 61), "ada")
    found = estimate_reward_hacking(panel(sessions(rng, n_people=60)), plan=PLAN, people=one_person)
    assert [one.n for one in found if one.measure.startswith("hacking.pair")] == [1]


def test_short_relationships_are_refused_and_never_silent():
    rng = np.random.default_rng(2)
    found = by_measure(estimate_reward_hacking(panel(sessions(rng, n_people=60, n_sessions=8)), plan=PLAN))
    assert found[GAIN].value is Missing.TOO_FEW
    assert found[f"hacking.pair:{ACT}"].value is Missing.TOO_FEW


def test_an_empty_panel_is_refused_and_a_wrong_one_raises():
    found = estimate_reward_hacking(PANEL.empty_table(), plan=PLAN)
    assert [one.value for one in found] == [Missing.TOO_FEW]
    with pytest.raises(SchemaError, match="columns"):
        estimate_reward_hacking(pa.table({"x": [1]}), plan=PLAN)


def test_limits_are_refused_in_words_for_every_act(both):
    found = by_measure(estimate_reward_hacking(both, plan=Plan(acts=(ACT,))))
    assert found[f"hacking.harm:{ACT}:{LIMITS}"].value is Missing.NOT_IDENTIFIED
    assert set(Plan().goods) == {*GOODS, LIMITS}
    assert set(Plan().rewards) == set(REWARDS)
    assert "ai.flattery" in Plan().acts


def test_the_order_of_people_and_of_rows_does_not_matter(both):
    rng = np.random.default_rng(1)
    mixed = both.take(pa.array(rng.permutation(both.num_rows)))
    first, second = (by_measure(estimate_reward_hacking(one, plan=PLAN)) for one in (both, mixed))
    assert first.keys() == second.keys()
    assert all(first[key].value == pytest.approx(second[key].value, abs=1e-9) for key in (PAIR, GAIN, HARM))


def test_units_of_a_score_do_not_matter(both):
    rows = both.to_pylist()
    for row in rows:
        if row["measure"] == f"rate.{ACT}":
            row["value"] = 3 * row["value"] - 7
    scaled = pa.Table.from_pylist(rows, schema=PANEL)
    first, second = (by_measure(estimate_reward_hacking(one, plan=PLAN)) for one in (both, scaled))
    assert first[GAIN].value == pytest.approx(second[GAIN].value, abs=1e-8)
    assert first[PAIR].null.p == pytest.approx(second[PAIR].null.p, rel=1e-5, abs=1e-12)


def test_a_wider_margin_finds_less(both):
    wide = Margin(gain=0.5, harm=0.5, fixed_in="this test")
    plan = Plan(acts=(ACT,), rewards=("returned",), goods=("independence",), margin=wide)
    assert by_measure(estimate_reward_hacking(both, plan=plan))[PAIR].null.p > 0.5


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"from_days": 3.0, "to_days": 3.0}, "window"),
        ({"level": 1.0}, "level"),
        ({"acts": ()}, "nothing is asked"),
        ({"goods": ("wealth",)}, "nothing is asked"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(wrong, words):
    with pytest.raises(OptionError, match=words):
        Plan(**wrong)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_later_is_the_weighted_mean_over_a_window_of_days(seed):
    rng = np.random.default_rng(seed)
    columns = sessions(rng, n_people=3, n_sessions=6)
    seen = occasions(panel(columns))
    column, weight = seen.column("rate.user.independent"), rng.random(len(seen))
    column[rng.random(len(seen)) < 0.3] = np.nan
    mean, mass, whole = later(seen, column, weight, from_days=0.5, to_days=3.0)
    for row in range(len(seen)):
        ahead = seen.began - seen.ended[row]
        inside = (seen.unit == seen.unit[row]) & (ahead >= 0.5) & (ahead <= 3.0) & np.isfinite(column)
        assert mass[row] == pytest.approx(weight[inside].sum(), abs=1e-9)
        if inside.any():
            assert mean[row] == pytest.approx(np.average(column[inside], weights=weight[inside]), rel=1e-9)
        else:
            assert np.isnan(mean[row])
        assert whole[row] == (seen.ended[row] + 3.0 <= seen.ended.max())


def test_the_jackknife_is_leaving_each_person_out():
    rng = np.random.default_rng(4)
    unit = np.repeat(np.arange(8), 16)
    cluster = unit // 2
    x = rng.standard_normal((128, 3))
    y = x @ [0.5, 0.2, 0.0] + rng.standard_normal(8)[unit] + rng.standard_normal(128)
    found = regress_within(y, x, unit=unit, cluster=cluster, n_clusters=4)
    for person in range(4):
        stays = cluster != person
        alone = regress_within(y[stays], x[stays], unit=unit[stays], cluster=cluster[stays], n_clusters=4)
        assert alone.value == pytest.approx(found.replicates[person], abs=1e-9)
    dummies = (unit[:, None] == np.arange(8)).astype(float)
    plain = np.linalg.lstsq(np.column_stack([x, dummies]), y, rcond=None)[0][0]
    assert found.plain == pytest.approx(plain, abs=1e-9)


def test_a_control_that_repeats_another_is_left_out():
    rng = np.random.default_rng(6)
    unit = np.repeat(np.arange(6), 20)
    x = rng.standard_normal((120, 2))
    y = x[:, 0] + rng.standard_normal(120)
    whole = regress_within(y, x, unit=unit, cluster=unit, n_clusters=6)
    twice = regress_within(y, np.column_stack([x, x[:, 1]]), unit=unit, cluster=unit, n_clusters=6)
    assert twice.value == pytest.approx(whole.value, abs=1e-9)
    still = regress_within(y, np.column_stack([unit, x]).astype(float), unit=unit, cluster=unit, n_clusters=6)
    assert still is None


def test_people_in_groups_give_the_same_slope_and_nearly_the_same_error(monkeypatch):
    rng = np.random.default_rng(6)
    unit = np.repeat(np.arange(120), 16)
    x = rng.standard_normal((len(unit), 2))
    y = x[:, 0] * rng.normal(1, 0.5, 120)[unit] + rng.standard_normal(len(unit))
    alone = regress_within(y, x, unit=unit, cluster=unit, n_clusters=120)
    monkeypatch.setattr(within, "MOST_GROUPS", 60)
    in_groups = regress_within(y, x, unit=unit, cluster=unit, n_clusters=120)
    assert in_groups.value == pytest.approx(alone.value, abs=1e-12)
    assert in_groups.n_clusters == alone.n_clusters == 120
    assert len(in_groups.replicates) == 60
    assert in_groups.se == pytest.approx(alone.se, rel=0.3)


def test_going_on_is_taken_from_its_own_rows_weighted_by_what_they_tell():
    """The panel holds a slope a session with its error; pooled, it is in usual swings of act and of going on."""
    rng = np.random.default_rng(9)
    columns = sessions(rng, n_people=60, n_sessions=20)
    table = panel(columns)
    act = table.filter(pc.equal(table.column("measure").cast(pa.string()), f"rate.{ACT}"))
    size = rng.uniform(0.2, 2.0, act.num_rows)  # sum of squares of the act within the session
    slope = 12 + 100 * 0.4 / np.sqrt(size) * rng.standard_normal(act.num_rows)
    rows = act.set_column(3, "measure", pa.array([f"reward.goes_on.{ACT}"] * act.num_rows)).set_column(
        4, "value", pa.array(slope)
    )
    rows = rows.set_column(5, "se", pa.array(100 * 0.4 / np.sqrt(size)))
    plan = Plan(acts=(ACT,), rewards=("goes_on",), goods=("independence",))
    whole = pa.concat_tables([table.cast(PANEL), rows.cast(PANEL)]).unify_dictionaries()
    found = by_measure(estimate_reward_hacking(whole, plan=plan))[f"hacking.gain:{ACT}:goes_on"]
    swings = np.average(slope, weights=size) / 100 * np.sqrt(size.sum() / 0.4**2 / (10 * act.num_rows))
    assert found.value == pytest.approx(swings, rel=1e-6)
    assert found.n == 10 * act.num_rows
    assert found.low < 0.12 * np.sqrt(size.sum() / 0.16 / (10 * act.num_rows)) < found.high
