"""Questions in, answers out: from the cache, or by a call."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from attunement.errors import OptionError, ServiceError
from attunement.llm.cache import Cache
from attunement.llm.calling import Caller
from attunement.llm.endpoint import Endpoint
from attunement.llm.patience import Gate, Patience
from attunement.llm.plans import Plan, make_plan
from attunement.llm.prices import Budget, Ledger, Prices, Usage
from attunement.llm.questions import PARAMETERS, Answer, Question
from attunement.llm.replies import answer_from
from attunement.llm.trying import Trier

_MOST_AT_ONCE = 256


class LanguageModel:
    """A language model behind an endpoint. It may be asked from many threads.

    Equal questions are asked once. An answer is kept when it comes, so that a run that ends early, for whatever
    reason, goes on where it ended. Close it, or use it in a `with`.
    """

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        budget: Budget | None = None,
        prices: Prices | None = None,
        cache: Path | None = None,
        concurrency: int = 8,
        ask_again: bool = False,
        patience: Patience | None = None,
    ) -> None:
        """Make ready. Nothing is sent until the first question.

        Args:
            endpoint: where it answers.
            budget: where to stop.
            prices: what tokens cost.
            cache: the file for answers; without one they last as long as this object.
            concurrency: how many calls may be under way at a time.
            ask_again: whether to ask again what was refused or answered unusably before.
            patience: how often to try, and how long to wait.

        Raises:
            OptionError: a number makes no sense, or a budget in dollars has no prices.
            StoreError: the file for answers cannot be used.
        """
        if not 1 <= concurrency <= _MOST_AT_ONCE:
            raise OptionError(
                "the number of calls at a time makes no sense",
                got=f"concurrency={concurrency!r}",
                have=f"1 to {_MOST_AT_ONCE}",
                do="begin with 8; a small machine of your own answers one or two at a time",
            )
        self._endpoint, self._prices = endpoint, prices
        self._budget = budget or Budget()
        self._ledger = Ledger(budget=self._budget, prices=prices)
        self._gate = Gate()
        self._trier = Trier(endpoint=endpoint, ledger=self._ledger, gate=self._gate, patience=patience or Patience())
        self._lock = threading.Lock()
        self._under_way: dict[bytes, Future[Answer]] = {}
        self._caller: Caller | None = None
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="asking")
        self._cache = Cache(cache)
        if ask_again:
            self._cache.forget_failures()

    @property
    def llm(self) -> str:
        """The name of the language model."""
        return self._endpoint.llm

    @property
    def parameters(self) -> str:
        """What every call asks for, in one line."""
        return " ".join(f"{name}={value}" for name, value in PARAMETERS.items())

    @property
    def usage(self) -> Usage:
        """What has been used until now."""
        return self._ledger.usage()

    def prepare(self) -> None:
        """Check before the first paid step that a call could be made. Nothing is sent.

        Raises:
            ExtraMissing: the official client is not installed.
            OptionError: the endpoint needs a key and the environment holds none.
        """
        with self._lock:
            self._ready()

    def plan(self, questions: Iterable[Question]) -> Plan:
        """What asking these would take. Nothing is sent, and no key is needed."""
        return make_plan(
            questions,
            key=lambda question: question.key(self._endpoint),
            is_kept=lambda key: self._cache.get(key) is not None,
            prices=self._prices,
            budget=self._budget,
        )

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """The answers, in order. Returns when the last is there.

        Raises:
            ServiceError: the endpoint is down, or refuses everything. Answers that came before are kept.
            ExtraMissing, OptionError: as `prepare`.
        """
        answers = [self._answer(question) for question in questions]
        return [answer.result() for answer in answers]

    def stop(self) -> None:
        """Give up questions that are waiting. Calls under way come to their end, and their answers are kept."""
        self._gate.stop()

    def close(self) -> None:
        """Stop, wait for the calls under way, and close the connections and the file for answers."""
        self.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)
        if self._caller is not None:
            self._caller.close()
        self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, question: Question) -> Future[Answer]:
        key = question.key(self._endpoint)
        with self._lock:
            if key in self._under_way:
                self._ledger.found()
                return self._under_way[key]
            known = self._cache.get(key)
            if known is not None:
                self._ledger.found()
                answer: Future[Answer] = Future()
                answer.set_result(known)
                return answer
            self._under_way[key] = self._threads.submit(self._asked, question, key, self._ready())
            return self._under_way[key]

    def _ready(self) -> Caller:
        if self._caller is None:
            self._caller = Caller(self._endpoint)
        return self._caller

    def _asked(self, question: Question, key: bytes, caller: Caller) -> Answer:
        try:
            reply = self._trier.reply(question, caller)
            answer = answer_from(reply, question)
            if answer.is_settled:
                self._cache.put(key, answer, used=reply.used or question.at_most())
        except BaseException as fault:
            self._gate.stop(fault if isinstance(fault, ServiceError) else None)
            raise
        finally:
            with self._lock:
                del self._under_way[key]
        return answer
