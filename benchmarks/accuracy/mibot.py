"""Whether what is read in motivational interviews by a chatbot goes with what smokers reported around them.

    python benchmarks/accuracy/mibot.py --data DATA

106 smokers talked once with a chatbot (mibot_mi). Asked is whether the mean probability of the person's own talk
(user.need_met, user.independent) goes with the change of their confidence, and the AI's ai.autonomy with the CARE scale
of perceived empathy. Spearman correlations with bootstrap intervals over people; the answer is kept whatever it is.
Distrust it: one session a person, one chatbot, self-reports, several correlations looked at: association and no more.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accuracy.talks import ROLES, as_messages
from keeping import keep

from attunement.annotation import annotate, choose
from attunement.codebook import load

ASKED = (
    ("user.need_met", "change of confidence, before to after"),
    ("user.independent", "change of confidence, before to after"),
    ("user.need_met", "change of confidence, before to a week later"),
    ("user.ineffective", "change of confidence, before to after"),
    ("user.pressured", "change of confidence, before to after"),
    ("ai.autonomy", "CARE"),
    ("ai.understand", "CARE"),
    ("ai.warmth", "CARE"),
    ("ai.control", "CARE"),
    ("ai.autonomy", "change of confidence, before to after"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--annotator", default="fast")
    options = parser.parse_args()
    annotators = choose(options.annotator, codebook=load())
    talks = list(conversations(options.data / "mibot_mi" / "transcripts.jsonl"))
    survey = outcomes(options.data / "mibot_mi" / "survey.csv")
    messages = as_messages(talks)
    people = messages["conversation_id"].to_pylist()
    found = annotate(messages, annotators=annotators)
    rows = []
    for key, outcome in ASKED:
        of_key = found.filter(pc.equal(found["construct"], key))
        total: dict[str, list[float]] = {}
        for message_id, p in zip(of_key["message_id"].to_pylist(), of_key["probability"].to_pylist(), strict=True):
            if p is not None:
                total.setdefault(people[message_id - 1], []).append(p)
        pairs = [
            (np.mean(values), survey[person][outcome])
            for person, values in total.items()
            if person in survey and survey[person][outcome] is not None
        ]
        rows.append({"construct": key, "outcome": outcome} | correlation(np.array(pairs)))
    keep(
        __file__,
        {"population": "mibot_mi", "annotator": [f"{one.name} {one.version}" for one in annotators], "rows": rows},
        name=None if options.annotator == "fast" else f"mibot.{options.annotator}",
    )


def conversations(path: Path):
    """Each person's session, utterances of one volley joined to a message."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            talk = json.loads(line)
            turns: list[tuple[str, str]] = []
            last = None
            for one in talk["utterances"]:
                if one["volley_number"] == last and turns:
                    turns[-1] = (turns[-1][0], f"{turns[-1][1]} {one['text']}")
                else:
                    turns.append((ROLES[one["speaker"]], one["text"]))
                last = one["volley_number"]
            yield talk["participant_id"], turns


def outcomes(path: Path) -> dict[str, dict[str, float | None]]:
    found = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            before, after = number(row["PreRulerConfidence"]), number(row["PostRulerConfidence"])
            later = number(row["WeekLaterRulerConfidence"])
            care = [number(row[f"CAREQ{item}"]) for item in range(1, 11)]
            found[row["ParticipantID"]] = {
                "change of confidence, before to after": None if None in (before, after) else after - before,
                "change of confidence, before to a week later": None if None in (before, later) else later - before,
                "CARE": None if None in care else float(np.sum(care)),
            }
    return found


def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def correlation(pairs: np.ndarray) -> dict:
    rng = np.random.default_rng(0)
    rho = float(spearmanr(pairs[:, 0], pairs[:, 1]).statistic)
    draws = []
    for _ in range(2000):
        drawn = pairs[rng.integers(len(pairs), size=len(pairs))]
        draws.append(spearmanr(drawn[:, 0], drawn[:, 1]).statistic)
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return {"n": len(pairs), "spearman": round(rho, 3), "interval": [round(float(low), 3), round(float(high), 3)]}


if __name__ == "__main__":
    main()
