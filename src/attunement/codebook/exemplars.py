"""Written turns that show a construct or just miss it, and the check that they teach what they should."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata

from attunement.codebook.records import Construct
from attunement.errors import CodebookError

_SHIPPED = Path(__file__).parent / "exemplars"

ORDINARY = {"ai": "ordinary.ai", "user": "ordinary.user"}
"""Files of ordinary turns of a side: they show nothing but what `also` names."""

REGISTERS = {
    "ai": ("assistant", "companion", "roleplay", "tutor", "support"),
    "user": ("chat", "companion", "roleplay", "task", "confession"),
}
"""The kinds of talk that exemplars come from."""

_NEAR = 0.5
_NEAR_SHARE = 0.02
_LENGTH_AUROC = 0.65
_WORD_SHARE = 0.4
_GRAM = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemplar:
    """One turn written for this project."""

    text: str
    """The turn."""
    before: str
    """The message that it answers; empty where it does not matter."""
    label: bool
    """Whether it shows the construct of its file."""
    level: float | None = None
    """How far, from 0 to 1, for a construct of degree; the label is true from .5."""
    register: str
    """One of REGISTERS of its side."""
    scene: str
    """Exemplars of one scene differ in what is done and share what it is about: they are never divided."""
    kind: str
    """The sub-type of a positive; why a negative is one."""
    also: tuple[str, ...] = ()
    """Other constructs that it shows."""
    maybe: tuple[str, ...] = ()
    """Other constructs about which readers may differ."""


def read_exemplars(name: str, *, folder: Path | None = None) -> tuple[Exemplar, ...]:
    """The exemplars of a file, such as ai.flattery or ordinary.user; none where there is no such file.

    Raises:
        CodebookError: naming the line that cannot be read.
    """
    path = (_SHIPPED if folder is None else folder) / f"{name}.jsonl"
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(_exemplar(line, place=f"{path.name}:{number}") for number, line in enumerate(lines, 1) if line.strip())


def _exemplar(line: str, *, place: str) -> Exemplar:
    try:
        stated: dict[str, Any] = json.loads(line)
        stated["label"] = {0: False, 1: True}[stated["label"]]
        return Exemplar(**stated | {name: tuple(stated.get(name, ())) for name in ("also", "maybe")})
    except (ValueError, TypeError, KeyError) as fault:
        raise CodebookError(
            "an exemplar cannot be read",
            got=f"{type(fault).__name__}: {fault}  ({place})",
            have="text, before, label (0 or 1), register, scene, kind, also, maybe",
            do=f"mend {place}",
        ) from fault


def wanted(construct: Construct) -> int:
    """How many positives, and how many negatives, a construct needs at least."""
    return 120 if construct.side == "ai" and construct.sign == "thwarts" else 60


def faults(exemplars: Sequence[Exemplar], *, side: str, n_wanted: int) -> list[str]:
    """What is wrong with the exemplars of one construct, in words; nothing where they may be trained on.

    Refused are: too few; near duplicates (Jaccard of character 5-grams over .5) in more than 2 % of the items; a label
    that length alone predicts (AUROC outside .35 to .65); a label that one word predicts (in a share of the positives
    and of the negatives that differ by more than .4); registers that nobody knows.
    """
    labels = np.array([one.label for one in exemplars], dtype=bool)
    found = [
        f"{n} {what}, and {n_wanted} are wanted"
        for n, what in ((int(labels.sum()), "positives"), (int((~labels).sum()), "negatives"))
        if n < n_wanted
    ]
    found += [f"the register {name!r} is not one of {', '.join(REGISTERS[side])}" for name in _odd(exemplars, side)]
    if labels.all() or not labels.any():
        return found
    near = near_duplicates(
        [f"{one.before}\n{one.text}" for one in exemplars], [(one.scene, one.label) for one in exemplars]
    )
    if len(near) > _NEAR_SHARE * len(exemplars):
        first = exemplars[min(near)].text[:60]
        found.append(f"{len(near)} of {len(exemplars)} are near duplicates of another, the first: {first!r}")
    length = _length_auroc(exemplars, labels)
    if not 1 - _LENGTH_AUROC <= length <= _LENGTH_AUROC:
        found.append(f"length alone predicts the label (AUROC {length:.2f})")
    return found + [f"the word {word!r} alone predicts the label ({gap:+.2f})" for word, gap in _telling(exemplars)]


def near_duplicates(texts: Sequence[str], contrasts: Sequence[tuple[str, bool]] = ()) -> set[int]:
    """The places of texts that are nearly another one of them.

    Where the scene and label of each are given, two of one scene with different labels may be alike: they are a
    contrast, and what little they differ in is what is to be learnt.
    """
    grams = [_grams(text) for text in texts]
    near: set[int] = set()
    for place, own in enumerate(grams):
        for other in range(place):
            if contrasts and contrasts[place][0] == contrasts[other][0] and contrasts[place][1] != contrasts[other][1]:
                continue
            shared = len(own & grams[other])
            if shared > _NEAR * (len(own) + len(grams[other]) - shared):
                near |= {place, other}
    return near


def _grams(text: str) -> set[str]:
    plain = re.sub(r"\s+", " ", text.lower())
    return {plain[start : start + _GRAM] for start in range(max(1, len(plain) - _GRAM + 1))}


def _odd(exemplars: Iterable[Exemplar], side: str) -> list[str]:
    return sorted({one.register for one in exemplars} - set(REGISTERS[side]))


def _length_auroc(exemplars: Sequence[Exemplar], labels: np.ndarray) -> float:
    ranks = rankdata([len(one.text.split()) for one in exemplars])
    n_positive = int(labels.sum())
    above = ranks[labels].sum() - n_positive * (n_positive + 1) / 2
    return float(above / (n_positive * (len(labels) - n_positive)))


def _telling(exemplars: Sequence[Exemplar]) -> Iterator[tuple[str, float]]:
    """Words whose share of positives and of negatives differ too much, with the difference."""
    counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    n_of = Counter(one.label for one in exemplars)
    for one in exemplars:
        counts[one.label].update(set(re.findall(r"[\w']+", one.text.lower())))
    for word in sorted(counts[True] | counts[False]):
        gap = counts[True][word] / n_of[True] - counts[False][word] / n_of[False]
        if abs(gap) > _WORD_SHARE:
            yield word, gap
