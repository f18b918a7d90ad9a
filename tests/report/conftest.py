"""Made-up contents for the tests of the report."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from attunement.report import Contents, html


def _made() -> ModuleType:
    spec = importlib.util.spec_from_file_location("made_report", Path(__file__).parent / "made.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made() -> ModuleType:
    return _made()


@pytest.fixture(scope="session")
def three(made: ModuleType) -> Contents:
    return made.contents()


@pytest.fixture(scope="session")
def page(three: Contents) -> str:
    return html(three)
