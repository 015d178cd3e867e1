"""Writes the ONNX graphs that the bench compares with.

    python bench/models/export.py OUT            (from the root of the repository)
    python bench/models/export.py OUT --smoke    tiny random networks of every system, each graph run and held to PyTorch

Needs what bench/models/requirements.txt names.

    bert-q8.onnx, yolos-q8.onnx   the two-model pipeline, dynamically quantised to 8 bits: what transformers.js takes on wasm
    yolos.onnx                    the detector at 32 bits, in case the 8-bit one is no faster
    own-image.onnx                our photo trunk: pixels to what all queries of a photo share, 32 bits
    own-text.onnx                 our network without a photo
    own-photo.onnx                our network given what own-image gives
    NAME-….onnx                   the same of every other system whose model folder is there
"""
from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from onnxruntime import InferenceSession
from onnxruntime.quantization import QuantType, quantize_dynamic

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from shapes import Detector, TokenClassifier  # noqa: E402

from training.golden import randomise  # noqa: E402
from training.model_folder import load_model_folder  # noqa: E402
from training.systems import DEFAULT, SYSTEMS, System, find_system  # noqa: E402

OPSET = 17


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


def export_system(out: Path, system: System, model) -> list[tuple[Path, dict, torch.nn.Module]]:
    """The graphs of one network: (file, example inputs, PyTorch network) of each."""
    name, written = "own" if system.name == DEFAULT else system.name, []
    for graph in system.graphs(model):
        path = out / f"{name}-{graph.name}.onnx"
        export(graph.network, graph.inputs, graph.outputs, path, graph.axes)
        written.append((path, graph.inputs, graph.network))
    return written


def shipped(out: Path) -> None:
    """Every system whose weights lie in public/models."""
    for folder in (ROOT / "public/models/mner-qg-mini", *sorted((ROOT / "public/models/systems").glob("*"))):
        if (folder / "manifest.json").exists():
            export_system(out, *load_model_folder(folder))


def smoke(out: Path) -> None:
    """Every registered system at its tiny size: ONNX must answer as PyTorch does."""
    for name in SYSTEMS:
        system = find_system(name)
        model = system.build(system.presets[system.committed[0]](), dropout=0.0).eval()
        randomise(model, 7)
        for path, inputs, network in export_system(out, system, model):
            session = InferenceSession(path, providers=["CPUExecutionProvider"])
            taken = {i.name for i in session.get_inputs()}  # what a graph does not need is left out of it
            found = session.run(None, {key: value.numpy() for key, value in inputs.items() if key in taken})
            with torch.no_grad():
                wanted = network.eval()(*inputs.values())
            for given, expected in zip(found, wanted, strict=True):
                np.testing.assert_allclose(given, expected.numpy(), rtol=1e-3, atol=1e-4)
            print(f"{path.name}: {len(found)} outputs agree")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--smoke", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.smoke:
        return smoke(args.out)
    shipped(args.out)
    pipeline(args.out)
    for file in sorted(args.out.glob("*.onnx")):
        print(f"{file.name:20} {file.stat().st_size / 1e6:8.1f} MB")


if __name__ == "__main__":
    main()
