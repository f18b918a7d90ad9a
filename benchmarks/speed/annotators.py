"""Messages a second for all constructs, beside VADER and Empath on the same text in the same run.

    pip install vaderSentiment empath
    python benchmarks/speed/annotators.py --data DATA [--annotators fast,accurate]

Every message of arena_control, five times over; each annotator gets batches of 2,048 messages on as many threads as
`annotate_batches` starts, the peers one message at a time in one process for each core. Best of three runs.
Distrust it: the peers give four and 194 figures from word lists, ours 35 probabilities with evidence; the comparison is
of what it costs to read a message, not of what is got for it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accuracy.talks import arena, as_messages
from keeping import keep

from attunement.annotation import annotate_batches, choose
from attunement.codebook import load

N_TIMES = 5
_PEER: dict[str, object] = {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--annotators", default="fast,rules")
    options = parser.parse_args()
    talks = list(arena(options.data))
    texts = [text for _, turns in talks for _, text in turns]
    results: dict[str, object] = {
        "n_messages": len(texts),
        "mean_characters": round(sum(map(len, texts)) / len(texts), 1),
        "messages_per_second": {},
    }
    speeds = results["messages_per_second"]
    for name in options.annotators.split(","):
        n_times = N_TIMES if name != "accurate" else 1
        many = as_messages(
            (f"{conversation} {time_}", turns) for time_ in range(n_times) for conversation, turns in talks
        )
        annotators = choose(name, codebook=load())
        speeds[name] = best(
            lambda many=many, annotators=annotators: run(many, annotators), n=len(many), runs=3 if n_times > 1 else 1
        )
        results.setdefault("n_constructs", {})[name] = sum(len(one.constructs) for one in annotators)
    for name in ("vader", "empath"):
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(peer, [(name, texts[:8])] * 4))
            parts = [(name, texts[start::8]) for start in range(8)]
            speeds[name] = best(lambda pool=pool, parts=parts: list(pool.map(peer, parts)), n=len(texts))
    results["ratio_to_vader"] = {name: round(speed / speeds["vader"], 2) for name, speed in speeds.items()}
    keep(__file__, results, packages=("numpy", "scipy", "pyarrow", "vaderSentiment", "empath"))


def run(messages: pa.Table, annotators) -> None:
    # Whole conversations stay together in practice; here a slice may cut one, which costs nothing and changes little.
    batches = ((messages.slice(start, 2048), None) for start in range(0, len(messages), 2048))
    for _ in annotate_batches(batches, annotators=annotators):
        pass


def peer(job: tuple[str, list[str]]) -> int:
    name, texts = job
    if name not in _PEER:
        if name == "vader":
            from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

            _PEER[name] = SentimentIntensityAnalyzer().polarity_scores
        else:
            from empath import Empath

            _PEER[name] = Empath().analyze
    for text in texts:
        _PEER[name](text)
    return len(texts)


def best(work, *, n: int, runs: int = 3) -> int:
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return round(n / min(seconds))


if __name__ == "__main__":
    main()
