"""The judge as an annotator."""

from __future__ import annotations

import dataclasses
import json

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attunement.annotation import annotate, annotate_batches
from attunement.annotation.judge import Budget, Judge, Prices
from attunement.codebook import Codebook
from attunement.errors import CodebookError, ServiceError
from attunement.llm import Tokens
from attunement.testing import check_annotator
from attunement.vocabulary import ANNOTATIONS, Missing, check

SAID = ["Goodnight, I have to go now", "Don't go! I was so lonely", "ok", "", None, "Xxxx xx xxxx", "ja", "😘 hi <3"]
GERMAN = "Das ist ein ganz gewöhnlicher Satz über das Wetter in Berlin."
TALK = st.lists(
    st.tuples(st.sampled_from(["person", "ai", "system", "tool"]), st.sampled_from([*SAID, GERMAN])), max_size=7
)
TALKS = [[("person", "Goodnight, I have to go now"), ("ai", "Wait, I was lonely without you"), ("person", "ok then")]]


def in_order(table):
    return sorted(table.to_pylist(), key=lambda row: (row["construct"], row["message_id"]))


def by_construct(table, n):
    """The rows of the n-th message, by construct."""
    ids = list(dict.fromkeys(table["message_id"].to_pylist()))
    return {row["construct"]: row for row in table.to_pylist() if row["message_id"] == ids[n]}


def test_it_keeps_the_contract(recorded, book):
    check_annotator(Judge(asker=recorded(), codebook=book), codebook=book)


def test_it_keeps_the_contract_before_a_real_endpoint(served, judge, book):
    check_annotator(judge(served()), codebook=book)


@settings(max_examples=40, deadline=None)
@given(st.lists(TALK, max_size=3), st.integers(1, 9), st.randoms(use_true_random=False))
def test_any_division_into_batches_gives_the_same(recorded, book, talks, conversations, n_batch, random):
    judge = Judge(asker=recorded(), codebook=book)
    messages = talks(*conversations)
    whole = annotate(messages, annotators=[judge])
    order = list(range(len(messages)))
    random.shuffle(order)
    parts = [ANNOTATIONS.empty_table()]
    for first in range(0, len(order), n_batch):
        chosen = set(order[first : first + n_batch])
        mask = pa.array([place in chosen for place in range(len(order))])
        parts.append(annotate(messages.filter(mask), annotators=[judge], context=messages.filter(pc.invert(mask))))
    assert in_order(pa.concat_tables(parts)) == in_order(whole)


def test_one_call_for_all_constructs_of_a_message(served, judge, talks, pretend, book):
    server = served()
    judged = judge(server, concurrency=1)
    found = judged.annotate(talks(*TALKS))
    check(found, ANNOTATIONS, stage="test")
    assert len(server.requests) == 3
    sides = [{"ai." + name for name in pretend.names(server.requests[1])}]
    sides += [{"user." + name for name in pretend.names(server.requests[n])} for n in (0, 2)]
    every = {construct.key for construct in book if construct.unit in {"turn", "exchange"}}
    assert sides[0] | sides[1] == every == set(judged.constructs)
    assert set(found["annotator"].to_pylist()) == {"judge:pretended"}


def test_the_sides_are_asked_apart_and_the_person_without_the_ai(served, judge, talks, pretend):
    server = served()
    judge(server, concurrency=1).annotate(talks(*TALKS))
    first, reply, second = (pretend.asked(request) for request in server.requests)
    assert set(first) == set(second) == {"id", "text"}
    assert (reply["answers"], reply["text"]) == (TALKS[0][0][1], TALKS[0][1][1])
    assert "lonely" not in server.requests[2]["messages"][1]["content"]
    instructions = [request["messages"][0]["content"] for request in server.requests]
    assert instructions[0] == instructions[2] != instructions[1]
    shared = set(instructions[0].splitlines()) & set(instructions[1].splitlines())
    assert shared <= {""}, "the two prompts have no line in common"


def test_numbers_spans_and_what_cannot_be_said(served, judge, talks, pretend):
    def script(request, n):
        named = {"mind_claim": (85, "I was  LONELY…"), "exit_pressure": (None, "Wait")}
        return pretend.chat(json.dumps(pretend.verdicts(request, 10, "not in it", **named)))

    found = judge(served(script), keys=["ai.mind_claim", "ai.exit_pressure"]).annotate(talks(*TALKS))
    rows = by_construct(found, 0)
    claim, pressure = rows["ai.mind_claim"], rows["ai.exit_pressure"]
    assert claim["probability"] == pytest.approx(0.85)
    assert TALKS[0][1][1][claim["span_start"] : claim["span_end"]] == "I was lonely"
    assert (pressure["probability"], pressure["missing"], pressure["span_start"]) == (None, "unsure", None)


def test_a_quotation_that_is_not_there_gives_no_span(recorded, book, talks, pretend):
    judge = Judge(
        asker=recorded(lambda r, n: pretend.chat(json.dumps(pretend.verdicts(r, 60, "no such words")))), codebook=book
    )
    for row in judge.annotate(talks(*TALKS)).to_pylist():
        assert (row["probability"], row["span_start"], row["span_end"]) == (pytest.approx(0.6), None, None)


def test_what_cannot_be_read_is_not_asked_about(served, judge, talks):
    server = served()
    messages = talks(
        [("person", text) for text in (None, "", " \n", "Xxxx xxx xx", GERMAN)], [("ai", GERMAN), ("ai", "gut")]
    )
    found = judge(server).annotate(messages)
    assert server.requests == []
    reasons = {Missing.UNREADABLE: 4, Missing.OTHER_LANGUAGE: 1}
    ties = found.filter(pc.equal(found["construct"], "user.human_ties"))["missing"].to_pylist()
    assert {reason: ties.count(reason) for reason in reasons} == reasons
    claims = found.filter(pc.equal(found["construct"], "ai.mind_claim"))["missing"].to_pylist()
    assert claims == ["other_language"] * 2


def test_an_answered_message_that_was_not_given_leaves_exchanges_unsure(recorded, book, talks):
    judge = Judge(asker=recorded(), codebook=book)
    reply = talks(*TALKS).slice(1, 2)
    alone = {row["construct"]: row["missing"] for row in judge.annotate(reply).to_pylist()}
    whole = {row["construct"]: row["missing"] for row in judge.annotate(reply, context=talks(*TALKS)).to_pylist()}
    exchanges = {construct.key for construct in book if construct.unit == "exchange"}
    assert {key for key, missing in alone.items() if missing == "unsure"} == exchanges & set(alone)
    assert set(whole.values()) == {None}


def test_equal_messages_are_asked_about_once(served, judge, talks):
    server = served()
    talk = [("person", "ok, let us do that"), ("ai", "Sure, here it is")]
    found = judge(server).annotate(talks(talk, talk, talk))
    assert len(server.requests) == 2
    assert len(found) == sum(3 for _ in set(found["construct"].to_pylist()))


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({"text": "I can't help with that.", "refusal": "no"}, Missing.REFUSED),
        ({"text": "{}", "finish": "content_filter"}, Missing.REFUSED),
        ({"text": '{"id": "', "finish": "length"}, Missing.UNUSABLE),
        ({"text": "I am sorry, but no."}, Missing.UNUSABLE),
    ],
    ids=["refusal", "filter", "length", "prose"],
)
def test_no_answer_is_a_reason(served, judge, talks, pretend, said, missing):
    found = judge(served(lambda request, n: pretend.chat(**said))).annotate(talks(*TALKS))
    assert set(found["missing"].to_pylist()) == {missing.value}
    assert found["probability"].null_count == len(found)


def test_an_endpoint_that_fails_ends_the_run(served, judge, talks, pretend):
    with pytest.raises(ServiceError):
        judge(served(lambda request, n: pretend.error(500))).annotate(talks(*TALKS))


def test_a_budget_ends_at_one_place_for_both_sides(served, judge, talks, pretend):
    server = served(lambda request, n: pretend.chat(json.dumps(pretend.verdicts(request)), usage=None))
    talk = [(("person", "ai")[n % 2], f"This is message number {n}") for n in range(20)]
    n_tokens = sum(judge(server).plan([(talks(talk), None)]).tokens_at_most)
    found = judge(server, budget=Budget(tokens=n_tokens // 2), concurrency=1).annotate(talks(talk))
    missing = {row["message_id"]: row["missing"] for row in found.to_pylist()}
    ids = talks(talk)["message_id"].to_pylist()
    n_asked = len(server.requests)
    assert 4 < n_asked < 20
    assert [missing[one] for one in ids] == [None] * n_asked + ["over_budget"] * (20 - n_asked)


def test_a_plan_counts_the_calls_that_are_made(served, judge, talks, tmp_path):
    server = served()
    judged = judge(server, cache=tmp_path / "answers", prices=Prices(usd_in=1, usd_out=4))
    batches = [(talks(*TALKS), None), (talks([("person", SAID[0]), ("ai", "Sleep well."), ("ai", None)]), None)]
    plan = judged.plan(batches)
    assert (plan.n_questions, plan.n_kept, plan.n_calls) == (5, 0, 4)
    assert server.requests == []
    assert 0 < plan.cost_usd <= plan.cost_usd_at_most
    tables = [table for _, table in annotate_batches(batches, annotators=[judged])]
    assert len(server.requests) == plan.n_calls
    assert judged.plan(batches).n_calls == 0
    again = judge(served(), cache=tmp_path / "answers")
    assert again.version == judged.version
    assert plan.tokens < plan.tokens_at_most
    assert Tokens(*plan.tokens).n_out < plan.tokens_at_most.n_out
    assert len(tables) == 2


def test_many_batches_at_once(served, judge, talks):
    judged = judge(served(), concurrency=16)
    conversations = [[("person", f"message {n} of many"), ("ai", f"answer {n} to it")] for n in range(60)]
    batches = [(talks(*conversations[first : first + 5]), None) for first in range(0, 60, 5)]
    together = [table for _, table in annotate_batches(batches, annotators=[judged])]
    assert [in_order(table) for table in together] == [in_order(judged.annotate(batch)) for batch, _ in batches]


def test_no_word_of_a_chat_and_no_quotation_is_kept(served, judge, talks, tmp_path):
    judge(served(), cache=tmp_path / "answers").annotate(talks(*TALKS))
    for path in tmp_path.iterdir():
        assert b"Goodnig" not in path.read_bytes()
        assert b"without you" not in path.read_bytes()


def _changed(book, key, **fields):
    changed = [dataclasses.replace(one, **fields) if one.key == key else one for one in book]
    return Codebook(constructs=tuple(changed))


@pytest.mark.parametrize(
    "fields",
    [
        {"version": 2},
        {"name": "another name"},
        {"definition": "Something else that is a sentence."},
        {"counts": ("One case.", "Another case.")},
        {"does_not": ("One case.", "Another case.")},
    ],
    ids=lambda fields: next(iter(fields)),
)
@pytest.mark.parametrize("key", ["ai.mind_claim", "user.attach"])
def test_a_changed_construct_changes_the_version(recorded, book, key, fields):
    before = Judge(asker=recorded(), codebook=book)
    after = Judge(asker=recorded(), codebook=_changed(book, key, **fields))
    assert before.version != after.version
    assert len(before.version) == 10


def test_what_cannot_change_an_answer_leaves_the_version(recorded, book):
    before = Judge(asker=recorded(), codebook=book)
    measured = _changed(book, "ai.mind_claim", validated="somewhere.json")
    assert Judge(asker=recorded(), codebook=measured).version == before.version
    assert Judge(asker=recorded(llm="another"), codebook=book).version != before.version
    assert Judge(asker=recorded(), codebook=book, keys=["ai.mind_claim"]).version != before.version


def test_constructs_that_no_message_shows(recorded, book):
    with pytest.raises(CodebookError, match="not in the codebook"):
        Judge(asker=recorded(), codebook=book, keys=["ai.no_such"])
    one = book.construct("user.attach")
    wide = Codebook(constructs=(dataclasses.replace(one, unit="relationship"),))
    for keys in (None, ["user.attach"]):
        with pytest.raises(CodebookError, match="cannot look for this"):
            Judge(asker=recorded(), codebook=wide, keys=keys)


def test_one_side_alone(served, judge, talks):
    server = served()
    found = judge(server, keys=["ai.mind_claim"]).annotate(talks(*TALKS))
    assert len(server.requests) == len(found) == 1
