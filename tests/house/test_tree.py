"""What must not stand in the tree: lock files, paths of one machine, texts longer than a decision note may be."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _tracked() -> list[Path]:
    run = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]
    return [ROOT / name for name in run.stdout.splitlines()]


def test_no_lock_files():
    names = {path.name for path in _tracked()}
    assert not names & {"uv.lock", "poetry.lock", "package-lock.json", "Pipfile.lock"}


def test_no_path_of_one_machine():
    own = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:work|farm|root)/[a-z]")
    texts = {".py", ".md", ".toml", ".json", ".ipynb", ".cff", ".txt", ".bib"}
    for path in _tracked():
        if path.suffix in texts and path.exists() and path != Path(__file__).resolve():
            assert not own.search(path.read_text(encoding="utf-8", errors="replace")), path


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.name)
def test_a_decision_note_is_short_and_whole(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 60
    for heading in ("## Problem", "## Choice", "## Rejected"):
        assert heading in text, heading
