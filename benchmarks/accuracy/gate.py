"""How many written signs of acute risk the gate raises, and how many ordinary messages with them.

    python benchmarks/accuracy/gate.py --data DATA [--ship]

Fits the head anew, each scene held out, and keeps recall and price on the exemplars; then counts what the gate raises
among the person's messages of arena_control, which are measured and of which nothing is kept. `--ship` writes the
weights into the package first.

Distrust it: the patterns were written by somebody who had read the exemplars, so their recall is no held-out figure;
the head's is. Exemplars are written, by few writers. The gate was never tried on people in a crisis, and an ordinary
chat that is raised may be a true one.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accuracy.rules import read
from keeping import keep
from training.gate import figures, trained

from attunement.annotation.gate import load_gate, shipped_rule, write_gate
from attunement.annotation.gate.gating import patterns_in
from attunement.annotation.matching import Matcher


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--ship", action="store_true")
    options = parser.parse_args()
    found = trained()
    on_exemplars = figures(found)
    if options.ship:
        write_gate(found.weights, {"threshold": found.threshold, "exemplars": on_exemplars})
    keep(
        __file__,
        {"exemplars": on_exemplars, "arena_control": raised(options.data / "arena_control" / "arena.jsonl")},
        packages=("numpy", "scipy", "pyarrow"),
    )


def raised(path: Path) -> dict[str, object]:
    """What the gate that ships raises among the person's messages of ordinary chats."""
    gate = load_gate()
    messages = read(path)
    began = time.perf_counter()
    flags = gate.flag(messages)
    seconds = time.perf_counter() - began
    n_read = pc.count(flags["flagged"]).as_py()
    is_person = pc.equal(messages["role"].cast(pa.string()), "person")
    texts = messages["text"].filter(is_person).combine_chunks()
    by_pattern = patterns_in(Matcher(shipped_rule()), texts).spans[:, 0] >= 0
    return {
        "gate_version": gate.version,
        "n_read": n_read,
        "n_not_read": flags.num_rows - n_read,
        "per_1000": round(1000 * (pc.sum(flags["flagged"]).as_py() or 0) / n_read, 1),
        "per_1000_by_patterns": round(1000 * float(np.mean(by_pattern)), 1),
        "messages_per_second": round(flags.num_rows / seconds),
    }


if __name__ == "__main__":
    main()
