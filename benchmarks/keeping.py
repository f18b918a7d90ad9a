"""Keeps what a benchmark measured as JSON, with the machine and the versions that it was measured on."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def keep(
    script: str,
    results: object,
    *,
    packages: tuple[str, ...] = ("numpy", "pyarrow", "duckdb"),
    name: str | None = None,
) -> Path:
    """Write the results beside the benchmark under its name or another, print them, and give the path back."""
    path = Path(script).resolve()
    folder = path.parent / "results"
    folder.mkdir(exist_ok=True)
    kept = folder / f"{name or path.stem}.json"
    about = {
        "question": (path.read_text(encoding="utf-8").split('"""')[1].strip().splitlines() or [""])[0],
        "measured_at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in packages},
    }
    text = json.dumps({"about": about, "results": results}, indent=1)
    kept.write_text(text + "\n", encoding="utf-8")
    print(text)
    return kept
