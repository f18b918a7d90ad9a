"""Reads what people and operators export, in every form that the project knows.

Takes: a file, a folder or a zip that somebody exported.
Gives: batches of MESSAGES, EVENTS, and NOTICES of what was skipped, mended or inferred, and why.
Never: writes to disk, drops a record silently, or guesses a form from a file's name.
"""

from attunement.sources.formats import FORMATS
from attunement.sources.forms import Form, Sample
from attunement.sources.mapping import mapped
from attunement.sources.masking import mask
from attunement.sources.reading import Reading, read
from attunement.sources.rows import Rows

__all__ = ["FORMATS", "Form", "Reading", "Rows", "Sample", "mapped", "mask", "read"]
