"""How fast is a ChatGPT export read into Arrow batches, and how much memory does that hold?

Beside it, in the same run: `orjson.loads` of the same bytes (the limit of decoding alone), `json.loads` (what tools that
load the whole file do), and `attune read` into a store (which adds the database's share). Each run is a process of
its own. Memory is the largest sum over the process and its children, sampled every 20 ms, as proportional set size.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep
from speed.made import export

WAYS = {
    "attunement": "from attunement.sources import read\nn = sum(b.num_rows for b in read(PATH))",
    "attunement, into a store": (
        "import tempfile, os\nfrom attunement.keeping import keep\n"
        "d = tempfile.mkdtemp()\nn = keep(PATH, store=os.path.join(d, 's.duckdb')).n_added\n"
        "import shutil; shutil.rmtree(d)"
    ),
    "orjson.loads": "import orjson\nn = len(orjson.loads(open(PATH, 'rb').read()))",
    "json.loads": "import json\nn = len(json.loads(open(PATH, 'rb').read()))",
}


def held_bytes(pid: int) -> int:
    """Proportional set size of a process and its children."""
    total = 0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            total += held_bytes(int(child))
    except (OSError, ProcessLookupError):
        pass
    return total


def measured(code: str, path: Path) -> dict:
    script = f"import time\nPATH = {str(path)!r}\nimport attunement.sources, attunement.store\nt = time.perf_counter()\n{code}\nprint(n, time.perf_counter() - t)"
    peak = 0
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, held_bytes(process.pid))
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, _ = process.communicate()
    watcher.join()
    if process.returncode:
        return {"failed": process.returncode}
    n, seconds = out.split()
    return {"n": int(n), "seconds": float(seconds), "peak_mib": peak / 2**20}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "conversations.json"
        n_messages = export(path, n_bytes=given.megabytes * 10**6)
        size = path.stat().st_size
        runs: dict[str, list[dict]] = {way: [] for way in WAYS}
        for _ in range(given.runs):
            for way, code in WAYS.items():
                runs[way].append(measured(code, path))
    results: dict[str, object] = {"bytes": size, "messages": n_messages, "cores": os.cpu_count(), "ways": {}}
    for way, found in runs.items():
        good = [run for run in found if "seconds" in run]
        seconds = statistics.median(run["seconds"] for run in good)
        results["ways"][way] = {  # type: ignore[index]
            "mb_per_s": round(size / 1e6 / seconds, 1),
            "seconds": [round(run["seconds"], 2) for run in good],
            "peak_mib": round(max(run["peak_mib"] for run in good)),
            "bytes_held_per_byte": round(max(run["peak_mib"] for run in good) * 2**20 / size, 2),
            "n": good[0]["n"],
        }
    ours, limit, peer = (
        statistics.median(r["seconds"] for r in runs[way]) for way in ("attunement", "orjson.loads", "json.loads")
    )
    results["ratio_to_orjson"] = round(ours / limit, 2)
    results["ratio_to_json"] = round(ours / peer, 2)
    keep(__file__, results, packages=("jiter", "orjson", "pyarrow", "duckdb"))


if __name__ == "__main__":
    main()
