"""How long do sessions and the usage panel of ten million messages take, beside plain SQL for the same result?

Both read the same Parquet file of sorted turns' columns in the order of import (by relationship hash, shuffled in
time), cut sessions at 30 minutes, and write SESSIONS and PANEL (days and weeks) to Parquet. The peer is one SQL
script for DuckDB, with two threads and as much memory as it likes, which also sorts. The results are compared row by row at the end.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from keeping import keep

from attunement.panels import find_sessions, measure_usage
from attunement.vocabulary import PANEL, SESSIONS, TURNS

GAP_US = 30 * 60_000_000


def make(path: Path, n_messages: int, rng: np.random.Generator) -> None:
    """Messages of 1 % as many relationships, in sessions of about nine, over half a year, in the order of their times."""
    n_relationships = max(n_messages // 100, 1)
    owner = rng.integers(0, 2**63, size=n_relationships, dtype=np.uint64)
    n_sessions = n_messages // 9
    of_session = rng.integers(0, n_relationships, size=n_sessions)
    start = rng.integers(0, 180 * 86_400, size=n_sessions)
    session = np.sort(rng.integers(0, n_sessions, size=n_messages))
    at = 1.76e15 + start[session] * 1e6 + np.cumsum(rng.exponential(40e6, size=n_messages)) % 1.2e9
    order = np.argsort(at, kind="stable")
    session, at = session[order], at[order].astype(np.int64)
    role = (np.arange(n_messages) % 2).astype(np.int8)
    table = pa.table(
        {
            "relationship_id": owner[of_session[session]],
            "thread_id": (owner[of_session[session]] ^ (session % 3).astype(np.uint64)),
            "message_id": np.arange(1, n_messages + 1, dtype=np.uint64),
            "parent_id": pa.array(np.arange(n_messages, dtype=np.uint64), mask=np.arange(n_messages) == 0),
            "role": role,
            "sent_at": pa.array(at).cast(TURNS.field("sent_at").type),
            "is_stated": pa.array(np.ones(n_messages, dtype=bool)),
            "on_path": pa.array(rng.random(n_messages) > 0.01),
            "n_words": rng.integers(1, 120, size=n_messages, dtype=np.int32),
            "rating": pa.array(rng.random(n_messages), mask=rng.random(n_messages) > 0.02),
        }
    )
    pq.write_table(table.cast(TURNS), path, row_group_size=500_000)


def connection(**options: str) -> duckdb.DuckDBPyConnection:
    found = duckdb.connect(config={"threads": "2", "preserve_insertion_order": "false"} | options)
    found.execute("SET TimeZone = 'UTC'")
    return found


def with_kernels(source: Path, out: Path) -> None:
    query = f"SELECT * FROM '{source}' ORDER BY relationship_id, sent_at, thread_id, message_id"
    turns = (batch.cast(TURNS) for batch in connection(memory_limit="900MB").sql(query).to_arrow_reader(131_072))
    with (
        pq.ParquetWriter(out / "sessions.parquet", SESSIONS) as first,
        pq.ParquetWriter(out / "panel.parquet", PANEL) as second,
    ):
        for batch in find_sessions(turns):
            first.write_batch(batch)
            for rows in measure_usage([batch]):
                second.write_batch(rows)


def with_sql(source: Path, out: Path) -> None:
    db = connection()
    for statement in (Path(__file__).parent / "sessions.sql").read_text(encoding="utf-8").split(";"):
        if statement.strip():
            db.execute(statement.replace("$SOURCE", str(source)).replace("$OUT", str(out)))


WAYS = {"kernels": with_kernels, "sql": with_sql}


def same(one: Path, other: Path) -> dict:
    """Rows that differ between two results, and the largest difference of a value."""
    db = connection()
    columns = [name for name in SESSIONS.names if name not in {"sum_rating", "gap_minutes"}]
    listed = ", ".join(columns)
    differ = db.execute(
        f"SELECT count(*) FROM ((SELECT {listed} FROM '{one}/sessions.parquet' EXCEPT SELECT {listed} FROM"
        f" '{other}/sessions.parquet') UNION ALL (SELECT {listed} FROM '{other}/sessions.parquet' EXCEPT"
        f" SELECT {listed} FROM '{one}/sessions.parquet'))"
    ).fetchall()[0][0]
    n_panel, n_matched, far = db.execute(
        f"SELECT (SELECT count(*) FROM '{one}/panel.parquet'), count(*), max(abs(a.value - b.value) / (1 + abs(b.value)))"
        f" FROM '{one}/panel.parquet' a JOIN '{other}/panel.parquet' b USING (relationship_id, period_start, period, measure)"
        " WHERE a.n = b.n"
    ).fetchall()[0]
    n_other = db.execute(f"SELECT count(*) FROM '{other}/panel.parquet'").fetchall()[0][0]
    return {
        "sessions_that_differ": differ,
        "panel_rows": n_panel,
        "panel_rows_of_sql": n_other,
        "panel_rows_matched": n_matched,
        "largest_relative_difference": far,
    }


def measured(way: str, source: Path, out: Path) -> dict:
    """One run in a process of its own: seconds and the most memory held."""
    out.mkdir(exist_ok=True)
    run = subprocess.run(
        [sys.executable, __file__, "--run", way, str(source), str(out)], capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--run", nargs=3, metavar=("WAY", "SOURCE", "OUT"))
    given = parser.parse_args()
    if given.run:
        way, source, out = given.run
        start = time.perf_counter()
        WAYS[way](Path(source), Path(out))
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps({"seconds": seconds, "peak_gib": peak}))
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make(root / "turns.parquet", given.messages, np.random.default_rng(7))
        runs = [{way: measured(way, root / "turns.parquet", root / way) for way in WAYS} for _ in range(given.runs)]
        ratios = [run["kernels"]["seconds"] / run["sql"]["seconds"] for run in runs]
        results = {
            "messages": given.messages,
            "ratio_kernels_to_sql_median": round(statistics.median(ratios), 3),
            "ratios": [round(ratio, 3) for ratio in ratios],
            "seconds": {way: [round(run[way]["seconds"], 2) for run in runs] for way in WAYS},
            "peak_gib": {way: round(max(run[way]["peak_gib"] for run in runs), 3) for way in WAYS},
            "same": same(root / "kernels", root / "sql"),
        }
    keep(__file__, results)


if __name__ == "__main__":
    main()
