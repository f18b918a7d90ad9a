"""Placeholder: a second helper (same brief, began 13:37) is writing this file now, and masking, tests/fuzz, test_bad_input; you keep the formats."""

from pathlib import Path

from attunement.sources.forms import Form


def mapped(path: str | Path) -> Form:
    """The form that a mapping file describes."""
    raise NotImplementedError(path)
