"""What masking leaves as it is: the words that the readers know, and nothing that a person could have written.

The list of known words is not kept by hand. It is gathered from the readers' own code, so that what a reader looks for
is what a masked copy still shows it, and a new form needs no change here.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from importlib.abc import InspectLoader
from importlib.util import find_spec
from types import CodeType
from typing import Any, Literal

from attunement.sources import formats
from attunement.sources.times import microseconds

Kind = Literal["id", "time", "word", "model", "text", "other"]
"""What stands in a field, as far as its name tells."""

NO_ID = re.compile(r"0{8}-0{4}-[04]0{3}-[08]0{3}-0{12}|unused|")
"""Ids that stand for none."""

ID_TABLES = frozenset({"mapping", "messages", "project_memories"})
"""Objects whose keys are ids."""

_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.:/-]{0,63}")
_LETTERS = re.compile(r"[A-Za-z]+")
_IDS = re.compile(r"(?:^|[_.])(?:ids?|uuids?|hash|identifier|username|login|handle|integrity)$|[a-z]Ids?$|^I[Dd]$")
_ID_KEYS = frozenset(
    "parent children current_node src tgt hashed_ip user name display_name displayName user_name character_name"
    " src__name participant__name modelLabel chatGptLabel persona assistant_name assistant character bot task end_user"
    " main_chat safety_identifier run sample person participant".split()
)
_PLACES = frozenset({"swipe_id"})
"""Named like ids, though they are places in a list."""

_TIMES = re.compile(
    r"(?:time|date|stamp|created|updated|inserted|started|finished|completed|_at|At|Time|Date|Stamp|Nano)$"
    r"|^\$numberLong$"
)
_MODELS = re.compile(r"(?:^|[_.])models?$|model_slug$|^model_name$")
_WORDS = frozenset(
    "role sender from From type content_type status state recipient channel nature event_name rating Reaction reaction"
    " finish_reason finishReason finish_reasons stop_reason kind object header products activityControls event source"
    " operation gen_ai.operation.name gen_ai.system gen_ai.provider.name".split()
)
_TEXTS = frozenset(
    "text content message value mes raw_content parts title swipes thinking reasoning reasoning_content html system"
    " instructions arguments result summary note_prompt refusal transcript extracted_content prompt completion output"
    " input greeting answer target".split()
)
_TIME_WORDS = frozenset(
    "jan feb mar apr may jun jul aug sep oct nov dec january february march april june july august september october"
    " november december am pm st nd rd th t z h m s ms utc gmt bst cet cest mez mesz wet west eet eest msk ist jst kst"
    " est edt cst cdt mst mdt pst pdt aest aedt nzst".split()
)
_MODEL = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
_MODEL_WORDS = frozenset(
    "gpt turbo mini nano preview text davinci curie babbage ada render sha browsing plugins claude sonnet opus haiku"
    " instant gemini gemma pro flash ultra lite exp experimental thinking llama instruct chat latest mistral mixtral"
    " qwen deepseek reasoner coder grok beta fast command plus vicuna alpaca koala palm bard bison auto research code"
    " phi yi models openai anthropic google meta b k o r v x it hf tb oasst rwkv fastchat dolly stablelm mpt"
    " wizardlm".split()
)
_YEAR_OR_CLOCK = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}:\d\d")
_KEY_WORDS = frozenset(
    "update archived starred moderation results safe urls blocked disabled tool plugin plugins conversation origin"
    " owner workspace memory scope voice anonymous author metadata end turn weight recipient hidden visually is has in"
    " not attachments finished duration sec request default template gizmo async status study mode do remember account"
    " file name size type extracted content uuid index stop reason truncated files settings current last next first"
    " count number token tokens usage total prompt completion details reasoning cached input output language model"
    " toxic redacted country header accept agent user hashed ip identifier temperature top p fingerprint system"
    " harassment hate self harm sexual minors violence graphic threatening intent instructions illicit violent flagged"
    " categories category scores severe toxicity obscene insult identity attack explicit swipe swipes info gen chat"
    " extra api send date create email phone picture full birth year display title url urls link image images key value"
    " string int bool double array attributes resource spans scope span trace parent start time unix nano events kind"
    " operation ai provider response finish reasons id ids messages message conversations users shared feedback role"
    " created updated at text parts history log export data my activity takeout apps".split()
)


def _code(code: CodeType) -> Iterator[str]:
    """Every text that stands in a piece of compiled code."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code(constant)
        else:
            yield from _texts(constant)
    yield from ()


def _texts(constant: object) -> Iterator[str]:
    if isinstance(constant, str):
        yield from constant.split() if " " in constant and constant.islower() else (constant,)
    elif isinstance(constant, tuple | frozenset):
        for inner in constant:
            yield from _texts(inner)


@cache
def known_words() -> frozenset[str]:
    """The names of fields, roles and types that the readers look for."""
    found: set[str] = set()
    for module in pkgutil.iter_modules(formats.__path__):
        name = f"{formats.__name__}.{module.name}"
        importlib.import_module(name)
        spec = find_spec(name)
        loader = spec.loader if spec is not None else None
        code = loader.get_code(name) if isinstance(loader, InspectLoader) else None
        if code is not None:
            found.update(text for text in _code(code) if _PLAIN.fullmatch(text))
    return frozenset(found)


@cache
def _folded() -> frozenset[str]:
    return frozenset(word.casefold() for word in known_words())


@cache
def _words_of_inspect() -> frozenset[str]:
    """The names and words of Inspect's logs, which its own reader insists on; none where it is not installed."""
    if find_spec("inspect_ai") is None:
        return frozenset()
    schema = importlib.import_module("inspect_ai.log").EvalLog.model_json_schema()
    found: set[str] = set()
    waiting: list[Any] = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found.update(one["properties"] if isinstance(one.get("properties"), dict) else ())
            found.update(word for word in [*one.get("enum", ()), one.get("const")] if isinstance(word, str))
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return frozenset(found)


def is_known(key: str, form: str = "") -> bool:
    """Whether a reader looks for this very name."""
    return key in known_words() or (form == "inspect" and key in _words_of_inspect())


def is_word(value: str, form: str = "") -> bool:
    """Whether a role or type is one that a reader knows."""
    return value.casefold() in _folded() or (form == "inspect" and value in _words_of_inspect())


def is_token(letters: str) -> bool:
    """Whether a piece of the name of a field is an ordinary word of such names."""
    return letters.lower() in _KEY_WORDS


def is_time(value: str) -> bool:
    """Whether a text is a time, in digits and in words of no language but English."""
    if microseconds(value) is not None:
        return True
    return (
        len(value) <= 48
        and _YEAR_OR_CLOCK.search(value) is not None
        and all(char.isascii() or char.isspace() for char in value)
        and all(word.lower() in _TIME_WORDS for word in _LETTERS.findall(value))
    )


def is_time_word(letters: str) -> bool:
    """Whether some letters stand in times."""
    return letters.lower() in _TIME_WORDS


def is_model(value: str) -> bool:
    """Whether the name of a language model is made of the usual words; one of your own may bear your name."""
    return bool(_MODEL.fullmatch(value)) and all(word.lower() in _MODEL_WORDS for word in _LETTERS.findall(value))


@cache
def kind_of(key: str) -> Kind:
    """What stands in a field of this name."""
    if key in _PLACES:
        return "other"
    if key in _TEXTS:
        return "text"
    if key in _ID_KEYS or _IDS.search(key):
        return "id"
    if _TIMES.search(key):
        return "time"
    if _MODELS.search(key):
        return "model"
    if key in _WORDS:
        return "word"
    last = key.rpartition(".")[2]
    return kind_of(last) if last != key else "other"
