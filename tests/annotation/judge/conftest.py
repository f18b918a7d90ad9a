"""A judge before an endpoint that says what it is told to say, and one before an asker without any endpoint."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from attunement import codebook
from attunement.annotation.judge import Endpoint, Judge, LanguageModel
from attunement.llm import Answer, Patience
from attunement.llm.replies import Reply, answer_from

PRETEND = Path(__file__).parents[2] / "llm" / "pretend.py"
QUICK = Patience(n_tries=3, n_in_a_row=3, first_wait_s=0.01, longest_wait_s=0.02)


@pytest.fixture(scope="session")
def pretend():
    spec = importlib.util.spec_from_file_location("pretend", PRETEND)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def book():
    return codebook.load()


@pytest.fixture
def served(pretend):
    made = []

    def serve(script=pretend.fair, before=()):
        made.append(pretend.Pretended(script, before))
        return made[-1]

    yield serve
    for one in made:
        one.close()


@pytest.fixture
def judge(book):
    """Makes judges before a server, and closes them."""
    made = []

    def make(server, keys=None, **options):
        endpoint = Endpoint(url=server.url, llm="pretended", timeout_s=10.0)
        llm = LanguageModel(endpoint=endpoint, **{"patience": QUICK, **options})
        made.append(llm)
        return Judge(asker=llm, codebook=book, keys=keys)

    yield make
    for one in made:
        one.close()


class Recorded:
    """Answers without an endpoint, by a function of the request."""

    parameters = "none"

    def __init__(self, script, llm="recorded"):
        self.script, self.llm, self.asked = script, llm, []

    def ask(self, questions):
        self.asked += questions
        return [self._answer(question) for question in questions]

    def _answer(self, question):
        request = {"messages": [{"content": question.instructions}, {"content": question.material}]}
        said = self.script(request, len(self.asked)).body["choices"][0]["message"]["content"]
        answer = answer_from(Reply(text=said), question)
        return answer if answer.kept is None else Answer(kept=json.loads(json.dumps(answer.kept)))


@pytest.fixture(scope="session")
def recorded(pretend):
    return lambda script=pretend.fair, **options: Recorded(script, **options)


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for name in ("ATTUNEMENT_LLM_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
