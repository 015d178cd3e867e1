"""Writes the ONNX graphs that the bench compares with.

    python bench/models/export.py OUT            (from the root of the repository)

Needs torch, numpy, onnx and onnxruntime (its quantiser): see bench/models/requirements.txt.

    bert-q8.onnx, yolos-q8.onnx   the two-model pipeline, dynamically quantised to 8 bits: what transformers.js takes on wasm
    yolos.onnx                    the detector at 32 bits, in case the 8-bit one is no faster
    own-image.onnx                our photo trunk: pixels to U_1..U_3, 32 bits
    own-text.onnx                 our network without a photo
    own-photo.onnx                our network given U_1..U_3
"""
from __future__ import annotations

import sys
import warnings
from pathlib import Path

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from shapes import Detector, TokenClassifier  # noqa: E402

from training.model_folder import load_model_folder  # noqa: E402

OPSET = 17


class Image(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixels):
        return tuple(self.model.encode_image(pixels))


class Text(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids, segments, shapes, mask):
        out = self.model(ids, segments, shapes, mask)
        return out.start, out.end, out.existence


class Photo(nn.Module):
    """The network's own forward for the case that every sequence has the one photo: nothing to look for or to scatter."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids, segments, shapes, mask, u0, u1, u2):
        model, maps = self.model, [u0, u1, u2]
        photo = torch.zeros_like(ids[:, 0])
        hidden = model.text_encoder(ids, segments, shapes, mask)
        query = (segments == 0) & mask.bool()
        last = query.sum(-1, keepdim=True) - 1
        place = torch.arange(query.shape[1])[None]
        q = model.query_vector(hidden, query & (place > 0) & (place < last))
        conditioned = model.cross_modality.see(maps, q, photo)
        hidden, relevance = model.cross_modality.read(hidden, conditioned, mask)
        candidates, none = model.grounding_head(conditioned, maps, q, photo)
        hidden = model.existence(hidden)
        start, end = model.span_head(hidden).unbind(-1)
        return start, end, model.existence_head(hidden[:, 0]).squeeze(-1), candidates, none, relevance


def export(model, inputs: dict, outputs: list[str], path: Path, dynamic: dict | None = None) -> None:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(),
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=outputs,
            dynamic_axes=dynamic,
            opset_version=OPSET,
            do_constant_folding=True,
            dynamo=False,
        )


def pipeline(out: Path) -> None:
    torch.manual_seed(1)
    ids = torch.randint(1000, 20000, (2, 16))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    axes = {name: {0: "batch", 1: "length"} for name in [*inputs, "logits"]}
    export(TokenClassifier(), inputs, ["logits"], out / "bert.onnx", axes)
    # As transformers.js' own conversion does: unsigned weights where there are convolutions, signed ones elsewhere.
    quantize_dynamic(out / "bert.onnx", out / "bert-q8.onnx", weight_type=QuantType.QInt8)
    (out / "bert.onnx").unlink()
    export(Detector(), {"pixel_values": torch.zeros(1, 3, 512, 682)}, ["logits", "pred_boxes"], out / "yolos.onnx")
    quantize_dynamic(out / "yolos.onnx", out / "yolos-q8.onnx", weight_type=QuantType.QUInt8)


def own(out: Path, folder: Path) -> None:
    model = load_model_folder(folder)
    size = model.config.image.size
    pixels = torch.randn(1, 3, size, size)
    export(Image(model), {"pixels": pixels}, ["u0", "u1", "u2"], out / "own-image.onnx")
    with torch.no_grad():
        maps = model.encode_image(pixels)
    ids = torch.randint(1000, 20000, (4, 48))
    segments = torch.ones_like(ids)
    segments[:, :12] = 0
    text = {"ids": ids, "segments": segments, "shapes": torch.ones_like(ids), "mask": torch.ones_like(ids)}
    axes = {name: {0: "rows", 1: "length"} for name in [*text, "start", "end"]} | {"existence": {0: "rows"}}
    export(Text(model), text, ["start", "end", "existence"], out / "own-text.onnx", axes)
    more = ["candidates", "none", "relevance"]
    export(
        Photo(model),
        text | {f"u{scale}": u for scale, u in enumerate(maps)},
        ["start", "end", "existence", *more],
        out / "own-photo.onnx",
        axes | {name: {0: "rows"} for name in more},
    )


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    root = Path(__file__).resolve().parents[2]
    own(target, root / "public/models/mner-qg-mini")
    pipeline(target)
    for file in sorted(target.glob("*.onnx")):
        print(f"{file.name:20} {file.stat().st_size / 1e6:8.1f} MB")
