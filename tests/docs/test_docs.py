"""Docs are run or generated: pages of reference are fresh, every fence runs, every link leads somewhere, sources exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]
    if "reference" not in path.parts
)
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _fences(language: str):
    for page in PAGES:
        blocks = [
            block for kind, mark, block in FENCE.findall(page.read_text()) if kind == language and "norun" not in mark
        ]
        if blocks:
            yield pytest.param(page, blocks, id=page.relative_to(ROOT).as_posix())


def test_reference_is_fresh():
    run = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr + "run `python docs/generate.py`"


@pytest.fixture
def place(tmp_path):
    """A folder in which the examples lie where the docs say."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


@pytest.mark.parametrize(("page", "blocks"), list(_fences("python")))
def test_python_fences_run(page, blocks, place):
    code = "\n".join(textwrap.dedent(block) for block in blocks)
    run = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{page}: {run.stderr[-2000:]}"


@pytest.mark.parametrize(("page", "blocks"), list(_fences("console")))
def test_console_fences_run(page, blocks, place):
    """Lines that start with `$ ` run in order, in one folder for each page."""
    bin_folder = str(Path(sys.executable).parent)
    for block in blocks:
        for line in block.splitlines():
            if line.startswith("$ "):
                run = subprocess.run(
                    ["bash", "-c", line[2:]],
                    cwd=place,
                    capture_output=True,
                    text=True,
                    check=False,
                    env={**os.environ, "PATH": bin_folder + os.pathsep + os.environ["PATH"]},
                )
                assert run.returncode == 0, f"{page}: {line}\n{run.stderr[-2000:]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_tutorial_runs(place):
    notebook = nbformat.read(ROOT / "docs" / "tutorial" / "first-audit.ipynb", as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(place)}}
    )
    client.execute()
    shown = {key for cell in notebook.cells for output in cell.get("outputs", []) for key in output.get("data", {})}
    assert "image/svg+xml" in shown, "no figure showed itself"


def test_every_source_is_in_the_references():
    known = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "docs" / "references.bib").read_text(), re.MULTILINE))
    wanted = set()
    for path in (ROOT / "src").rglob("*.py"):
        for line in re.findall(r"^\s+Source:\s+(.*(?:\n\s{14,}\S.*)*)", path.read_text(), re.MULTILINE):
            wanted |= set(re.findall(r"\b[a-z]+\d{4}[a-z]?\b", line))
    for path in (ROOT / "src").rglob("*.toml"):
        wanted |= set(re.findall(r'^source = "(\w+)"', path.read_text(), re.MULTILINE))
    assert wanted, "no source was found at all"
    assert wanted <= known, wanted - known


def test_every_checked_line_names_a_benchmark():
    for path in (ROOT / "src").rglob("*.py"):
        for name in re.findall(r"^\s+Checked:\s+(\S+)", path.read_text(), re.MULTILINE):
            assert (ROOT / name).exists(), f"{path}: {name}"


def test_the_version_and_the_changelog_agree():
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert version is not None
    assert f"## {version[1]}" in changelog
    assert "### Numbers that move" in changelog
