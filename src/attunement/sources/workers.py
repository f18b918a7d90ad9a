"""Shares a long file between processes: this one cuts it, the others decode and read.

The processes are started as plain interpreters, not by `multiprocessing`: spawning would run the caller's
script again where it has no guard, and forking is not safe beside the threads of a database.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from queue import Queue
from typing import IO, Any, NamedTuple

import pyarrow as pa

from attunement.errors import AttunementError, SourceError
from attunement.sources.cutting import array_runs
from attunement.sources.decoding import Undecodable, decode
from attunement.sources.formats import FORMATS
from attunement.sources.opening import Member
from attunement.sources.rows import Portable, Rows

WORTH_BYTES = 48 * 2**20
"""Files below this are read before another process has started."""

RUN_BYTES = 4 * 2**20
"""How much is handed over at a time."""

_LENGTH = struct.Struct("<Q")

_START = """
import importlib.util, sys
spec = importlib.util.find_spec("attunement")
sys.modules["attunement"] = importlib.util.module_from_spec(spec)
from attunement.sources.workers import serve
serve()
"""
"""Starts a worker without running the package's front door, whose other stages it would load for nothing (0.6 s)."""


class Run(NamedTuple):
    """What became of one run of records."""

    batch: pa.RecordBatch | None
    gathered: Portable | None
    fault: AttunementError | None
    undecodable: bool


def n_workers() -> int:
    """How many processes read: one for each core, and at most four, since one process does all the cutting."""
    return min(os.cpu_count() or 1, 4)


class Worker:
    """Another process that reads runs."""

    def __init__(self, start: dict[str, Any]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module in our own interpreter
            [sys.executable, "-c", _START], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        _send(_pipe(self._process.stdin), start)

    def read(self, run: bytes) -> Run:
        """Hand over a run and wait for what became of it."""
        try:
            _send(_pipe(self._process.stdin), run)
            answer: Run = _receive(_pipe(self._process.stdout))
        except (EOFError, OSError):
            # It was killed, for memory perhaps: the calling process goes on alone from here.
            return Run(None, None, None, undecodable=True)
        return answer

    def close(self) -> None:
        """Let the process go."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


def shared_batches(member: Member, rows: Rows, *, start: dict[str, Any]) -> Iterator[pa.RecordBatch | int]:
    """Batches of a long array, in order; or, as the last item, the byte from which this process has to go on itself.

    Args:
        member: the file.
        rows: gets the events and notices.
        start: the form's key and the keyword arguments of Rows for the other processes.
    """
    with ExitStack() as stack:
        workers = [Worker(start) for _ in range(n_workers())]
        for worker in workers:
            stack.callback(worker.close)
        threads = stack.enter_context(ThreadPoolExecutor(len(workers)))
        waiting: deque[tuple[int, Future[Run]]] = deque()
        free: Queue[Worker] = Queue()
        for worker in workers:
            free.put(worker)
        for at, run in array_runs(member, run_bytes=RUN_BYTES):
            if len(waiting) >= 2 * len(workers):
                item = _taken(waiting, rows)
                yield item
                if isinstance(item, int):
                    return
            waiting.append((at, threads.submit(_read_by_any, free, run)))
        while waiting:
            item = _taken(waiting, rows)
            yield item
            if isinstance(item, int):
                return


def _read_by_any(free: Queue[Worker], run: bytes) -> Run:
    """Let a worker that is free read a run: each speaks with one thread at a time."""
    worker = free.get()
    try:
        return worker.read(run)
    finally:
        free.put(worker)


def _taken(waiting: deque[tuple[int, Future[Run]]], rows: Rows) -> pa.RecordBatch | int:
    at, future = waiting.popleft()
    run = future.result()
    if run.undecodable:
        waiting.clear()
        return at
    if run.fault is not None:
        raise run.fault
    if run.gathered is None or run.batch is None:
        raise SourceError("a reading process answered nothing", got="nothing", have="a batch", do="read again")
    rows.join(run.gathered)
    rows.n_bytes_done = at
    return run.batch


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise SourceError("a reading process has no pipe", got="none", have="a pipe", do="read again")
    return pipe


def _send(pipe: IO[bytes], value: object) -> None:
    text = pickle.dumps(value, protocol=5)
    pipe.write(_LENGTH.pack(len(text)))
    pipe.write(text)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> Any:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    return pickle.loads(pipe.read(*_LENGTH.unpack(head)))  # noqa: S301 - from a process that we started


def serve() -> None:
    """Read runs until the pipe closes."""
    incoming, outgoing = sys.stdin.buffer, sys.stdout.buffer
    start = _receive(incoming)
    form = FORMATS[start.pop("form_key")]
    while True:
        try:
            run: bytes = _receive(incoming)
        except EOFError:
            return
        rows = Rows(form=form.key, **start)
        try:
            records = decode(b"[" + run)
            for _ in form.read(iter(records), rows) if form.read else ():
                pass
            answer = Run(rows.batch(), rows.portable(), None, undecodable=False)
        except Undecodable:
            answer = Run(None, None, None, undecodable=True)
        except AttunementError as fault:
            answer = Run(None, None, fault, undecodable=False)
        _send(outgoing, answer)
