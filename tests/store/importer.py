"""A program of its own for test_killed: forks children that import, or forget, without end, until they are killed.

It speaks in lines on stdout. `fork` on stdin starts a child; the child says `begin N` and `done N` for each import.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pyarrow as pa

from attunement.store import Store
from attunement.vocabulary import MESSAGES, hashed, relationship_id


def rows(number: int, piece: int, n: int) -> pa.RecordBatch:
    """A batch of an import: its own conversation, and texts long enough that the database writes blocks early."""
    names = [f"{number}-{piece}-{place}" for place in range(n)]
    made = [
        {
            "relationship_id": relationship_id("owner", f"ai {number % 3}"),
            "person_id": "owner",
            "ai_id": f"ai {number % 3}",
            "conversation_id": f"conversation {number}",
            "message_id": hashed(name),
            "source_id": name,
            "parent_id": None,
            "position": place,
            "role": "person",
            "sent_at": None,
            "sent_at_is": "unknown",
            "text": f"import {number} " * 40,
            "on_path": True,
            "model": None,
            "source": "made",
            "rating": None,
            "extra": None,
        }
        for place, name in enumerate(names)
    ]
    return pa.RecordBatch.from_pylist(made, schema=MESSAGES)


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def add_without_end(path: Path, first: int) -> None:
    with Store(path) as store:
        for number in range(first, first + 1000):
            pieces = [rows(number, piece, 300) for piece in range(3)]
            say(f"begin {number}")
            with store.importing(read_from=f"import {number}", forms=["made"], program="p") as incoming:
                for piece in pieces:
                    incoming.messages(piece)
            say(f"done {number}")


def forget_one(path: Path, which: int) -> None:
    with Store(path) as store:
        say("begin 0")
        store.forget(relationship_id("owner", f"ai {which}"))
        say("done 0")
        sys.stdin.read()


def main() -> None:
    path = Path(sys.argv[1])
    for line in sys.stdin:
        verb, number = line.split()
        child = os.fork()
        if child == 0:
            (add_without_end if verb == "add" else forget_one)(path, int(number))
            os._exit(0)
        say(f"child {child}")
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
