"""Addresses and keys."""

from __future__ import annotations

import sys

import pytest

from attunement.errors import ExtraMissing, OptionError
from attunement.llm import Endpoint


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.openai.com/v1",
        "ftp://host/v1",
        "https://",
        "http://[::1/v1",
        "http://host:99999/v1",
        "https://me:sk-secret@host/v1",
        "https://host/v1?key=sk-secret",
        "https://host/v1#sk-secret",
        "http://api.example.com/v1",
        "http://8.8.8.8/v1",
    ],
)
def test_addresses_that_are_refused(url):
    with pytest.raises(OptionError) as fault:
        Endpoint(url=url, llm="m")
    assert "secret" not in str(fault.value)


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://localhost:8080/v1", True),
        ("http://127.0.0.1:8080/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://192.168.1.5:8000/v1", False),
        ("http://gpu-box:8000/v1", False),
        ("http://gpu.lan:8000/v1", False),
        ("https://llm.example.com/v1", False),
        ("https://localhost.example.com/v1", False),
    ],
)
def test_addresses_that_are_taken(url, is_here):
    assert Endpoint(url=url, llm="m").is_here is is_here


@pytest.mark.parametrize(
    "url", ["http://localhost/v1/", " http://localhost/v1 ", "http://localhost/v1/chat/completions"]
)
def test_one_address_in_one_form(url):
    assert Endpoint(url=url, llm="m").url == "http://localhost/v1"


@pytest.mark.parametrize("fields", [{"llm": " "}, {"llm": "m", "timeout_s": 0}])
def test_names_and_times_that_are_refused(fields):
    with pytest.raises(OptionError):
        Endpoint(url="http://localhost/v1", **fields)


def test_which_key_goes_where(monkeypatch):
    openai = Endpoint(url="https://api.openai.com/v1", llm="m")
    other = Endpoint(url="https://notopenai.com/v1", llm="m")
    here = Endpoint(url="http://localhost:1/v1", llm="m")
    assert here.key() == "none"
    for one in (openai, other):
        with pytest.raises(OptionError, match="ATTUNEMENT_LLM_KEY"):
            one.key()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    assert (openai.key(), here.key()) == ("sk-openai", "none")
    with pytest.raises(OptionError, match="there is no key"):
        other.key()
    monkeypatch.setenv("ATTUNEMENT_LLM_KEY", " sk-ours ")
    assert {one.key() for one in (openai, other, here)} == {"sk-ours"}
    monkeypatch.setenv("ATTUNEMENT_LLM_KEY", "sk-\nsecret")
    with pytest.raises(OptionError) as fault:
        here.key()
    assert "secret" not in str(fault.value)


def test_without_a_key_nothing_is_sent(model, question):
    with pytest.raises(OptionError, match="there is no key"):
        model("https://llm.example.com/v1").ask([question()])


def test_without_the_client_the_error_says_what_to_install(model, monkeypatch, question):
    llm = model("http://localhost:1/v1")
    monkeypatch.setitem(sys.modules, "openai", None)
    assert llm.plan([question()]).n_calls == 1, "a plan needs no client"
    with pytest.raises(ExtraMissing) as fault:
        llm.prepare()
    assert 'do    pip install "attunement[llm]"' in str(fault.value)
    assert len(str(fault.value).splitlines()) == 4
