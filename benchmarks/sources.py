"""Are the counts of known exports right?

    python benchmarks/sources.py --data FOLDER

FOLDER holds `convai2_wild`, `mibot_mi`, `chatgpt_export_masked` and `export_fixtures`. What is expected was counted
without this package, or stands in the notes of each data set. Only counts are kept. Ends with 1 if one is wrong.

Of the 383 rated dialogues of convai2_wild, 278 have a reply of a bot, which then carries the rating. In the other 105
the bot never says anything, so the rating stands with the last message of the person, and a notice says so.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from keeping import keep

from attunement.audit import take_in
from attunement.panels import find_sessions
from attunement.sources import Form, mapped, read
from attunement.store import Store

MAPPINGS = Path(__file__).parent / "mappings"
EXPECTED: dict[str, dict[str, int]] = {
    "convai2_wild/dialogs.json": {
        "conversations": 714,
        "people": 460,
        "messages": 9936,
        "person": 5094,
        "ai": 4842,
        "rated": 383,
        "rated_ai": 278,
        "stated": 714,
    },
    "mibot_mi/transcripts.jsonl": {"conversations": 58, "people": 58, "messages": 4587, "stated": 0},
    "chatgpt_export_masked/conversations.json": {
        "conversations": 192,
        "people": 1,
        "relationships": 1,
        "messages": 1560,
        "person": 645,
        "ai": 686,
        "system": 192,
        "tool": 37,
        "branch_points": 4,
        "off_path": 9,
        "sessions_15": 253,
        "sessions_30": 178,
        "sessions_60": 139,
    },
    "export_fixtures/chatgpt_mitkury_branch.json": {"conversations": 1, "branch_points": 1},
    "export_fixtures/chatgpt_looselips_minimal.json": {"conversations": 5, "stated": 0},
}


GAPS = (15, 30, 60)
"""Minutes without a message, after which a new session begins."""


def sessions(path: Path, form: Form | None) -> dict[str, int]:
    """How many sessions there are, at each gap, of what a store keeps of the export."""
    with Store() as store:
        take_in(read(path, form=form), store, read_from=path.name)
        return {
            f"sessions_{gap}": sum(batch.num_rows for batch in find_sessions(store.turns(), gap_minutes=gap))
            for gap in GAPS
        }


def found(path: Path, form: Form | None) -> dict[str, int]:
    """What there is to count of an export."""
    rows: list[dict[str, Any]] = [row for batch in read(path, form=form) for row in batch.to_pylist()]
    children = Counter(row["parent_id"] for row in rows if row["parent_id"] is not None)
    return {
        "conversations": len({(row["relationship_id"], row["conversation_id"]) for row in rows}),
        "people": len({row["person_id"] for row in rows}),
        "relationships": len({row["relationship_id"] for row in rows}),
        "messages": len(rows),
        **{role: sum(row["role"] == role for row in rows) for role in ("person", "ai", "system", "tool")},
        "branch_points": sum(n > 1 for n in children.values()),
        "off_path": sum(not row["on_path"] for row in rows),
        "rated": sum(row["rating"] is not None for row in rows),
        "rated_ai": sum(row["rating"] is not None and row["role"] == "ai" for row in rows),
        "stated": sum(row["sent_at_is"] == "stated" for row in rows),
        **sessions(path, form),
    }


def main() -> int:
    """Read each export, and hold its counts against what is expected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data: Path = parser.parse_args().data
    results: dict[str, Any] = {}
    for name, expected in EXPECTED.items():
        described = MAPPINGS / f"{Path(name).parent}.toml"
        counts = found(data / name, mapped(described) if described.exists() else None)
        wrong = {key: {"expected": n, "found": counts[key]} for key, n in expected.items() if counts[key] != n}
        results[name] = {"expected": expected, "found": counts, "wrong": wrong}
    keep(__file__, results, packages=("pyarrow", "jiter"))
    return 1 if any(result["wrong"] for result in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
