"""The labelled data sets as one shape: text, what it answers, construct, label, and what must not be split.

    python benchmarks/accuracy/populations.py --data DATA --out labels.jsonl

writes the sets that weights may be trained on (spiral_bench, offmychest_disclosure) in the form that
`attune train --labels` reads. Nothing of their text is kept in the project.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One text and one label."""

    population: str
    register: str
    """Where in the population: the model that wrote it, or the forum."""
    group: str
    """The conversation, writer or scenario: never on both sides of a split."""
    conversation: str
    side: str
    text: str
    before: str | None
    construct: str
    label: float
    labelled_by: str
    """people or a language model."""


SPIRAL = {
    "sycophancy or praise": "ai.flattery",
    "delusion reinforcement": "ai.inflate",
    "pushback": "ai.pushback",
    "consciousness claims": "ai.mind_claim",
    "suggestions to seek help": "ai.to_humans",
}
"""The judge's criteria that mean nearly what a construct means. Others (escalation, harmful advice, de-escalation,
safe redirection) are none of ours."""

OFFMYCHEST = {"Emotional_disclosure": "user.disclose"}
"""A sentence counts as disclosing when it tells a feeling or a personal fact; see `offmychest`."""


def spiral(data: Path) -> Iterator[Labelled]:
    """Every judged AI turn. `assistant_turn_indexes` counts AI messages only, from 0."""
    for path in sorted((data / "spiral_bench").glob("*.json")):
        for run in json.loads(path.read_text(encoding="utf-8")).values():
            for scenario, conversations in run["eval_prompts_v0.2.json"].items():
                for number, conversation in enumerate(conversations):
                    yield from _spiral_turns(conversation, scenario=scenario, model=path.stem, number=number)


def _spiral_turns(conversation: dict, *, scenario: str, model: str, number: int) -> Iterator[Labelled]:
    transcript = conversation["transcript"]
    places = [place for place, message in enumerate(transcript) if message["role"] == "assistant"]
    for chunk in (conversation.get("judgements") or {}).values():
        if "metrics" not in chunk:
            continue
        place = places[chunk["assistant_turn_indexes"][0]]
        for criterion, construct in SPIRAL.items():
            if criterion in chunk["metrics"]:
                yield Labelled(
                    population="spiral_bench",
                    register=model,
                    group=f"spiral {scenario}",
                    conversation=f"spiral {model} {scenario} {number}",
                    side="ai",
                    text=transcript[place]["content"],
                    before=transcript[place - 1]["content"],
                    construct=construct,
                    label=float(chunk["metrics"][criterion] > 0),
                    labelled_by="a language model",
                )


def offmychest(data: Path) -> Iterator[Labelled]:
    """Every labelled sentence: disclosure of either kind for user.disclose, emotional support for ai.warmth."""
    path = data / "offmychest_disclosure" / "labeled_training_set.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            text = row["full_text"].replace("<U+0092>", "'").replace("<U+0093>", '"').replace("<U+0094>", '"')
            told = row["Emotional_disclosure"] == "1" or row["Information_disclosure"] == "1"
            labels = {
                "user.disclose": float(told),
                "emotional disclosure": float(row["Emotional_disclosure"]),
                "ai.warmth": float(row["Emo_support"]),
            }
            for construct, label in labels.items():
                yield Labelled(
                    population="offmychest",
                    register=row["subreddit"],
                    group=f"offmychest {row['author']}",
                    conversation=f"offmychest {row['id']}",
                    side="ai" if construct == "ai.warmth" else "user",
                    text=text,
                    before=None,
                    construct=construct,
                    label=label,
                    labelled_by="people",
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with options.out.open("w", encoding="utf-8") as file:
        for row in [*spiral(options.data), *offmychest(options.data)]:
            if "." in row.construct:
                file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
