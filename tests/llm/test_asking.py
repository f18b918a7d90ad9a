"""Calls against a real server on this machine, through the official client: faults, waits, budget, cache."""

from __future__ import annotations

import json
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import pytest

from attunement.errors import AttunementError, OptionError, ServiceError
from attunement.llm import Budget, LanguageModel, Patience, Prices
from attunement.vocabulary import Missing

PRICES = Prices(usd_in=1.0, usd_out=2.0)


def test_an_answer_comes_back_in_order(served, model, question):
    server = served()
    answers = model(server, concurrency=4).ask([question("x" * n) for n in range(1, 30)])
    assert [one.kept for one in answers] == [{"n": n} for n in range(1, 30)]
    assert len(server.requests) == 29


def test_what_is_sent(served, model, question):
    server = served()
    model(server).ask([question("words")])
    (request,) = server.requests
    assert request["messages"] == [
        {"role": "system", "content": "Repeat it as JSON."},
        {"role": "user", "content": "words"},
    ]
    assert (request["model"], request["temperature"], request["seed"], request["max_tokens"]) == (
        "pretended",
        0,
        0,
        20,
    )
    assert request["response_format"]["json_schema"]["strict"] is True
    sent = {name.lower() for name in server.headers[0]}
    told = {name for name in sent if name.startswith(("x-stainless", "openai-"))}
    assert told <= {"x-stainless-raw-response"}, "it tells of this machine"
    assert server.headers[0]["path"] == "/v1/chat/completions"


def test_no_more_calls_at_a_time_than_allowed(served, model, question, pretend):
    def slow(request, n):
        said = pretend.chat('{"said": "x"}')
        said.wait_s = 0.05
        return said

    server = served(slow)
    llm = model(server, concurrency=3)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: llm.ask([question(f"{n} {m}") for m in range(6)]), range(4)))
    assert len(server.requests) == 24
    assert 1 < server.most_at_once <= 3


def test_equal_questions_are_asked_once(served, model, question):
    server = served()
    llm = model(server)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: llm.ask([question("same")] * 5), range(4)))
    assert len(server.requests) == 1
    assert {answer.kept["n"] for answers in found for answer in answers} == {4}
    assert (llm.usage.n_calls, llm.usage.n_from_cache) == (1, 19)


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 529])
def test_passing_faults_are_tried_again(served, model, question, pretend, status):
    server = served(before=[pretend.error(status), pretend.error(status)])
    assert model(server).ask([question()])[0].kept == {"n": 5}
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "odd",
    [
        {"body": b"{ this is not json"},
        {"body": b""},
        {"body": [1, 2]},
        {"body": {"choices": []}},
        {"body": {"error": {"message": "no"}}},
        {"body": b"\xff\xfe\x00", "headers": {"Content-Type": "text/html"}},
        {"body": {"choices": [{}]}, "drop": "before"},
        {"body": {"choices": [{"message": {"content": "x" * 5000}}]}, "drop": "within"},
    ],
    ids=lambda odd: str(odd)[:40],
)
def test_odd_responses_are_tried_again(served, model, question, pretend, odd):
    server = served(before=[pretend.Said(**odd)])
    assert model(server).ask([question()])[0].kept == {"n": 5}
    assert len(server.requests) == 2


def test_a_slow_answer_is_given_up_and_counted(served, model, question, pretend):
    late = pretend.chat('{"said": "x"}')
    late.wait_s = 0.6
    server = served(before=[late])
    llm = model(server, timeout_s=0.2)
    assert llm.ask([question()])[0].kept == {"n": 5}
    assert llm.usage.n_calls == 2
    assert llm.usage.tokens.n_in > 100, "the endpoint may count the call that was given up"


@pytest.mark.parametrize("kind", ["seconds", "milliseconds", "date"])
def test_retry_after_holds_for_every_caller(served, model, question, pretend, kind):
    wait = {
        "seconds": {"Retry-After": "0.3"},
        "milliseconds": {"retry-after-ms": "300"},
        "date": {"Retry-After": formatdate(time.time() + 2, usegmt=True)},
    }[kind]
    server = served(before=[pretend.error(429, headers=wait)])
    llm = model(server, concurrency=1)
    began = time.monotonic()
    answers = llm.ask([question(f"q{n}") for n in range(3)])
    assert [one.kept["n"] for one in answers] == [2, 2, 2]
    least = 0.29 if kind != "date" else 0.9
    assert server.at[1] - began >= least
    assert len(server.requests) == 4


def test_many_callers_wait_together(served, model, question, pretend):
    server = served(before=[pretend.error(429, headers={"Retry-After": "0.3"})])
    llm = model(server, concurrency=2)
    llm.ask([question("a")] + [question(f"q{n}") for n in range(20)])
    early = sum(at < server.at[0] + 0.29 for at in server.at)
    assert early <= 3, "calls went on while the endpoint had asked to wait"


def test_a_wait_beyond_all_patience_ends_the_run(served, model, question, pretend):
    server = served(before=[pretend.error(429, headers={"Retry-After": "90000"})])
    with pytest.raises(ServiceError, match="asks to wait 1,500 minutes"):
        model(server).ask([question()])
    assert len(server.requests) == 1


def test_limits_without_end_leave_the_question_unanswered(served, model, question, pretend):
    def limited(request, n):
        ok = request["messages"][1]["content"] != "hello"
        return pretend.chat('{"said": "x"}') if ok else pretend.error(429)

    server = served(limited)
    found = model(server, concurrency=1).ask([question("first"), question(), question("last")])
    assert [one.missing for one in found] == [None, Missing.UNANSWERED, None]
    assert len(server.requests) == 8


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "invalid_api_key"), (403, None), (404, "model_not_found"), (402, None), (429, "insufficient_quota")],
)
def test_what_nobody_can_answer_ends_the_run_at_once(served, model, question, pretend, status, code):
    server = served(lambda request, n: pretend.error(status, "Incorrect key sk-12345, said: hello", code=code))
    llm = model(server, concurrency=2)
    with pytest.raises(ServiceError) as fault:
        llm.ask([question(f"q{n}") for n in range(50)])
    assert f"HTTP {status}" in str(fault.value)
    assert "hello" not in str(fault.value), "an endpoint's message may repeat what was asked"
    assert "sk-12345" not in str(fault.value)
    assert len(server.requests) <= 3
    assert fault.value.exit_code == 3


def test_an_address_that_leads_elsewhere_is_not_followed(served, model, question, pretend):
    other = served()
    said = pretend.Said({}, 307, {"Location": f"{other.url}/chat/completions"})
    with pytest.raises(ServiceError, match="HTTP 307"):
        model(served(lambda request, n: said)).ask([question()])
    assert other.requests == []


def test_an_endpoint_that_is_not_there(served, model, question):
    server = served()
    server.close()
    with pytest.raises(ServiceError, match="does not answer"):
        model(server.url).ask([question(f"q{n}") for n in range(20)])
    server.close = lambda: None


def test_an_endpoint_that_goes_down_ends_the_run_and_one_poor_question_does_not(served, model, question, pretend):
    def poor(request, n):
        ok = not request["messages"][1]["content"].startswith("poor")
        return pretend.chat('{"said": "x"}') if ok else pretend.error(500)

    found = model(served(poor), concurrency=1).ask([question("a"), question("poor"), question("b"), question("poor2")])
    assert [one.missing for one in found] == [None, Missing.UNANSWERED, None, Missing.UNANSWERED]
    with pytest.raises(ServiceError, match="does not answer"):
        model(served(poor), concurrency=1).ask([question("a"), *(question(f"poor{n}") for n in range(9))])


@pytest.mark.parametrize(
    ("reply", "missing"),
    [
        ({"text": '{"said": "x"}', "finish": "length"}, Missing.UNUSABLE),
        ({"text": '{"said": "x"}', "finish": "content_filter"}, Missing.REFUSED),
        ({"text": None, "refusal": "I cannot help with that."}, Missing.REFUSED),
        ({"text": None}, Missing.UNUSABLE),
        ({"text": "  "}, Missing.UNUSABLE),
        ({"text": "I would rather not."}, Missing.UNUSABLE),
        ({"text": '{"other": 1}'}, Missing.UNUSABLE),
        ({"text": '{"said": "x"'}, Missing.UNUSABLE),
        ({"text": '{"said": "x", "said": "yy"}'}, Missing.UNUSABLE),
        ({"text": '{"said": "x"} {"said": "yy"}'}, Missing.UNUSABLE),
        ({"text": "[" * 40_000}, Missing.UNUSABLE),
        ({"text": '{"a":' * 9_000}, Missing.UNUSABLE),
        ({"text": '{"said": NaN}'}, Missing.UNUSABLE),
        ({"text": '{"said": "x"} {"said": "x"}'}, None),
        ({"text": 'Sure!\n```json\n{"said": "x"}\n```\nDone.'}, None),
        ({"text": '<think>{"said": "yyy"} or not</think>{"said": "x"}'}, None),
        ({"text": '{"other": {"said": "yy"}} {"said": "x"}'}, None),
    ],
    ids=lambda part: str(part)[:60],
)
def test_replies_are_read_or_missing_and_asked_once(served, model, question, pretend, reply, missing):
    server = served(lambda request, n: pretend.chat(**reply))
    llm = model(server)
    for _ in range(2):
        (answer,) = llm.ask([question()])
        assert answer.missing is missing
        assert answer.kept == (None if missing else {"n": 1})
    assert len(server.requests) == 1, "what is settled is not paid for again"


def test_a_filter_that_answers_with_an_error(served, model, question, pretend):
    server = served(lambda request, n: pretend.error(400, code="content_filter"))
    assert model(server).ask([question()])[0].missing is Missing.REFUSED
    assert len(server.requests) == 1


def _lacking(pretend, *, lacks):
    """An endpoint that refuses some parts of a request."""

    def script(request, n):
        form = request.get("response_format", {}).get("type")
        if form in lacks:
            return pretend.error(400, f"response_format {form} is not supported")
        for name in ("max_tokens", "temperature", "seed"):
            if name in request and name in lacks:
                hint = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
                return pretend.error(400, f"Unsupported parameter: '{name}'.{hint}", param=name)
        return pretend.chat(json.dumps({"said": request["messages"][1]["content"]}))

    return script


@pytest.mark.parametrize(
    ("lacks", "n_refused"),
    [
        (["json_schema"], 1),
        (["json_schema", "json_object"], 2),
        (["max_tokens"], 1),
        (["temperature", "seed"], 2),
        (["max_tokens", "temperature", "seed", "json_schema", "json_object"], 5),
    ],
    ids=str,
)
def test_an_endpoint_that_lacks_something_is_asked_otherwise(served, model, question, pretend, lacks, n_refused):
    server = served(_lacking(pretend, lacks=lacks))
    llm = model(server, concurrency=1)
    answers = llm.ask([question(f"q{n}") for n in range(5)])
    assert [one.kept for one in answers] == [{"n": 2}] * 5
    assert len(server.requests) == 5 + n_refused, "it is learnt once"
    many = model(served(_lacking(pretend, lacks=lacks)), concurrency=8)
    assert [one.kept for one in many.ask([question(f"q{n}") for n in range(9)])] == [{"n": 2}] * 9


def test_one_question_that_is_refused_as_malformed_changes_nothing_for_others(served, model, question, pretend):
    def script(request, n):
        if request["messages"][1]["content"] == "long":
            return pretend.error(400, "response_format temperature: too long")
        return pretend.chat('{"said": "x"}')

    for order, n_calls in ((["long", "a", "b"], 5), (["a", "long", "b"], 3)):
        server = served(script)
        found = model(server, concurrency=1).ask([question(words) for words in order])
        assert [one.missing for one in found] == [Missing.UNANSWERED if w == "long" else None for w in order]
        assert len(server.requests) == n_calls, "once an answer came, the manner stays"
        assert [r["response_format"]["type"] for r in server.requests if r["messages"][1]["content"] != "long"] == [
            "json_schema"
        ] * 2


def test_a_budget_in_tokens_stops_and_stays_stopped(served, model, question):
    server = served()
    llm = model(server, budget=Budget(tokens=1000), concurrency=4)
    answers = llm.ask([question(f"question {n}") for n in range(30)])
    asked = [one.kept is not None for one in answers]
    n_asked = sum(asked)
    assert len(server.requests) == n_asked
    assert 6 <= n_asked <= 9, "a call takes 110 tokens, which is more than it looks like"
    assert {one.missing for one in answers if one.kept is None} == {Missing.OVER_BUDGET}
    assert llm.usage.is_spent
    assert sum(llm.usage.tokens) <= 1000
    assert llm.ask([question("a")])[0].missing is Missing.OVER_BUDGET, "no short one slips through"
    assert llm.ask([question("question 0")])[0].kept == {"n": 10}, "what is known costs nothing"


def test_a_budget_in_dollars(served, model, question):
    llm = model(served(), budget=Budget(usd=0.00063), prices=PRICES, concurrency=1)
    answers = llm.ask([question(f"q{n}") for n in range(9)])
    assert sum(one.kept is not None for one in answers) == 5
    assert llm.usage.cost_usd == pytest.approx(5 * 0.00012)


def test_an_endpoint_that_counts_nothing_is_counted_at_most(served, model, question, pretend):
    llm = model(served(lambda request, n: pretend.chat('{"said": "x"}', usage=None)))
    llm.ask([question()])
    assert llm.usage.tokens == question().at_most()


@pytest.mark.parametrize(
    "options",
    [
        {"budget": Budget(usd=1.0)},
        {"concurrency": 0},
        {"concurrency": 10_000},
    ],
    ids=str,
)
def test_options_are_checked_before_anything_is_asked(model, options):
    with pytest.raises(OptionError):
        model("http://localhost:1/v1", **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Budget(usd=0),
        lambda: Budget(tokens=-1),
        lambda: Prices(usd_in=-1, usd_out=0),
        lambda: Prices(usd_in=float("nan"), usd_out=0),
    ],
)
def test_numbers_that_make_no_sense(make):
    with pytest.raises(OptionError):
        make()


def test_a_plan_is_what_happens(served, model, question, tmp_path):
    server = served()
    llm = model(server, cache=tmp_path / "answers", prices=PRICES, budget=Budget(usd=1.0))
    llm.ask([question("known")])
    asked = [question("known"), question("a"), question("b"), question("a")]
    plan = llm.plan(asked)
    assert (plan.n_questions, plan.n_kept, plan.n_calls, plan.is_covered) == (4, 1, 2, True)
    assert 0 < plan.cost_usd < plan.cost_usd_at_most
    assert len(server.requests) == 1, "a plan asks nothing"
    llm.ask(asked)
    assert len(server.requests) == 1 + plan.n_calls
    assert sum(llm.usage.tokens) - 110 <= 220
    assert not model(server, budget=Budget(tokens=50)).plan(asked).is_covered


def test_a_plan_needs_no_key_and_no_endpoint(model, question):
    plan = model("https://nowhere.example/v1").plan([question()])
    assert (plan.n_calls, plan.cost_usd) == (1, None)


def test_stop_gives_up_what_waits(served, model, question, pretend):
    slow = pretend.chat('{"said": "x"}')
    slow.wait_s = 0.1
    server = served(lambda request, n: slow)
    llm = model(server, concurrency=1)
    threading.Timer(0.05, llm.stop).start()
    with pytest.raises(ServiceError, match="stopped"):
        llm.ask([question(f"q{n}") for n in range(100)])
    assert len(server.requests) <= 2


def test_the_waits_grow_and_have_a_part_of_chance():
    class Most:
        uniform = staticmethod(lambda low, high: high)

    patience = Patience()
    assert [patience.wait_s(n, rng=Most) for n in (1, 2, 3, 4, 99)] == [1, 2, 4, 8, 60]


def test_the_key_is_in_no_error_and_no_file(served, model, question, pretend, monkeypatch, tmp_path):
    monkeypatch.setenv("ATTUNEMENT_LLM_KEY", "sk-very-secret")
    server = served(
        before=[pretend.chat('{"said": "x"}')], script=lambda request, n: pretend.error(401, "sk-very-secret")
    )
    llm = model(server, cache=tmp_path / "answers")
    llm.ask([question("a word of the chat")])
    with pytest.raises(AttunementError) as fault:
        llm.ask([question("b")])
    assert server.headers[0]["authorization"] == "Bearer sk-very-secret"
    assert "secret" not in str(fault.value)
    assert "secret" not in repr(vars(llm))
    for path in tmp_path.iterdir():
        assert b"secret" not in path.read_bytes()
        assert b"a word" not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_it_is_final_and_closes(served, model, question):
    llm = model(served())
    with llm as same:
        assert isinstance(same, LanguageModel)
        same.ask([question()])
    llm.close()
