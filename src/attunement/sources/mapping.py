"""Placeholder until the mapping reader is written here."""

from pathlib import Path

from attunement.sources.forms import Form


def mapped(path: str | Path) -> Form:
    """The form that a mapping file describes."""
    raise NotImplementedError(path)
