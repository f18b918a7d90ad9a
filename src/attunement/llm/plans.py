"""What a run would ask and cost, before anything is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from attunement.llm.prices import Budget, Prices
from attunement.llm.questions import Question, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The calls of a run, and an estimate of what they take."""

    n_questions: int
    """Questions, the same one counted each time."""
    n_kept: int
    """Different questions whose answer is there already."""
    n_calls: int
    """Calls that would be made, if none goes wrong."""
    tokens: Tokens
    """About how many tokens, at four bytes a token and answers of a third of their limit."""
    tokens_at_most: Tokens
    """The same at three bytes a token and answers as long as they may be; the budget is held against this."""
    cost_usd: float | None
    """About how many dollars; None where no prices were given."""
    cost_usd_at_most: float | None
    """The same at most."""
    is_covered: bool
    """Whether the budget is enough for the most that it can take."""


def make_plan(
    questions: Iterable[Question],
    *,
    key: Callable[[Question], bytes],
    is_kept: Callable[[bytes], bool],
    prices: Prices | None,
    budget: Budget,
) -> Plan:
    """Count what would be asked. Nothing is sent, and no key is needed."""
    seen: set[bytes] = set()
    n_questions = n_kept = 0
    expected, at_most = [0, 0], [0, 0]
    for question in questions:
        n_questions += 1
        digest = key(question)
        if digest in seen:
            continue
        seen.add(digest)
        if is_kept(digest):
            n_kept += 1
            continue
        for total, tokens in ((expected, question.expected()), (at_most, question.at_most())):
            total[0] += tokens.n_in
            total[1] += tokens.n_out
    tokens, tokens_at_most = Tokens(*expected), Tokens(*at_most)
    return Plan(
        n_questions=n_questions,
        n_kept=n_kept,
        n_calls=len(seen) - n_kept,
        tokens=tokens,
        tokens_at_most=tokens_at_most,
        cost_usd=None if prices is None else prices.cost_usd(tokens),
        cost_usd_at_most=None if prices is None else prices.cost_usd(tokens_at_most),
        is_covered=budget.covers(tokens_at_most, prices=prices),
    )
