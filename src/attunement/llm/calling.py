"""One call of an endpoint through the official client, and what can go wrong with it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from attunement.errors import ExtraMissing
from attunement.llm.endpoint import Endpoint
from attunement.llm.manners import Manner
from attunement.llm.patience import asked_wait_s
from attunement.llm.questions import Question
from attunement.llm.replies import Reply, reply_from
from attunement.vocabulary import Missing

_WORD = re.compile(r"[A-Za-z0-9_.\-]{1,60}")
_NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "insufficient_funds"}
_FILTERS = {"content_filter", "content_policy_violation", "responsibleaipolicyviolation", "moderation_blocked"}
_AGAIN = {408, 409, 425}
_MALFORMED = {400, 422, 501}
_TOO_LONG = {"context_length_exceeded", "string_above_max_length"}
_TOO_LARGE = 413
_LIMITED = 429


class Kind(Enum):
    """What a fault asks for."""

    AGAIN = auto()
    """Try again after a while."""
    LATER = auto()
    """Try again when the endpoint says."""
    OTHERWISE = auto()
    """Ask again at once, in the manner that was found meanwhile."""
    NEVER = auto()
    """This question gets no answer; others may."""
    FATAL = auto()
    """No question will get an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A call that brought no reply."""

    kind: Kind
    """What it asks for."""
    words: str
    """What happened, without any word of the request or of the endpoint's own message, which may repeat it."""
    wait_s: float | None = None
    """How long the endpoint asks to wait."""
    may_cost: bool = False
    """Whether the endpoint may have answered, and count it, though nothing arrived."""


class Caller:
    """Makes calls, from many threads, and learns in which manner the endpoint wants to be asked."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Make the client ready. Nothing is sent.

        Raises:
            ExtraMissing: the official client is not installed.
            OptionError: the endpoint needs a key and the environment holds none.
        """
        self._openai = _imported()
        self._endpoint = endpoint
        self._lock = threading.Lock()
        # OpenAI's own newer language models know the second name of the limit alone.
        self._first = Manner(limit="max_completion_tokens") if endpoint.is_openai else Manner()
        self._manner = self._first
        self._is_sure = False
        key = endpoint.key()
        self._http = self._openai.DefaultHttpxClient(
            follow_redirects=False,
            trust_env=not endpoint.is_here,
            event_hooks={"request": [_say_less if endpoint.is_openai else _say_least]},
        )
        self._client = self._openai.OpenAI(
            api_key=key,
            base_url=endpoint.url,
            timeout=endpoint.timeout_s,
            max_retries=0,
            http_client=self._http,
        )

    def call(self, question: Question) -> Reply | Fault:
        """Ask once."""
        manner = self._manner
        try:
            response = self._client.chat.completions.with_raw_response.create(
                model=self._endpoint.llm, **manner.request(question)
            )
            reply = reply_from(response.text)
        except self._openai.APITimeoutError:
            return Fault(kind=Kind.AGAIN, words=f"no answer within {self._endpoint.timeout_s:g} s", may_cost=True)
        except self._openai.APIStatusError as fault:
            headers = {name.lower(): value for name, value in fault.response.headers.items()}
            return self._fault(fault.status_code, _error_of(fault.body), headers, manner=manner)
        except self._openai.APIConnectionError:
            return Fault(kind=Kind.AGAIN, words="the connection failed", may_cost=True)
        except (self._openai.OpenAIError, UnicodeDecodeError):
            return Fault(kind=Kind.AGAIN, words="the response could not be read", may_cost=True)
        if reply is None:
            return Fault(kind=Kind.AGAIN, words="the response was no chat completion", may_cost=True)
        with self._lock:
            self._is_sure = self._is_sure or self._manner == manner
        return reply

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._http.close()

    def _fault(
        self, status: int, error: Mapping[str, Any], headers: dict[str, str], *, manner: Manner
    ) -> Reply | Fault:
        codes = {str(error.get(name)).lower() for name in ("code", "type", "status")}
        words = _in_words(status, error)
        wait_s = asked_wait_s(headers, now=time.time())
        if codes & _NO_MONEY:
            return Fault(kind=Kind.FATAL, words=words)
        if codes & _FILTERS or (status == 403 and self._is_sure):
            return Reply(missing=Missing.REFUSED)
        if codes & _TOO_LONG or status == _TOO_LARGE:
            return Fault(kind=Kind.NEVER, words=words)
        if status in _MALFORMED:
            return self._refused(error, manner=manner, words=words)
        if status == _LIMITED:
            return Fault(kind=Kind.LATER, words=words, wait_s=wait_s)
        if status in _AGAIN or status >= 500:
            return Fault(kind=Kind.AGAIN, words=words, wait_s=wait_s)
        return Fault(kind=Kind.FATAL, words=words)

    def _refused(self, error: Mapping[str, Any], *, manner: Manner, words: str) -> Fault:
        """Change the manner, unless an answer came in it before: then it is this question that is refused."""
        with self._lock:
            if self._manner != manner:
                return Fault(kind=Kind.OTHERWISE, words=words)
            if self._is_sure:
                return Fault(kind=Kind.NEVER, words=words)
            other = manner.after_refusal(error)
            self._manner = other or self._first
        return Fault(kind=Kind.NEVER if other is None else Kind.OTHERWISE, words=words)


def _imported() -> Any:
    try:
        import openai  # noqa: PLC0415 - an extra, and slow to import
    except ModuleNotFoundError:
        raise ExtraMissing(
            "the client for language models is not installed",
            got="a wish to ask a language model",
            have="rules and heads, which need nothing more",
            do='pip install "attunement[llm]"',
        ) from None
    return openai


def _error_of(body: object) -> Mapping[str, Any]:
    """The part of an error's body that says what is wrong. Endpoints differ in where they put it."""
    inner = body.get("error") if isinstance(body, dict) else None
    if isinstance(inner, dict):
        return inner
    if isinstance(body, dict):
        return body | ({"message": inner} if isinstance(inner, str) else {})
    return {"message": body} if isinstance(body, str) else {}


def _in_words(status: int, error: Mapping[str, Any]) -> str:
    codes = [str(error.get(name) or "") for name in ("code", "type", "param")]
    told = list(dict.fromkeys(code for code in codes if _WORD.fullmatch(code) and code != str(status)))
    return f"HTTP {status}" + (f" ({', '.join(told)})" if told else "")


def _say_less(request: Any) -> None:
    """Take out what the client would tell of this machine: its system and versions."""
    # The client looks at the one that stays to see that the response is wanted as it came.
    told = [name for name in request.headers if name.lower().startswith("x-stainless-")]
    for name in [name for name in told if not name.lower().endswith("-raw-response")]:
        del request.headers[name]


def _say_least(request: Any) -> None:
    """The same, and what belongs to an account with OpenAI."""
    _say_less(request)
    for name in [name for name in request.headers if name.lower().startswith("openai-")]:
        del request.headers[name]
