"""Options that name a language model, and the annotator that is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from attunement.annotation import Annotator, choose
from attunement.annotation.judge import Budget, Endpoint, Judge, LanguageModel, Plan, Prices
from attunement.cli import options
from attunement.codebook import Codebook
from attunement.errors import OptionError

JUDGE = "judge"
"""The name of the annotator that asks a language model."""

_OPTIONS = (
    click.option("--url", help="With --annotator judge: the endpoint to ask, such as http://localhost:11434/v1."),
    click.option("--llm", help="With --annotator judge: the language model, as the endpoint names it."),
    click.option("--budget", type=float, help="Dollars that the judge may spend; needs the prices."),
    click.option("--price-in", type=float, help="Dollars for a million tokens sent."),
    click.option("--price-out", type=float, help="Dollars for a million tokens got back."),
    click.option("--answers", type=options.PATH, help="File that keeps the judge's answers, so none is paid twice."),
    click.option("--at-once", type=int, default=8, show_default=True, help="Calls that may be under way at a time."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was said about a language model."""

    url: str | None
    llm: str | None
    budget: float | None
    price_in: float | None
    price_out: float | None
    answers: Path | None
    at_once: int


def who_reads(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --annotator and the options that a judge needs; the command gets them as `annotator` and `asked`."""

    def gathered(**given: Any) -> Any:
        names = ("url", "llm", "budget", "price_in", "price_out", "answers", "at_once")
        return command(asked=Asked(**{name: given.pop(name) for name in names}), **given)

    gathered.__doc__, gathered.__name__ = command.__doc__, command.__name__
    gathered.__dict__.update(command.__dict__)
    decorated: Callable[..., Any] = gathered
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return options.annotator(decorated)


@contextmanager
def reading(
    name: str, asked: Asked, *, codebook: Codebook, keys: Sequence[str] | None = None
) -> Iterator[tuple[Annotator, ...]]:
    """The annotators of a name; a language model is let go at the end, and told to stop where the run is stopped.

    A judge is asked for `keys` alone, where some are given: each costs tokens.

    Raises:
        OptionError: a judge is asked for without an endpoint, or an endpoint is given to somebody who asks nobody.
    """
    if name != JUDGE:
        if asked.url or asked.llm:
            raise OptionError(
                "an endpoint was given, and nobody who would ask it",
                got=f"--annotator {name}",
                have="--annotator judge",
                do="choose the judge, or leave --url and --llm out",
            )
        yield choose(name, codebook=codebook)
        return
    if not asked.url or not asked.llm:
        raise OptionError(
            "a judge needs a language model to ask",
            got=f"--url {asked.url or 'nothing'} --llm {asked.llm or 'nothing'}",
            have="an endpoint and the name of a language model that it serves",
            do="give --url and --llm; docs/how-to/ask-a-language-model.md says what leaves the machine",
        )
    with _language_model(asked) as llm:
        try:
            yield (Judge(asker=llm, codebook=codebook, keys=keys),)
        except KeyboardInterrupt:
            llm.stop()
            raise


def _language_model(asked: Asked) -> LanguageModel:
    prices = None
    if (asked.price_in is None) != (asked.price_out is None):
        raise OptionError(
            "one of the two prices is not given",
            got=f"--price-in {asked.price_in} --price-out {asked.price_out}",
            have="dollars for a million tokens, sent and got back",
            do="give both or neither",
        )
    if asked.price_in is not None and asked.price_out is not None:
        prices = Prices(usd_in=asked.price_in, usd_out=asked.price_out)
    return LanguageModel(
        endpoint=Endpoint(url=asked.url or "", llm=asked.llm or ""),
        prices=prices,
        budget=None if asked.budget is None else Budget(usd=asked.budget),
        cache=asked.answers,
        concurrency=asked.at_once,
    )


def say_calls(plan: Plan) -> str:
    """What a judge would ask, in one line."""
    cost = "" if plan.cost_usd is None else f", about ${plan.cost_usd:,.2f} and at most ${plan.cost_usd_at_most:,.2f}"
    return f"would ask {plan.n_calls:,} times, about {sum(plan.tokens):,} tokens{cost}; nothing was sent"
