"""An endpoint that says what it is told to say, and questions to ask it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from attunement.llm import Endpoint, LanguageModel, Patience, Question

QUICK = Patience(n_tries=4, n_tries_limited=6, n_in_a_row=3, first_wait_s=0.01, longest_wait_s=0.02)


def _pretend():
    spec = importlib.util.spec_from_file_location("pretend", Path(__file__).parent / "pretend.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def pretend():
    return _pretend()


@pytest.fixture
def served(pretend):
    """Makes endpoints and closes them."""
    made = []

    def serve(script=None, before=()):
        made.append(pretend.Pretended(script or echo(pretend), before))
        return made[-1]

    yield serve
    for one in made:
        one.close()


@pytest.fixture
def model():
    """Makes language models and closes them."""
    made = []

    def make(server, **options):
        url = server if isinstance(server, str) else server.url
        timeout_s = options.pop("timeout_s", 5.0)
        endpoint = Endpoint(url=url, llm="pretended", timeout_s=timeout_s)
        made.append(LanguageModel(endpoint=endpoint, **{"patience": QUICK, **options}))
        return made[-1]

    yield make
    for one in made:
        one.close()


def echo(pretend):
    return lambda request, n: pretend.chat(json.dumps({"said": request["messages"][1]["content"]}))


@pytest.fixture
def question():
    def make(words="hello", **fields):
        return Question(
            **{
                "instructions": "Repeat it as JSON.",
                "material": words,
                "schema_name": "said",
                "schema": {"type": "object"},
                "prompt_version": "1",
                "max_tokens": 20,
                "read": lambda one: {"n": len(one["said"])} if set(one) == {"said"} else None,
            }
            | fields
        )

    return make


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in ("ATTUNEMENT_LLM_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
