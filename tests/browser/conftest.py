"""A real Chromium that reaches nothing, and pages of made-up contents."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser, sync_playwright

from attunement.report import html

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        reason = f"there is no Chromium at {CHROMIUM}: apt-get install chromium"
        if os.environ.get("ATTUNEMENT_FULL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def made() -> ModuleType:
    path = Path(__file__).parent.parent / "report" / "made.py"
    spec = importlib.util.spec_from_file_location("made_report", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def report_path(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html(made.contents(most_cards=1)), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def everything_path(made: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One relationship in detail with every kind of finding, and what is said over many."""
    contents = made.contents(most_cards=1)
    key = contents.relationships["relationship_id"][0].as_py()
    path = tmp_path_factory.mktemp("everything") / "report.html"
    findings = (*contents.findings, *made.later(key), *made.over_many())
    path.write_text(html(made.contents(most_cards=1, findings=findings)), encoding="utf-8")
    return path
