"""Small random decision processes, and the slow way to solve them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from jaxtyping import install_import_hook

import attunement
import attunement.theory as unchecked
from attunement.theory import DRMDP

_FILE = Path(__file__).parent / "brute_force.py"


def _brute():
    spec = importlib.util.spec_from_file_location("theory_brute_force", _FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Brute


@st.composite
def processes(draw, *, chance=True, alike=False, autonomous=False, horizons=(1, 3), n_thetas=(1, 3)):
    """A decision process of few states, in which each action has at most two outcomes."""
    k_states, k_thetas = draw(st.integers(1, 2)), draw(st.integers(*n_thetas))
    horizon = draw(st.integers(*horizons))
    seed = draw(st.integers(0, 2**32 - 1))
    has_next, discount = draw(st.booleans()), draw(st.sampled_from([1.0, 0.5]))
    rng = np.random.default_rng(seed)
    shape = k_states, k_thetas, 2
    transition = np.zeros((*shape, *shape[:2]))
    onward = rng.integers(0, k_thetas, size=(k_thetas,))
    for at in np.ndindex(shape):
        for _ in range(2 if chance and rng.random() < 0.5 else 1):
            theta = onward[at[1]] if autonomous else rng.integers(k_thetas)
            transition[(*at, rng.integers(k_states), theta)] += rng.choice([1.0, 2.0])
    transition /= transition.sum(axis=(3, 4), keepdims=True)
    reward = rng.integers(-2, 3, size=(k_thetas, k_states, 2, k_states if has_next else 1)).astype(float)
    if alike:
        reward = np.broadcast_to(reward[:1], reward.shape).copy()
    return DRMDP.of_arrays(
        transition=transition,
        reward=reward,
        name=f"random {seed}",
        states=tuple(f"s{place}" for place in range(k_states)),
        thetas=tuple(f"t{place}" for place in range(k_thetas)),
        actions=("noop", "act"),
        noop="noop",
        start=("s0", "t0"),
        horizon=horizon,
        discount=discount,
    )


@pytest.fixture(scope="session")
def brute():
    return _brute()


@pytest.fixture(scope="session")
def random_processes():
    return processes


@pytest.fixture(scope="session")
def checked():
    """`attunement.theory` with jaxtyping and beartype at every function, private ones included."""
    name = unchecked.__name__
    kept = {key: sys.modules.pop(key) for key in list(sys.modules) if key == name or key.startswith(f"{name}.")}
    try:
        with install_import_hook(name, "beartype.beartype"):
            return importlib.import_module(name)
    finally:
        for key in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
            del sys.modules[key]
        sys.modules.update(kept)
        attunement.theory = unchecked
