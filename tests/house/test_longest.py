"""The tail is seen: the ten longest files and functions are printed at each run, and gross ones fail."""

from __future__ import annotations

import ast
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src" / "attunement"


def test_longest_files(record_property, capsys):
    sizes = sorted(
        ((len(path.read_text().splitlines()), path.relative_to(SRC)) for path in SRC.rglob("*.py")), reverse=True
    )
    with capsys.disabled():
        print("\nlongest files: " + ", ".join(f"{name} {n}" for n, name in sizes[:10]))
    assert sizes[0][0] <= 500


def test_longest_functions(capsys):
    sizes = []
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                n_lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                sizes.append((n_lines, f"{path.relative_to(SRC)}:{node.name}"))
    sizes.sort(reverse=True)
    with capsys.disabled():
        print("\nlongest functions: " + ", ".join(f"{name} {n}" for n, name in sizes[:10]))
    assert sizes[0][0] <= 80
    short = sum(n <= 35 for n, _ in sizes) / len(sizes)
    assert short >= 0.95
