"""How many ordinary messages raise an alarm, per construct.

    python benchmarks/accuracy/alarms.py --data DATA [--annotator fast]

Every message of arena_control (ordinary chats with assistants of 2023) is read. An alarm is a probability from .5 on.
Nothing of the text is kept. Distrust it: some of these chats hold requested role-play and flattery that is really
there, so an alarm is not always wrong; few alarms say nothing about what is missed; and ordinary exemplars of our own
were written after seeing what kinds of these messages raised alarms (none is copied), so other chats may raise more.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accuracy.talks import arena, as_messages
from keeping import keep

from attunement.annotation import annotate, choose
from attunement.codebook import load

THRESHOLD = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--annotator", default="fast")
    options = parser.parse_args()
    codebook = load()
    annotators = choose(options.annotator, codebook=codebook)
    found = annotate(as_messages(arena(options.data)), annotators=annotators)
    rows = {key: alarms(found, key) for one in annotators for key in one.constructs}
    exploiting = [
        key for key in rows if codebook.construct(key).side == "ai" and codebook.construct(key).sign == "thwarts"
    ]
    keep(
        __file__,
        {
            "population": "arena_control",
            "annotator": [f"{one.name} {one.version}" for one in annotators],
            "threshold": THRESHOLD,
            "per_1000": rows,
            "exploiting_above_5": [key for key in exploiting if rows[key]["alarms"] > 5],
            "n_exploiting": len(exploiting),
        },
        name=None if options.annotator == "fast" else f"alarms.{options.annotator}",
    )


def alarms(found, key: str) -> dict:
    """Alarms per 1,000 messages of the construct's side, and the mean probability."""
    p = found.filter(pc.equal(found["construct"], key))["probability"].drop_null().to_numpy()
    return {
        "n": len(p),
        "alarms": round(1000 * float((p >= THRESHOLD).mean()), 2),
        "mean_probability": round(float(p.mean()), 4),
    }


if __name__ == "__main__":
    main()
