"""Numba, or a sentence that says how to get it: 200 MB that no report needs are an extra."""

from __future__ import annotations

from attunement.errors import ExtraMissing

try:
    import numba
except ImportError as missing:
    raise ExtraMissing(
        "arithmetic over time needs numba",
        got="it is not installed",
        have="the extra `longitudinal`",
        do='run: pip install "attunement[longitudinal]"',
    ) from missing

__all__ = ["numba"]
