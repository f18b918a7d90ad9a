"""A call made as often as it takes, within the budget and at the endpoint's own pace."""

from __future__ import annotations

import random
import threading

from attunement.errors import ServiceError
from attunement.llm.calling import Caller, Fault, Kind
from attunement.llm.endpoint import Endpoint
from attunement.llm.patience import Gate, Patience
from attunement.llm.prices import Ledger
from attunement.llm.questions import Question, Tokens
from attunement.llm.replies import Reply
from attunement.vocabulary import Missing


class Trier:
    """Gets a reply to a question, or finds out that the endpoint is down.

    The waits are ours and not the client's: each try has to be covered by the budget, and what one call is told
    about coming later has to hold for all of them.
    """

    def __init__(self, *, endpoint: Endpoint, ledger: Ledger, gate: Gate, patience: Patience) -> None:
        self._endpoint, self._ledger, self._gate, self._patience = endpoint, ledger, gate, patience
        self._rng = random.Random()  # noqa: S311 - for waits, which need no secret
        self._lock = threading.Lock()
        self._n_in_a_row = 0
        self._has_answered = False

    def reply(self, question: Question, caller: Caller) -> Reply:
        """The reply of as many calls as it takes; without one, UNANSWERED or OVER_BUDGET.

        Raises:
            ServiceError: the endpoint refuses everything, or has answered nothing for a while.
        """
        n_failed = n_limited = 0
        wait_s = 0.0
        while True:
            self._gate.wait(wait_s)
            result = self._called(question, caller)
            if isinstance(result, Reply):
                self._count_success(result)
                return result
            if result.kind is Kind.FATAL:
                raise self._no_service("the endpoint of the language model refuses every question", result)
            n_failed += result.kind is Kind.AGAIN
            n_limited += result.kind is Kind.LATER
            is_enough = n_failed >= self._patience.n_tries or n_limited >= self._patience.n_tries_limited
            if is_enough or result.kind is Kind.NEVER:
                self._count_failure(result)
                return Reply(missing=Missing.UNANSWERED)
            wait_s = self._wait_s(result, n_tries=n_failed + n_limited)

    def _called(self, question: Question, caller: Caller) -> Reply | Fault:
        """One call, if the budget covers it."""
        most = question.at_most()
        reserved = self._ledger.reserve(most)
        if reserved is None:
            return Reply(missing=Missing.OVER_BUDGET)
        used: Tokens | None = None
        try:
            # Others may have been sent away while this one waited for the budget.
            self._gate.wait()
            used = reserved
            result = caller.call(question)
            if isinstance(result, Reply):
                used = result.used or reserved
            elif not result.may_cost:
                used = Tokens(0, 0)
            return result
        finally:
            self._ledger.settle(most, reserved=reserved, used=used)

    def _wait_s(self, fault: Fault, *, n_tries: int) -> float:
        """How long this question waits. What the endpoint asks for holds for all questions."""
        if fault.kind is Kind.OTHERWISE:
            return 0.0
        own_s = self._patience.wait_s(n_tries, rng=self._rng)
        if fault.wait_s is None:
            if fault.kind is Kind.LATER:
                self._gate.shut_for(own_s)
            return own_s
        if fault.wait_s > self._patience.longest_asked_s:
            raise self._no_service(
                f"the endpoint of the language model asks to wait {fault.wait_s / 60:,.0f} minutes", fault
            )
        self._gate.shut_for(fault.wait_s)
        return fault.wait_s + self._patience.wait_s(1, rng=self._rng)

    def _count_success(self, reply: Reply) -> None:
        if reply.missing is not Missing.OVER_BUDGET:
            with self._lock:
                self._n_in_a_row, self._has_answered = 0, True

    def _count_failure(self, fault: Fault) -> None:
        with self._lock:
            self._n_in_a_row += 1
            is_down = self._n_in_a_row >= self._patience.n_in_a_row
            never_up = fault.kind is Kind.AGAIN and not self._has_answered
        if is_down or never_up:
            raise self._no_service("the endpoint of the language model does not answer", fault)

    def _no_service(self, what: str, fault: Fault) -> ServiceError:
        return ServiceError(
            what,
            got=f"{fault.words} from {self._endpoint.url}, asked for {self._endpoint.llm}",
            have="every answer that came before, if a file for answers was named",
            do="mend the address, the name or the key, or wait; then run the command again",
        )
