"""What calls cost, and where to stop."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from attunement.errors import OptionError
from attunement.llm.questions import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What an endpoint asks for a million tokens, in dollars."""

    usd_in: float
    """For a million tokens sent."""
    usd_out: float
    """For a million tokens got back."""

    def __post_init__(self) -> None:
        for name, price in (("usd_in", self.usd_in), ("usd_out", self.usd_out)):
            if not (math.isfinite(price) and price >= 0):
                raise OptionError(
                    "a price makes no sense",
                    got=f"{name}={price!r}",
                    have="dollars for a million tokens, 0 or more",
                    do="look at the price list of the endpoint",
                )

    def cost_usd(self, tokens: Tokens) -> float:
        """What that many tokens cost."""
        return (tokens.n_in * self.usd_in + tokens.n_out * self.usd_out) / 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a run may spend, in dollars or in tokens, or both; without either there is no limit."""

    usd: float | None = None
    """Dollars; prices have to be known then."""
    tokens: int | None = None
    """Tokens, sent and got back together."""

    def __post_init__(self) -> None:
        for name, limit in (("usd", self.usd), ("tokens", self.tokens)):
            if limit is not None and not (math.isfinite(limit) and limit > 0):
                raise OptionError(
                    "a budget makes no sense",
                    got=f"{name}={limit!r}",
                    have="a number above 0, or none for no limit",
                    do="give what the run may spend at most",
                )

    def covers(self, tokens: Tokens, *, prices: Prices | None) -> bool:
        """Whether it is enough for that many tokens."""
        if self.tokens is not None and sum(tokens) > self.tokens:
            return False
        return self.usd is None or prices is None or prices.cost_usd(tokens) <= self.usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a run has used until now."""

    n_calls: int
    """Calls made, those made again after a fault included."""
    n_from_cache: int
    """Questions whose answer was there already."""
    tokens: Tokens
    """Tokens, as the endpoint counted them; where it did not, or a call was lost on the way, at most so many."""
    cost_usd: float | None
    """Dollars; None where no prices were given."""
    is_spent: bool
    """Whether the budget ended before the questions."""


class Ledger:
    """Counts what is spent. A call is made only when the budget covers the most that it can cost.

    Once one call cannot be covered no later one is made, be it ever so short: else the messages that are judged would
    be the short ones.
    """

    def __init__(self, *, budget: Budget, prices: Prices | None) -> None:
        """Begin with nothing spent.

        Raises:
            OptionError: a budget in dollars without prices.
        """
        if budget.usd is not None and prices is None:
            raise OptionError(
                "a budget in dollars needs prices",
                got=f"{budget.usd} dollars, and no price of a token",
                have="dollars for a million tokens sent, and for a million got back",
                do="give --price-in and --price-out, or a budget in tokens",
            )
        self._budget, self._prices = budget, prices
        self._change = threading.Condition()
        self._spent = self._reserved = Tokens(0, 0)
        self._n_calls = self._n_from_cache = 0
        self._is_spent = False
        self._n_in_for_one = 1.0

    def reserve(self, most: Tokens) -> Tokens | None:
        """Set tokens aside for a call, once calls under way have left enough; None when the budget is spent.

        Where the endpoint counted more tokens than a call was thought to send, more are set aside from then on.
        """
        with self._change:
            while not self._is_spent:
                tokens = Tokens(math.ceil(most.n_in * self._n_in_for_one), most.n_out)
                if self._budget.covers(_sum(self._spent, self._reserved, tokens), prices=self._prices):
                    self._reserved = _sum(self._reserved, tokens)
                    return tokens
                if self._budget.covers(_sum(self._spent, tokens), prices=self._prices):
                    self._change.wait()
                else:
                    self._is_spent = True
                    self._change.notify_all()
            return None

    def settle(self, most: Tokens, *, reserved: Tokens, used: Tokens | None) -> None:
        """Put what a call used in the place of what was set aside for it; None where it was not made."""
        with self._change:
            self._n_calls += used is not None
            if used is not None:
                self._n_in_for_one = max(self._n_in_for_one, used.n_in / most.n_in)
            self._reserved = Tokens(self._reserved.n_in - reserved.n_in, self._reserved.n_out - reserved.n_out)
            self._spent = _sum(self._spent, used or Tokens(0, 0))
            self._change.notify_all()

    def found(self) -> None:
        """Count a question that needed no call."""
        with self._change:
            self._n_from_cache += 1

    def usage(self) -> Usage:
        """What has been used until now."""
        with self._change:
            return Usage(
                n_calls=self._n_calls,
                n_from_cache=self._n_from_cache,
                tokens=self._spent,
                cost_usd=None if self._prices is None else self._prices.cost_usd(self._spent),
                is_spent=self._is_spent,
            )


def _sum(*parts: Tokens) -> Tokens:
    return Tokens(sum(part.n_in for part in parts), sum(part.n_out for part in parts))
