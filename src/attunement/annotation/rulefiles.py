"""Rules as data: patterns with their reasons, examples and near misses, read and checked."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from attunement.errors import CodebookError

_SHIPPED = Path(__file__).parent / "rules"
_WORD = re.compile(r"<([a-z_]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One way in which a construct shows in words."""

    id: str
    """Its name within the rule."""
    kind: str
    """Which form of the construct it is, such as guilt or leave."""
    why: str
    """Why these words speak for the construct."""
    weight: float
    """The probability of the construct when nothing but this pattern is found; of an exchange, after `answers`."""
    weight_alone: float = 0.0
    """The same where the answered message shows nothing; only for rules with `answers`."""
    match: str
    """What is looked for in small letters: a regular expression without lookaround or back references."""
    unless_before: tuple[str, ...] = ()
    """Not counted if one of these is found before it in the same sentence."""
    unless_after: tuple[str, ...] = ()
    """Not counted if one of these is found after it in the same sentence, its end mark included."""
    unless_within: tuple[str, ...] = ()
    """Not counted if one of these is found in the matched words themselves."""
    cased: bool = False
    """Whether capitals matter: `match` is then held against the text as it was written."""
    examples: tuple[str, ...]
    """Texts in which it must be found, written for this project."""
    near_misses: tuple[str, ...]
    """Texts in which it must not be found, written for this project."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a reply must answer for a rule to count in full."""

    construct: str
    """The construct of the answered message."""
    kinds: tuple[str, ...]
    """The kinds of its patterns that count."""
    earlier: float
    """How much the same counts in the person's message before the answered one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The patterns of one construct."""

    construct: str
    """The key of the codebook."""
    base: float
    """The probability where no pattern is found."""
    known_faults: tuple[str, ...]
    """What it gets wrong, a sentence each, for the page of methods."""
    patterns: tuple[Pattern, ...]
    """In the order of the file."""
    unless_before: tuple[str, ...] = ()
    """As for a pattern, for all of them."""
    unless_after: tuple[str, ...] = ()
    """As for a pattern, for all of them."""
    unless_answering: tuple[str, ...] = ()
    """Counted at a tenth where the answered message holds one of these, such as a wish for a story."""
    answers: Answers | None = None
    """For an exchange: what the answered message must show."""
    file: str
    """Where it was read."""


def load_rules(*, folder: Path | None = None) -> tuple[Rule, ...]:
    """Read every rule file of a folder; without one, those that ship with the package.

    Raises:
        CodebookError: naming the file and the pattern that is wrong.
    """
    root = _SHIPPED if folder is None else folder
    rules = tuple(_rule(path) for path in sorted(root.glob("*.toml")))
    if not rules:
        raise CodebookError("a folder holds no rule files", got=str(root), have="<construct>.toml", do="name another")
    return rules


def _rule(path: Path) -> Rule:
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise CodebookError("a rule file is not TOML", got=f"{fault}  ({path.name})", do=f"mend {path.name}") from fault
    words = _words(stated.pop("words", {}), file=path.name)
    patterns = tuple(_pattern(entry, words=words, file=path.name) for entry in stated.pop("patterns", []))
    if "answers" in stated:
        stated["answers"] = _built(Answers, stated["answers"], where=f"[answers] of {path.name}")
    for name in ("unless_before", "unless_after", "unless_answering"):
        stated[name] = [_expanded(part, words=words, where=path.name) for part in stated.get(name, [])]
    rule: Rule = _built(Rule, stated | {"patterns": patterns, "file": path.name}, where=path.name)
    ids = [pattern.id for pattern in rule.patterns]
    if not ids or len(set(ids)) < len(ids) or path.stem != rule.construct or not 0 <= rule.base < 0.5:
        raise CodebookError(
            "a rule file does not hold together",
            got=f"construct = {rule.construct!r}, base = {rule.base}, patterns {', '.join(ids)}  ({path.name})",
            have="the construct of its file name, a base from 0 to .5, patterns with an id each",
            do=f"mend {path.name}",
        )
    return rule


def _words(stated: dict[str, str], *, file: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for name, expression in stated.items():
        words[name] = f"(?:{_expanded(expression, words=words, where=f'[words] of {file}')})"
    return words


def _pattern(stated: dict[str, Any], *, words: dict[str, str], file: str) -> Pattern:
    where = f"pattern {stated.get('id', '?')} of {file}"
    expanded = dict(stated)
    for name in ("unless_before", "unless_after", "unless_within"):
        expanded[name] = [_expanded(part, words=words, where=where) for part in stated.get(name, [])]
    expanded["match"] = _expanded(stated.get("match", ""), words=words, where=where)
    pattern: Pattern = _built(Pattern, expanded, where=where)
    if not (0 < pattern.weight <= 1 and 0 <= pattern.weight_alone <= 1 and pattern.examples and pattern.near_misses):
        raise CodebookError(
            f"{where} is incomplete",
            got=f"weight = {pattern.weight}, {len(pattern.examples)} examples, {len(pattern.near_misses)} near misses",
            have="a weight from 0 to 1, at least one example and one near miss",
            do=f"complete it in {file}",
        )
    return pattern


def _expanded(expression: str, *, words: dict[str, str], where: str) -> str:
    """The expression with its <words> put in, tried in both engines: RE2 finds candidates, Python finds spans."""
    named = set(_WORD.findall(expression))
    if not expression or named - set(words):
        raise CodebookError(
            f"{where} has an expression that names words nobody defined",
            got=expression or "an empty expression",
            have=", ".join(words),
            do="define the words above it in [words]",
        )
    plain = _WORD.sub(lambda found: words[found.group(1)], expression)
    try:
        re.compile(plain, re.ASCII)
        pc.match_substring_regex(pa.array(["x"]), plain)
    except (re.error, pa.ArrowInvalid) as fault:
        raise CodebookError(
            f"{where} has an expression that cannot be read",
            got=str(fault).splitlines()[0],
            have="a regular expression without lookaround or back references",
            do="mend it",
        ) from fault
    return plain


def _built(kind: type[Any], stated: dict[str, Any], *, where: str) -> Any:
    known = {field.name for field in fields(kind)}
    frozen = {name: tuple(value) if isinstance(value, list) else value for name, value in stated.items()}
    try:
        return kind(**frozen)
    except TypeError as fault:
        raise CodebookError(
            f"{where} lacks fields, or has some that nobody reads",
            got=str(fault).rpartition("() ")[2],
            have=", ".join(sorted(known)),
            do="complete it",
        ) from fault
