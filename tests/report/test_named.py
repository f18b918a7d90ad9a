"""What only many relationships can show has names in words: no key of a measure reaches a reader."""

from __future__ import annotations

import pytest

from attunement.report.names import Names

NAMES = Names({"user.defer": "leaving the decision to the AI", "user.need_met": "a need felt as met"})


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("decoupling.excess.sessions~rating", "Apart beyond chance: sessions, rating by the person, from 0 to 1"),
        ("decoupling.apart.gap~user.need_met", "Wanting up, liking down: how soon they come back, a need felt as met"),
        ("decoupling.wanting.gap", "Slope of wanting: how soon they come back"),
        ("break.known.minutes@release", "After less before: minutes of contact, another model took over"),
        ("break.known.minutes@release.a.1 to b.2", "After less before: minutes of contact, a.1 to b.2"),
        ("break.early.reward.rating@outage.2", "A window earlier: rating of a session, outage 2"),
        ("break.when.sessions", "Day of the clearest cut: sessions"),
        ("drift.total.rate.user.defer", "Change: leaving the decision to the AI"),
        ("drift.induced.release.rate.user.defer", "Change that goes with the AI: at a change of the AI"),
        ("accommodation.person", "The person's way towards the AI's style"),
        ("accommodation.distinct.ai", "Share of the other's style that one's own does not foretell: AI"),
    ],
)
def test_measures(measure, words):
    assert NAMES.measure(measure).replace(" (person)", "").startswith(words)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("decoupling", "Wanting and liking"),
        ("decoupling.own", "Wanting and liking"),
        ("decoupling.sessions~rating", "Wanting and liking: sessions, rating by the person, from 0 to 1"),
        ("break.own", "A break in this relationship"),
        ("break.known.release", "Around an event: another model took over"),
        ("break.known.outage.1", "Around an event: outage 1"),
        ("drift.rate.user.defer", "Drift: leaving the decision to the AI"),
        ("accommodation.who_moved", "Whose style moves"),
    ],
)
def test_findings(key, words):
    assert NAMES.finding(key).replace(" (person)", "") == words


def test_other_measures_keep_their_names():
    assert NAMES.measure("rate.user.defer") == "Leaving the decision to the AI (person)"
    assert NAMES.measure("sessions") == "Sessions"
    assert NAMES.finding("driftwood.x") == "X"
