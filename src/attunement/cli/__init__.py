"""The command line: one verb, one file, one function called.

Takes: what a person types.
Gives: results on standard output (with --json for machines), talk and progress on standard error.
Never: does anything that the package cannot do without it.
"""

from attunement.cli.command import attune, main

__all__ = ["attune", "main"]
