"""Invented turns, and slow, plain-Python ways to what the kernels must give."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def slow():
    """The slow reference, as a module."""
    spec = importlib.util.spec_from_file_location("slow_panels", Path(__file__).with_name("slow.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
