"""How long does a whole audit of 100,000 messages take, stage by stage?"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from speed.made import export

from attunement import audit

BYTES_PER_MESSAGE = 1330


def stages(path: Path, out: Path) -> dict[str, float]:
    """Seconds of each stage: from the first word of it to the first word of the next."""
    begun: list[tuple[str, float]] = [("opening", time.perf_counter())]

    def heard(stage: str, _share: float) -> None:
        if stage != begun[-1][0]:
            begun.append((stage, time.perf_counter()))

    audit(path, out=out, progress=heard)
    begun.append(("end", time.perf_counter()))
    return {stage: begun[at + 1][1] - start for at, (stage, start) in enumerate(begun[:-1])}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "conversations.json"
        n = export(path, n_bytes=given.messages * BYTES_PER_MESSAGE)
        runs = [stages(path, Path(folder) / "report") for _ in range(given.runs)]
    median = {stage: round(statistics.median(run[stage] for run in runs), 2) for stage in runs[0]}
    total = statistics.median(sum(run.values()) for run in runs)
    keep(__file__, {"messages": n, "seconds": median, "total": round(total, 2), "messages_per_s": round(n / total)})


if __name__ == "__main__":
    main()
