"""How well the heads agree with labels they were not fitted to, construct by construct and population by population.

    python benchmarks/accuracy/heads.py --data DATA [--ship]

Trains the heads as they ship, on the exemplars and on the sets that weights may come from, and keeps for each
construct what cross-fitting says: whole scenes, conversations, writers and scenarios are held out. `--ship` writes the
weights into the package.

Distrust it: the exemplars are written, by few writers, to be hard; spiral_bench is a language model's conversation with
another, labelled by a third; a figure on either is no figure on a companion's users.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accuracy.populations import Labelled, offmychest, spiral
from keeping import keep

from attunement.annotation.heads import SHIPPED
from attunement.codebook import load
from attunement.rows import train_on

LICENCES = {
    "spiral_bench": "MIT (Sam Paech)",
    "offmychest": "CC BY 4.0 (Jaidka et al., CL-Aff OffMyChest)",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--ship", action="store_true")
    options = parser.parse_args()
    keys = set(load().keys)
    rows = [row for row in [*spiral(options.data), *offmychest(options.data)] if row.construct in keys]
    keep(__file__, shipped(rows, ship=options.ship), packages=("numpy", "scipy"))


def shipped(rows: list[Labelled], *, ship: bool) -> dict:
    """Train as shipped, and give the card's figures."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "labels.jsonl"
        path.write_text("".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        out = SHIPPED if ship else Path(folder) / "weights"
        done = train_on([path], out=out, licences=LICENCES, progress=say)
        return json.loads(done.card.read_text(encoding="utf-8"))


def say(stage: str, share: float) -> None:
    print(f"\r{stage:<30} {100 * share:3.0f} %", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
