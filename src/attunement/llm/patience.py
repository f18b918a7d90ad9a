"""How long to wait and how often to try again."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from attunement.errors import ServiceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a call is tried, and the waits between."""

    n_tries: int = 5
    """How often a call is made that gets no answer: server faults, lost connections, time run out."""
    n_tries_limited: int = 20
    """How often a call is made that is told to come later (429)."""
    n_in_a_row: int = 8
    """After so many questions without any answer between them the endpoint is taken to be down."""
    first_wait_s: float = 1.0
    """The longest first wait; it doubles with each try, and chance takes a part of it."""
    longest_wait_s: float = 60.0
    """The longest wait of our own choice."""
    longest_asked_s: float = 900.0
    """The longest wait that an endpoint may ask for; beyond it the run ends, to be taken up later."""

    def wait_s(self, n_failed: int, *, rng: random.Random) -> float:
        """How long to wait after so many failures: a random part of a limit that doubles."""
        return rng.uniform(0, min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(n_failed - 1, 30)))


class Gate:
    """A door that all callers wait at: what one of them is told about coming later holds for all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open_at = 0.0
        self._stopped = threading.Event()
        self._why: ServiceError | None = None

    def shut_for(self, seconds: float) -> None:
        """Let nobody through for so long."""
        with self._lock:
            self._open_at = max(self._open_at, time.monotonic() + seconds)

    def stop(self, why: ServiceError | None = None) -> None:
        """Let nobody through any more; who waits is told why."""
        with self._lock:
            self._why = self._why or why
        self._stopped.set()

    def wait(self, seconds: float = 0.0) -> None:
        """Wait so long, and until the door is open.

        Raises:
            ServiceError: the run was stopped, or what it was stopped by.
        """
        until = time.monotonic() + seconds
        while not self._stopped.is_set():
            with self._lock:
                left = max(until, self._open_at) - time.monotonic()
            if left <= 0:
                return
            self._stopped.wait(left)
        raise self._why or ServiceError(
            "asking was stopped",
            got="questions that were not asked yet",
            have="every answer that came before, if a file for answers was named",
            do="run the command again",
        )


def asked_wait_s(headers: dict[str, str], *, now: float) -> float | None:
    """How long the headers of a response ask to wait: Retry-After in seconds or as a date, or retry-after-ms.

    Args:
        headers: with small names.
        now: the time in seconds since 1970.
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        # A number that is no number, or beyond all sense, says nothing.
        return seconds if 0 <= seconds < 10**9 else None
    try:
        return max(0.0, parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
