"""How many ordinary messages the rules raise an alarm for, how many they cannot read, and how fast they are.

    python benchmarks/accuracy/rules.py --data DATA/arena_control/arena.jsonl

The data are conversations as lines of JSON with `messages` of `role` and `content`; they are measured and nothing of
their text is kept. Distrust it: an alarm on an ordinary chat is not always wrong, since some of these chats hold
requested role-play, and a low figure says nothing about what is missed.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from attunement import codebook
from attunement.annotation import READ, annotate, choose, unread
from attunement.vocabulary import hashed

THRESHOLDS = (0.5, 0.8)
ROLES = {"user": "person", "human": "person", "assistant": "ai"}
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=RESULTS / "rules.arena_control.json")
    options = parser.parse_args()
    pa.set_cpu_count(1)
    messages = read(options.data)
    (rules,) = choose("rules", codebook=codebook.load())
    annotate(messages.slice(0, 50), annotators=[rules])
    began = time.perf_counter()
    found = annotate(messages, annotators=[rules])
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    reasons = pc.value_counts(unread(messages)).to_pylist()
    result = {
        "population": options.data.parent.name,
        "n_messages": len(messages),
        "mean_characters": round(pc.mean(pc.utf8_length(messages["text"])).as_py(), 1),
        "annotator": f"{rules.name} {rules.version}",
        "alarms_per_1000": {key: alarms(found, key) for key in rules.constructs},
        "unread": {str(row["values"]): row["counts"] for row in reasons if row["values"]},
        "messages_per_second_one_core": round(len(messages) / seconds),
        "share_of_time_for_language": round((time.perf_counter() - began) / seconds, 2),
        "machine": f"{platform.processor() or platform.machine()}, Python {platform.python_version()}",
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


def alarms(found: pa.Table, construct: str) -> dict[str, float]:
    p_present = found.filter(pc.equal(found["construct"], construct))["probability"].drop_null()
    counts = {f"at {limit}": pc.sum(pc.greater_equal(p_present, limit)).as_py() for limit in THRESHOLDS}
    return {"n": len(p_present)} | {word: round(1000 * n / len(p_present), 2) for word, n in counts.items()}


def read(path: Path) -> pa.Table:
    plain = READ.set(READ.get_field_index("role"), pa.field("role", pa.string()))
    return pa.Table.from_pylist(list(rows(path)), schema=plain).cast(READ)


def rows(path: Path) -> Iterator[dict[str, object]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        for position, message in enumerate(json.loads(line)["messages"]):
            yield {
                "conversation_id": str(number),
                "message_id": hashed(str(number), str(position)),
                "parent_id": hashed(str(number), str(position - 1)) if position else None,
                "position": position,
                "role": ROLES.get(message["role"], message["role"]),
                "text": message["content"],
            }


if __name__ == "__main__":
    main()
