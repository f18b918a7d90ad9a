"""How much a probability changes when a text changes only on its surface.

    python benchmarks/accuracy/robustness.py [--annotator fast]

The exemplars of every construct are read as they are and changed: one typing error in each eighth word, all small
letters, all capitals, an emoji after each sentence, markdown marks, zero-width characters within words, look-alike
letters, drawn-out letters, and common contractions and words put another way. Kept are the mean absolute change of the
probability, its 95th percentile, the change of AUROC, and how often the verdict at .5 flips.
Distrust it: weights were fitted to the unchanged texts, which makes those seem easier than new texts are; and the
paraphrase is one of words, not of whole sentences.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from keeping import keep

from attunement.annotation import annotate, choose
from attunement.codebook import load, read_exemplars
from attunement.rows import as_messages
from attunement.statistics import auroc

OTHER_WORDS = {
    "really": "truly", "very": "so", "don't": "do not", "can't": "cannot", "i'm": "i am", "you're": "you are",
    "it's": "it is", "i've": "i have", "think": "believe", "want": "would like", "maybe": "perhaps", "because": "since",
    "great": "wonderful", "sad": "unhappy", "happy": "glad", "talk": "speak", "start": "begin", "help": "assist",
    "people": "folks", "friend": "mate", "need": "require", "always": "all the time", "never": "at no time",
    "okay": "fine", "hard": "difficult", "good": "nice", "tell": "let know", "feel": "sense", "alone": "on my own",
}  # fmt: skip
LOOK_ALIKE = str.maketrans("aeopcx", "\u0430\u0435\u043e\u0440\u0441\u0445")


def typing_errors(text: str, rng: np.random.Generator) -> str:
    words = text.split(" ")
    for place, word in enumerate(words):
        if len(word) > 3 and rng.random() < 1 / 8:
            at = int(rng.integers(1, len(word) - 2))
            words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)


def other_words(text: str, _rng: np.random.Generator) -> str:
    return re.sub(r"[\w']+", lambda word: OTHER_WORDS.get(word.group().lower(), word.group()), text)


def look_alike(text: str, rng: np.random.Generator) -> str:
    return re.sub(
        r"\w+", lambda word: word.group().translate(LOOK_ALIKE) if rng.random() < 0.05 else word.group(), text
    )


CHANGES: dict[str, Callable[[str, np.random.Generator], str]] = {
    "typing errors": typing_errors,
    "small letters": lambda text, _: text.lower(),
    "capitals": lambda text, _: text.upper(),
    "emoji": lambda text, _: re.sub(r"([.!?])(\s|$)", "\\1 \U0001f642\\2", text),
    "markdown": lambda text, _: "> " + re.sub(r"(\w{5,})", r"**\1**", text, count=2),
    "zero-width characters": lambda text, _: re.sub(r"(\w)(\w)", "\\1\u200b\\2", text),
    "look-alike letters in a word of 20": look_alike,
    "drawn-out letters": lambda text, _: re.sub(r"([aeiou])\b", r"\1\1\1", text, count=2),
    "other words": other_words,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--annotator", default="fast")
    options = parser.parse_args()
    codebook = load()
    annotators = choose(options.annotator, codebook=codebook)
    found: dict[str, dict] = {}
    for side in ("ai", "user"):
        keys = [key for one in annotators for key in one.constructs if codebook.construct(key).side == side]
        texts = [(key, one) for key in keys for one in read_exemplars(key)]
        plain = probabilities([one.text for _, one in texts], texts, side=side, annotators=annotators)
        for name, change in CHANGES.items():
            rng = np.random.default_rng(1)
            changed = probabilities(
                [change(one.text, rng) for _, one in texts], texts, side=side, annotators=annotators
            )
            found.setdefault(name, {})[side] = compared(plain, changed, texts, keys)
    results = {"annotator": [f"{one.name} {one.version}" for one in annotators], "changes": found}
    keep(__file__, results, name=None if options.annotator == "fast" else f"robustness.{options.annotator}")


def probabilities(texts, about, *, side, annotators) -> dict[str, np.ndarray]:
    """The probability of every construct for each text; NaN where it cannot be read."""
    rows = [{"text": text, "before": one.before or None} for text, (_, one) in zip(texts, about, strict=True)]
    table = annotate(as_messages(rows, text="text", context="before", side=side), annotators=annotators)
    found: dict[str, np.ndarray] = {}
    columns = [table[name].to_pylist() for name in ("construct", "message_id", "probability")]
    for key, message_id, p in zip(*columns, strict=True):
        found.setdefault(key, np.full(len(rows), np.nan))[message_id // 2] = np.nan if p is None else p
    return found


def compared(plain, changed, texts, keys) -> dict:
    own = np.array([key for key, _ in texts])
    label = np.array([one.label for _, one in texts])
    moves, flips, drops = [], [], []
    for key in keys:
        rows = (own == key) & ~np.isnan(plain[key]) & ~np.isnan(changed[key])
        moves.append(np.abs(plain[key] - changed[key])[rows])
        flips.append(((plain[key] >= 0.5) != (changed[key] >= 0.5))[rows])
        drops.append(auroc(label[rows], plain[key][rows]) - auroc(label[rows], changed[key][rows]))
    every = np.concatenate(moves)
    unread = float(np.mean([np.isnan(changed[key]).mean() for key in keys]))
    return {
        "mean_change": round(float(every.mean()), 4),
        "change_95": round(float(np.quantile(every, 0.95)), 4),
        "flips": round(float(np.concatenate(flips).mean()), 4),
        "mean_loss_of_auroc": round(float(np.mean(drops)), 4),
        "worst_loss_of_auroc": round(float(np.max(drops)), 4),
        "not_read": round(unread, 4),
        "n": len(every),
    }


if __name__ == "__main__":
    main()
