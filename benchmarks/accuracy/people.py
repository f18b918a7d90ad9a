"""How well the heads that ship agree with labels by people, for the constructs that have any.

    python benchmarks/accuracy/people.py

Taken from the card of the weights, which `heads.py` wrote: every text was scored by heads that had not seen its writer.
A construct that stands here is no draft any more; that does not make it good: read the figures.

Distrust it: the people labelled sentences of one forum (OffMyChest), and its notion of disclosure and of support is
nearly, but not quite, that of the codebook.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from keeping import keep

from attunement.annotation.heads import shipped_card

BY_PEOPLE = ("offmychest",)
"""Populations whose labels were given by people, and not by those who wrote the texts or by a language model."""


def main() -> None:
    card = shipped_card()
    found = {
        key: [row for row in rows if row["population"] in BY_PEOPLE and row["register"] == "all"]
        for key, rows in card["accuracy"].items()
    }
    kept = {key: rows for key, rows in found.items() if rows}
    keep(__file__, {"version": card["version"], "by_construct": kept}, packages=("numpy", "scipy"))


if __name__ == "__main__":
    main()
