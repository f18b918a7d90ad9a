"""What the constructs are: one TOML file each, read and checked, with the turns that were written to teach them.

Takes: a folder of construct files; without one, those that ship with the package.
Gives: a Codebook of Constructs: what counts and does not, need and sign, source, validation; the Exemplars of each.
Never: annotates a message, or holds the wording of anybody else's codebook.
"""

from attunement.codebook.exemplars import ORDINARY, REGISTERS, Exemplar, faults, read_exemplars, wanted
from attunement.codebook.reading import Codebook, load
from attunement.codebook.records import DILEMMAS, NEEDS, SIDES, SIGNS, UNITS, Construct

__all__ = [
    "DILEMMAS",
    "NEEDS",
    "ORDINARY",
    "REGISTERS",
    "SIDES",
    "SIGNS",
    "UNITS",
    "Codebook",
    "Construct",
    "Exemplar",
    "faults",
    "load",
    "read_exemplars",
    "wanted",
]
