"""The annotators that can be asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from attunement.annotation.encoder import load_accurate
from attunement.annotation.heads import load_heads, shipped_faults
from attunement.annotation.protocol import Annotator
from attunement.annotation.rulefiles import load_rules
from attunement.annotation.ruleset import Rules
from attunement.codebook import Codebook
from attunement.errors import OptionError


def _rules(codebook: Codebook) -> tuple[Annotator, ...]:
    rules = [rule for rule in load_rules() if rule.construct in codebook.keys]
    return (Rules(rules=rules, codebook=codebook),)


def _fast(codebook: Codebook) -> tuple[Annotator, ...]:
    return (load_heads(codebook),)


def _accurate(codebook: Codebook) -> tuple[Annotator, ...]:
    return (load_accurate(codebook),)


ANNOTATORS: dict[str, Callable[[Codebook], tuple[Annotator, ...]]] = {
    "fast": _fast,
    "accurate": _accurate,
    "rules": _rules,
}
"""By name: `fast`, linear heads on n-grams, the default; `accurate`, heads on a sentence encoder as well, which needs
an extra; `rules`, transparent patterns for a few constructs."""


def choose(name: str, *, codebook: Codebook) -> tuple[Annotator, ...]:
    """The annotators of a name, or the heads in a folder that `attune train` wrote.

    Raises:
        OptionError: there is neither such a name nor such a folder.
        ExtraMissing: it needs an optional package.
    """
    if name in ANNOTATORS:
        return ANNOTATORS[name](codebook)
    if Path(name).is_dir():
        return (load_heads(codebook, folder=Path(name)),)
    raise OptionError(
        "there is no such annotator",
        got=name,
        have=f"{', '.join(ANNOTATORS)}, or a folder that `attune train` wrote",
        do="choose one of these",
    )


def default_annotators(codebook: Codebook) -> tuple[Annotator, ...]:
    """The annotators that run when nobody chooses."""
    return choose("fast", codebook=codebook)


def known_faults() -> dict[str, dict[str, tuple[str, ...]]]:
    """What the annotators that ship are known to get wrong: by annotator and construct, in sentences."""
    of_heads = shipped_faults()
    of_rules = {rule.construct: rule.known_faults for rule in load_rules()}
    # The accurate annotator reads what the heads say, and has not been found free of any of their faults.
    return {"rules": of_rules, "heads": of_heads, "accurate": of_heads}
