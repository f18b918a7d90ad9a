"""What the constructs are: one TOML file each, read and checked.

Takes: a folder of construct files; without one, those that ship with the package.
Gives: a Codebook of Constructs: definition, what counts and does not, need and sign, dilemma, source, validation.
Never: annotates a message, or holds the wording of anybody else's codebook.
"""

from attunement.codebook.reading import Codebook, load
from attunement.codebook.records import DILEMMAS, NEEDS, SIDES, SIGNS, UNITS, Construct

__all__ = ["DILEMMAS", "NEEDS", "SIDES", "SIGNS", "UNITS", "Codebook", "Construct", "load"]
