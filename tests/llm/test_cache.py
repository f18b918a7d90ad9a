"""What is on disk: hashes and numbers, at once and for good."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from attunement.errors import StoreError
from attunement.llm import Endpoint, Tokens
from attunement.llm.cache import Cache
from attunement.llm.questions import Answer
from attunement.vocabulary import Missing

KILLED = Path(__file__).with_name("killed.py")


def _started(server, cache):
    return subprocess.Popen([sys.executable, KILLED, server.url, cache], stdout=subprocess.PIPE, text=True)


def test_a_run_that_is_killed_goes_on_where_it_ended(served, model, question, pretend, tmp_path):
    def slow(request, n):
        said = pretend.chat(f'{{"said": "{request["messages"][1]["content"]}"}}')
        said.wait_s = 0.02
        return said

    server, cache = served(slow), tmp_path / "answers"
    first = _started(server, cache)
    while len(server.requests) < 12:
        assert first.poll() is None
        time.sleep(0.005)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    n_before = len(server.requests)
    with _started(server, cache) as second:
        said, _ = second.communicate(timeout=30)
    assert said.split()[0] == "40"
    assert n_before < 30
    n_again = len(server.requests) - n_before
    assert n_again == int(said.split()[1])
    assert 40 <= n_before + n_again <= 40 + 2, "only calls under way at the kill are made twice"
    llm = model(server, cache=cache)
    asked = {"instructions": "Repeat it.", "material": "question 7"}
    assert llm.ask([question(**asked)])[0].kept == {"n": 10}
    assert llm.usage.n_calls == 0


def test_answers_and_reasons_come_back(tmp_path):
    path = tmp_path / "answers"
    cache = Cache(path)
    kept = {"construct": [70, 3, None]}
    cache.put(b"1", Answer(kept=kept), used=Tokens(1, 2))
    cache.put(b"2", Answer(missing=Missing.REFUSED), used=Tokens(1, 2))
    other = Cache(path)
    for one in (cache, other):
        assert one.get(b"1") == Answer(kept=kept)
        assert one.get(b"2") == Answer(missing=Missing.REFUSED)
        assert one.get(b"3") is None
    other.forget_failures()
    assert cache.get(b"2") is None
    assert cache.get(b"1") is not None
    cache.close()
    other.close()


def test_a_file_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "answers"
    path.touch(mode=0o644)
    cache = Cache(path)
    cache.put(b"1", Answer(kept={}), used=Tokens(0, 0))
    assert {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()} == {0o600}
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()
    cache.close()


def _other(path):
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mine (x)")
    database.close()


def _later(path):
    Cache(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()


@pytest.mark.parametrize(
    "make",
    [lambda path: path.write_text("my diary, in many words" * 99), _other, _later, lambda path: path.mkdir()],
    ids=["text", "other", "later", "folder"],
)
def test_a_file_that_is_something_else_is_left_alone(tmp_path, make):
    path = tmp_path / "answers"
    make(path)
    before = (path.read_bytes() if path.is_file() else b"", stat.S_IMODE(path.stat().st_mode))
    with pytest.raises(StoreError) as fault:
        Cache(path)
    assert len(str(fault.value).splitlines()) == 4
    assert (path.read_bytes() if path.is_file() else b"", stat.S_IMODE(path.stat().st_mode)) == before


def test_many_threads_write(tmp_path):
    cache = Cache(tmp_path / "answers")

    def write(first):
        for number in range(20):
            cache.put(f"{first} {number}".encode(), Answer(kept={"n": number}), used=Tokens(0, 0))

    threads = [threading.Thread(target=write, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(cache.get(f"{first} {n}".encode()).kept == {"n": n} for first in range(4) for n in range(20))
    cache.close()


def test_a_question_is_told_apart_by_all_that_its_answer_depends_on(question):
    here = Endpoint(url="http://localhost:1/v1", llm="a")
    changed = [
        question().key(Endpoint(url="http://localhost:2/v1", llm="a")),
        question().key(Endpoint(url="http://localhost:1/v1", llm="b")),
        *(
            question(**fields).key(here)
            for fields in (
                {"instructions": "x"},
                {"material": "x"},
                {"schema": {}},
                {"schema_name": "x"},
                {"prompt_version": "2"},
                {"max_tokens": 9},
            )
        ),
    ]
    assert question().key(here) == question().key(Endpoint(url="http://localhost:1/v1/", llm="a"))
    assert len({question().key(here), *changed}) == len(changed) + 1


def test_failures_can_be_asked_again(served, model, question, pretend, tmp_path):
    server = served(before=[pretend.chat("no"), pretend.chat("no", finish="content_filter")])
    cache = tmp_path / "answers"
    missing = [one.missing for one in model(server, cache=cache, concurrency=1).ask([question("a"), question("b")])]
    assert missing == [Missing.UNUSABLE, Missing.REFUSED]
    again = model(server, cache=cache, ask_again=True)
    assert [one.kept for one in again.ask([question("a"), question("b")])] == [{"n": 1}] * 2
    assert len(server.requests) == 4
