"""The floors: imports only fall, folders are entered by their face, and every stage says what it takes and gives."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

import attunement

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "attunement"
FOLDERS = sorted(path.name for path in SRC.iterdir() if (path / "__init__.py").exists())
ROOMS = sorted(
    path.parent.relative_to(SRC).as_posix()
    for path in SRC.glob("*/*/__init__.py")
    if "Takes:" in path.read_text(encoding="utf-8")
)
"""Folders within a stage that have a face of their own: docs/decisions/007."""


def test_contracts_of_import_linter():
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("attunement", cache_dir=None)


def test_a_folder_is_entered_by_its_face(graph):
    broken = []
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            here, there = importer.split("."), imported.split(".")
            crosses = len(here) > 1 and len(there) > 2 and here[1] != there[1]
            if crosses and there[1] in FOLDERS and "/".join(there[1:]) not in ROOMS:
                broken.append(f"{importer} -> {imported}")
    assert not broken, f"import the face of the folder instead: {broken}"


@pytest.mark.parametrize("folder", [*FOLDERS, *ROOMS])
def test_a_stage_says_what_it_takes_gives_and_never_does(folder):
    text = ast.get_docstring(ast.parse((SRC / folder / "__init__.py").read_text())) or ""
    lines = [line for line in text.splitlines() if line]
    assert [line.split(":")[0] for line in lines[1:4]] == ["Takes", "Gives", "Never"], folder


@pytest.mark.parametrize("folder", [*FOLDERS, *ROOMS])
def test_a_face_is_sorted_small_and_true(folder):
    face = importlib.import_module(f"attunement.{folder.replace('/', '.')}")
    assert face.__all__ == sorted(face.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    limit = 30 if folder == "vocabulary" else 14
    assert len(face.__all__) <= limit
    modules = {name for _, name, _ in pkgutil.iter_modules(face.__path__)}
    visible = {name for name in vars(face) if not name.startswith("_")} - modules
    assert visible == set(face.__all__) - modules


def test_the_front_door_is_true():
    modules = {name for _, name, _ in pkgutil.iter_modules(attunement.__path__)}
    visible = {name for name in vars(attunement) if not name.startswith("_")} - modules
    assert visible - {"version"} == set(attunement.__all__) - modules


def test_no_type_checking_escapes():
    for path in SRC.rglob("*.py"):
        assert "TYPE_CHECKING" not in path.read_text(), path


def test_no_assert_no_print_no_bare_except_in_the_package():
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            assert not isinstance(node, ast.Assert), f"{path}:{node.lineno} asserts"
            assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"{path}:{node.lineno} bare except"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", f"{path}:{node.lineno} prints"


def test_no_forbidden_names():
    forbidden = {"utils", "helpers", "common", "base", "manager", "handler", "misc"}
    for path in SRC.rglob("*.py"):
        assert path.stem not in forbidden, path


def test_the_audit_reads_like_a_sentence():
    assert len((SRC / "audit.py").read_text().splitlines()) <= 150
