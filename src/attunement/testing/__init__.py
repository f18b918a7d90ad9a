"""Contract checks for people who extend Attunement, used on its own parts first.

Takes: an extension.
Gives: nothing when it keeps its contract, and a SchemaError that says what it broke when it does not.
Never: needs a test framework, the network or files of its own.
"""

from attunement.testing.annotators import check_annotator
from attunement.testing.sources import check_source

__all__ = ["check_annotator", "check_source"]
