"""Who approves, as a figure: words and shapes say it, not colour alone."""

from __future__ import annotations

import pytest

from attunement.errors import OptionError
from attunement.report import draw_verdicts, verdicts_chart
from attunement.theory import Policy, Trajectories, approve, read


@pytest.fixture
def verdicts():
    return approve(Trajectories.of_actions(read("conspiracy"), ["influence"] * 3))


def test_every_evaluator_has_its_words(verdicts, tmp_path):
    text = draw_verdicts(verdicts, tmp_path / "who.svg").read_text()
    assert "The self of the start does not approve" in text
    assert "The self of the end approves" in text
    assert draw_verdicts(verdicts, tmp_path / "who.png").read_bytes().startswith(b"\x89PNG")


def test_many_trajectories_show_their_error():
    import numpy as np

    drmdp = read("conspiracy").having(horizon=2)
    half = np.full((drmdp.n_joint, 2), 0.5)
    policy = Policy(process=Policy.inaction(drmdp).process, chances=(half, half))
    drawn = approve(Trajectories.drawn(policy, n=50, rng=np.random.default_rng(2)))
    rows = [row for rows in verdicts_chart(drawn).to_dict(validate=False)["datasets"].values() for row in rows]
    assert any(row.get("low") is not None for row in rows)


def test_another_ending_is_refused(verdicts, tmp_path):
    with pytest.raises(OptionError, match="this form"):
        draw_verdicts(verdicts, tmp_path / "who.gif")
