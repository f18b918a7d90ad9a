"""A program that is killed leaves a store that opens and holds whole imports only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from attunement.store import Store
from attunement.vocabulary import relationship_id

IMPORTER = Path(__file__).with_name("importer.py")
PER_IMPORT = 900
DELAYS = (0.0, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.045, 0.07, 0.12, 0.2)


class Victim:
    """A running importer, whose children are killed at chosen moments."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(IMPORTER), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def killed(self, verb: str, number: int, *, delay: float) -> set[int]:
        """Start a child, kill it `delay` seconds after its first import began; gives the imports it said were done."""
        self.process.stdin.write(f"{verb} {number}\n")
        lines = iter(self.process.stdout.readline, "gone\n")
        said = []
        for line in lines:
            said.append(line.split())
            if line.startswith("child"):
                child = int(line.split()[1])
            if said[0][0] == "child" and ["begin", str(number if verb == "add" else 0)] in said:
                time.sleep(delay)
                os.kill(child, signal.SIGKILL)
                break
        said += [line.split() for line in lines]
        return {int(number) for word, number in said if word == "done"}

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture
def victim(tmp_path):
    made = Victim(tmp_path / "kept.db")
    yield made
    made.close()


def counts(path):
    """Messages of each import, by its number, and the numbers of the imports that the store lists."""
    with Store(path) as store:
        held = store._database.rows(
            "SELECT regexp_extract(conversation_id, '[0-9]+')::INT, count(*), count(DISTINCT message_id), min(import_id),"
            " max(import_id) FROM messages GROUP BY ALL"
        )
        listed = store._database.rows("SELECT read_from, n_added, import_id FROM imports")
        stated = sum(turns.num_rows for turns in store.turns())
    assert all(first == last for *_, first, last in held)
    assert stated == sum(n for _, n, *_ in held)
    assert {(f"import {number}", n, own) for number, n, _, own, _ in held} == set(listed)
    return {number: n_distinct for number, _, n_distinct, _, _ in held}


def test_killed_at_many_moments_of_importing(victim, tmp_path):
    done: set[int] = set()
    for place, delay in enumerate(DELAYS):
        first = 1000 * (place + 1)
        done |= victim.killed("add", first, delay=delay)
        held = counts(tmp_path / "kept.db")
        assert set(held.values()) <= {PER_IMPORT}, "never part of an import"
        assert done <= set(held), "what was said to be done is there"
        unsaid = set(held) - done
        assert len(unsaid) <= place + 1, "at most the last of each child was done without its saying so"
        done |= unsaid
    assert len(done) > 1, "some imports were finished before the kill, or nothing was tried"


def test_killed_at_many_moments_of_forgetting(victim, tmp_path, batch, row, take_in):
    path, whole = tmp_path / "kept.db", tmp_path / "whole.db"
    with Store(whole) as store:
        for which in range(2):
            rows = [row(f"c{which}", place, ai_id=f"ai {which}", text=f"secret {which} " * 30) for place in range(4000)]
            take_in(store, batch(rows))
    goes, stays = (relationship_id("owner", f"ai {which}") for which in range(2))
    outcomes = set()
    for delay in DELAYS:
        shutil.copy(whole, path)
        victim.killed("forget", 0, delay=delay)
        with Store(path) as store:
            left = dict(store._database.rows("SELECT relationship_id, count(*) FROM messages GROUP BY ALL"))
        outcomes.add(goes in left)
        assert left[stays] == 4000
        assert left.get(goes, 4000) == 4000
        assert (b"secret 0" in path.read_bytes()) == (goes in left), "it is whole, or no byte of it is left"
        assert b"secret 1" in path.read_bytes()
    assert False in outcomes
