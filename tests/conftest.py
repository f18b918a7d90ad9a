"""What holds for every test: no network, nothing outside its own folder."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """A test that reaches for another machine fails; loopback and local sockets are free."""
    connect = socket.socket.connect

    def only_here(self, address):
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_here)


def pytest_runtest_logreport(report):
    """In a full run nothing may be skipped in silence."""
    if os.environ.get("ATTUNEMENT_FULL") == "1" and report.skipped:
        report.outcome = "failed"


@pytest.fixture
def golden(request):
    """Hold a text against the file that a person has read; ATTUNEMENT_ACCEPT=1 writes it anew."""

    def check(name: str, text: str) -> None:
        path = ROOT / "tests" / "golden" / name
        if os.environ.get("ATTUNEMENT_ACCEPT") == "1":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"no golden file {path}; write it with ATTUNEMENT_ACCEPT=1"
        assert text == path.read_text(encoding="utf-8")

    return check
