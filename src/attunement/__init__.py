"""Finds out whether an AI supports or exploits the people who keep talking with it, over whole relationships.

import attunement

found = attunement.audit("my-export.zip")
found.table("sessions").pandas()
found.figures["use"]
"""

from importlib.metadata import version

from attunement.audit import audit
from attunement.errors import AttunementError
from attunement.keeping import forget, keep, report
from attunement.report import Audited
from attunement.sources import mask
from attunement.vocabulary import Estimate, Finding, Missing, Rung

__version__ = version("attunement")

__all__ = [
    "AttunementError",
    "Audited",
    "Estimate",
    "Finding",
    "Missing",
    "Rung",
    "audit",
    "forget",
    "keep",
    "mask",
    "report",
]
