"""A file that several processes share gives the same rows and notices as one process gives."""

from __future__ import annotations

import json
import time
from collections import Counter

from attunement.sources import Rows, read, reading, workers
from attunement.sources.opening import members
from attunement.sources.rows import Portable


def _export(n: int) -> str:
    def node(key, parent, role, text):
        message = {
            "author": {"role": role},
            "create_time": 1.75e9,
            "content": {"content_type": "text", "parts": [text]},
        }
        return {"id": key, "parent": parent, "children": [], "message": message}

    return json.dumps(
        [
            {
                "id": f"c{number}",
                "links": [{"id": 1}, {"id": 2}],
                "current_node": "b",
                "mapping": {
                    "a": node("a", None, "user", "x" * (number % 97 * 40)),
                    "b": node("b", "a", "assistant", "y"),
                },
            }
            for number in range(n)
        ]
    )


def _all(path):
    found = read(path, now=2_000_000_000_000_000)
    return [row for batch in found for row in batch.to_pylist()], found.notices().to_pylist()


def test_many_small_runs_give_the_same_as_one_process(tmp_path, monkeypatch):
    path = tmp_path / "conversations.json"
    path.write_text(_export(3000))
    alone = _all(path)
    monkeypatch.setattr(reading, "WORTH_BYTES", 0)
    monkeypatch.setattr(workers, "RUN_BYTES", 20_000)
    assert _all(path) == alone
    assert len(alone[0]) == 6000


def test_no_process_is_spoken_to_by_two_threads(tmp_path, monkeypatch):
    path = tmp_path / "conversations.json"
    path.write_text(_export(400))
    made, overlaps = [], []

    class Slow:
        def __init__(self, _start):
            self.is_busy = False
            self.seconds = 0.0 if made else 0.02
            made.append(self)

        def read(self, _run):
            if self.is_busy:
                overlaps.append(self)
            self.is_busy = True
            time.sleep(self.seconds)
            self.is_busy = False
            return workers.Run(Rows(form="chatgpt").batch(), Portable([], Counter(), {}), None, undecodable=False)

        def close(self):
            pass

    monkeypatch.setattr(workers, "Worker", Slow)
    monkeypatch.setattr(workers, "n_workers", lambda: 2)
    monkeypatch.setattr(workers, "RUN_BYTES", 8_000)
    n_batches = sum(1 for _ in workers.shared_batches(members(path)[0], Rows(form="chatgpt"), start={}))
    assert n_batches > 20
    assert not overlaps
