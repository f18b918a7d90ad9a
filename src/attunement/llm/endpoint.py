"""Where a language model answers, and with which key."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from attunement.errors import OptionError

KEY_VARIABLES = ("ATTUNEMENT_LLM_KEY", "OPENAI_API_KEY")
"""The environment variables that may hold the key. The second is sent to openai.com and to nobody else."""

_NO_KEY = "none"
"""What is sent in the place of a key to an endpoint on this machine: the client wants something."""
_OPENAI = "openai.com"
_LOCAL_NAMES = (".local", ".lan", ".internal", ".home.arpa", ".localhost")
_EXAMPLE = "https://api.openai.com/v1, http://localhost:8080/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An OpenAI-compatible endpoint and the name of the language model to ask there. It holds no key."""

    url: str
    """Its address up to and with the version, such as http://localhost:11434/v1."""
    llm: str
    """The name of the language model, as the endpoint knows it."""
    timeout_s: float = 120.0
    """How long to wait for a part of an answer."""

    def __post_init__(self) -> None:
        plain = self.url.strip().rstrip("/").removesuffix("/chat/completions")
        object.__setattr__(self, "url", plain)
        try:
            parts = urlsplit(plain)
            is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_whole = False
        if not is_whole:
            _refuse("the address of the endpoint is no address", got=plain, do="give it with http:// or https://")
        if parts.username or parts.password or parts.query or parts.fragment:
            # What was got is not repeated: it may hold a key.
            _refuse(
                "the address of the endpoint holds more than an address",
                got="a user, a password or something after ? or #",
                do=f"leave it out, and put a key into the environment variable {KEY_VARIABLES[0]}",
            )
        if parts.scheme == "http" and not _is_near(parts):
            _refuse("the words of a chat would travel unsealed", got=plain, do="use https:// beyond your own network")
        if not self.llm.strip():
            _refuse("no language model is named", got=f"llm={self.llm!r}", do="name one that the endpoint serves")
        if not self.timeout_s > 0:
            _refuse("the time to wait makes no sense", got=f"timeout_s={self.timeout_s!r}", do="give seconds above 0")

    @property
    def host(self) -> str:
        """The machine that the words go to."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine."""
        return _is_here(self.host)

    @property
    def is_openai(self) -> bool:
        """Whether it is OpenAI's own."""
        return self.host == _OPENAI or self.host.endswith(f".{_OPENAI}")

    def key(self) -> str:
        """The key from the environment; for this machine, a word in its place where there is none.

        Raises:
            OptionError: no variable holds one, and the endpoint is on another machine.
        """
        names = KEY_VARIABLES if self.is_openai else KEY_VARIABLES[:1]
        found = next((os.environ[name].strip() for name in names if os.environ.get(name, "").strip()), "")
        if found and not (found.isascii() and found.isprintable()):
            raise OptionError(
                "the key has characters that no key has",
                got=f"a value of {len(found)} characters in the environment",
                have="letters, digits and marks, without line ends",
                do=f"set {names[0]} again",
            )
        if found or self.is_here:
            return found or _NO_KEY
        raise OptionError(
            "there is no key for the endpoint",
            got=f"{self.host}, and nothing in {' or '.join(names)}",
            have="an endpoint on this machine needs none",
            do=f"put the key into the environment variable {names[0]}",
        )


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_near(parts: SplitResult) -> bool:
    """Whether a host is on this machine or in a private network, as far as its name tells."""
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_NAMES)


def _refuse(what: str, *, got: str, do: str) -> NoReturn:
    raise OptionError(what, got=got, have=_EXAMPLE, do=do)
