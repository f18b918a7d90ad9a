"""Every shape and type that an annotation states, held at each call."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st


def test_the_examples(checked):
    for name in checked.EXAMPLES:
        drmdp = checked.read(name)
        assert checked.results(drmdp)
        assert checked.approve(checked.Policy.inaction(drmdp))
        drawn = checked.Trajectories.drawn(checked.Policy.inaction(drmdp), n=5, rng=np.random.default_rng(3))
        assert checked.approve(drawn)


@given(data=st.data())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_random_ones(data, checked, random_processes):
    made = data.draw(random_processes())
    fields = {name: getattr(made, name) for name in made.__dataclass_fields__}
    drmdp = checked.DRMDP(**fields)
    assert checked.results(drmdp)
    assert checked.pareto_front(drmdp).corners(unambiguous=False).size
    policy = checked.Policy.of_actions(drmdp, {}, otherwise="act")
    assert isinstance(policy.influences(), bool)
    assert isinstance(policy.is_unambiguously_desirable, bool)
    assert checked.approve(policy)
