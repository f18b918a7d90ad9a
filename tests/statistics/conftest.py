"""The arithmetic, loaded a second time so that every shape and type in its annotations is checked at each call."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

import attunement
import attunement.statistics as unchecked

SIMULATED = Path(__file__).resolve().parents[2] / "benchmarks" / "recovery" / "simulated.py"


@pytest.fixture(scope="session")
def statistics():
    """`attunement.statistics` with jaxtyping and beartype at every function, private ones included."""
    name = unchecked.__name__
    kept = {key: sys.modules.pop(key) for key in list(sys.modules) if key == name or key.startswith(f"{name}.")}
    try:
        with install_import_hook(name, "beartype.beartype"):
            return importlib.import_module(name)
    finally:
        for key in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
            del sys.modules[key]
        sys.modules.update(kept)
        attunement.statistics = unchecked


@pytest.fixture(scope="session")
def simulated():
    """The simulation of the benchmarks, so that tests and benchmarks know one truth."""
    spec = importlib.util.spec_from_file_location("simulated_sessions", SIMULATED)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
