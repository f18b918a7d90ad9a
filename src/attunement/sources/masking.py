"""Placeholder: a second helper (same brief, began 13:37) is writing this file now, and mapping, tests/fuzz, test_bad_input; you keep the formats."""

from pathlib import Path


def mask(path: str | Path, destination: str | Path) -> dict[str, int]:
    """Copy an export with its letters and digits masked."""
    raise NotImplementedError(path, destination)
