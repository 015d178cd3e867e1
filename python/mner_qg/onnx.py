"""Writes a model folder as ONNX, for any program that runs it.

    python -m mner_qg.onnx public/models/mner-qg-mini --out mner-qg-mini-onnx

MNER-QG is three graphs that share no weight: text.onnx (all there is without a photo), trunk.onnx (a photo, once), photo.onnx (what the
photo changes, per question); a tagger is text.onnx alone, and its manifest holds the chain over the tags. Where names ask for
themselves, the small layers that do it are in heads.npz, by their names in the network. Batch and length are free.
Weights stay 8-bit (DequantizeLinear) unless --float. The graphs are run against the folder's own self-test before anything is said to be
done.
"""
from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any, Optional, Sequence

import numpy as np
import onnx
import onnxruntime

from .errors import MnerError
from .folder import MANIFEST, ModelFolder
from .names import NameHeads
from .network import build_graphs

TOLERANCE = 1e-3  # of the self-test, relative to the largest value; its numbers have six digits


def _pixels(size: int, seed: int) -> np.ndarray:
    """The self-test's noise, [1, 3, size, size]: the linear congruential generator of Numerical Recipes, in [-2, 2)."""
    count = size * size * 3
    # So many steps at once: x_{n+k} = a_k · x_n + c_k, modulo 2^32, which is what 32 bits keep of it.
    states, factor, offset = np.array([(seed * 1664525 + 1013904223) & 0xFFFFFFFF], np.uint32), 1664525, 1013904223
    while len(states) < count:
        states = np.concatenate([states, states * np.uint32(factor) + np.uint32(offset)])
        factor, offset = factor * factor & 0xFFFFFFFF, (factor + 1) * offset & 0xFFFFFFFF
    values = (states[:count] / 2**32 * 4 - 2).astype(np.float32)
    return np.ascontiguousarray(values.reshape(1, size, size, 3).transpose(0, 3, 1, 2))


PER_PIECE = ("start", "end", "emissions")  # of these the self-test leaves padding out
OUR_NAMES = {"hidden": "aware", "query": "asked"}  # of the self-test's outputs, where the graphs call them otherwise
SAMPLES = 128


def check_self_test(folder: ModelFolder, models: dict[str, onnx.ModelProto]) -> dict[str, float]:
    """Runs the graphs on the folder's self-test: the largest difference of each output, relative to its largest value."""
    test = folder.manifest.get("selfTest")
    if test is None:
        return {}
    given, expected = test["input"], test["output"]
    rows, length, lengths = given["rows"], given["length"], np.array(given["lengths"])
    whole = {name: np.array(given[name], np.int64).reshape(rows, length) for name in ("ids", "segments", "shapes")}
    mask = (np.arange(length)[None] < lengths[:, None]).astype(np.float32)

    def run(name: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        session = onnxruntime.InferenceSession(models[name].SerializeToString())
        return dict(zip((output.name for output in models[name].graph.output), session.run(None, inputs)))

    found = run("text", {**whole, "mask": mask})
    if "photo" in models:
        query = (whole["segments"] == 0) & (mask > 0)
        place = np.arange(length)[None]
        query &= (place > 0) & (place < query.sum(1, keepdims=True) - 1)
        maps = run("trunk", {"pixels": _pixels(folder.config["image"]["size"], given["pixelSeed"])})
        shared = {name: values for name, values in maps.items() if not name.startswith("means_")}
        found = run("photo", {"hidden": found["hidden"], "mask": mask, "query": query.astype(np.float32), "photo": np.zeros(rows, np.int64), **shared})
    differences = {}
    for name, values in expected.items():
        ours = found[OUR_NAMES.get(name, name)]
        ours = (ours[mask > 0] if name in PER_PIECE else ours).reshape(-1)
        ours = ours[:: max(1, len(ours) // SAMPLES)]
        differences[name] = float(np.abs(ours - np.array(values)).max() / np.abs(values).max())
    return differences


def crf_of(folder: ModelFolder) -> dict[str, Any]:
    """The chain's numbers, without its rules: no I- follows anything but its own B- or I-."""
    tensors = folder.tensors()
    return {part: tensors[f"crf.{part}"].floats().tolist() for part in ("transitions", "start", "end")}


def export(source: str | Path, out: str | Path, floats: bool = False) -> dict[str, Any]:
    """Writes the graphs, the tokeniser's files and a manifest with hashes and licence. Returns the manifest."""
    folder, out = ModelFolder.open(source), Path(out)
    models = build_graphs(folder, "float" if floats else "int8")
    differences = check_self_test(folder, models)
    wrong = [f"{name} by {100 * value:.2f} %" for name, value in differences.items() if not value <= TOLERANCE]
    if wrong:
        raise MnerError("self-test-failed", f"The graphs compute something else than the folder says: {', '.join(wrong)}. Please report it.")
    out.mkdir(parents=True, exist_ok=True)
    manifest, files = folder.manifest, {}
    facts = {"name": manifest["name"], "version": manifest["version"], "licence": manifest["licence"], "system": folder.system}
    for name, model in models.items():
        onnx.helper.set_model_props(model, facts)
        onnx.checker.check_model(model)
        files[f"{name}.onnx"] = model.SerializeToString()
    for entry in manifest["tokenizer"]["files"]:
        files[entry["path"]] = folder.file(entry)
    if folder.config.get("nameHeads"):
        layers = io.BytesIO()
        np.savez(layers, **NameHeads(folder.config, folder.tensors()).weights)
        files["heads.npz"] = layers.getvalue()
    for name, content in files.items():
        (out / name).write_bytes(content)
    signature = lambda values: {value.name: [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim] for value in values}
    told = {
        "format": "mner-qg-onnx", "formatVersion": 1, **facts, "weights": "float32" if floats else "int8",
        "from": {"manifest": hashlib.sha256((folder.path / MANIFEST).read_bytes()).hexdigest()},
        "config": manifest["config"], "queries": manifest["queries"], "calibration": manifest.get("calibration", {}),
        **({"crf": crf_of(folder)} if folder.system == "bert-crf" else {}),
        "graphs": {name: {"inputs": signature(model.graph.input), "outputs": signature(model.graph.output)} for name, model in models.items()},
        "files": [{"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in sorted(files.items())],
        "selfTest": differences,
    }
    (out / MANIFEST).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return told


def main(argv: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m mner_qg.onnx", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--out", required=True)
    parser.add_argument("--float", action="store_true", help="weights as float32 rather than as stored")
    args = parser.parse_args(argv)
    try:
        told = export(args.folder, args.out, args.float)
    except MnerError as error:
        print(f"{error.message} ({error.code})", file=sys.stderr)
        return 2
    for entry in told["files"]:
        print(f"{entry['bytes']:>10}  {entry['sha256'][:16]}  {entry['path']}")
    if told["selfTest"]:
        print(f"self-test: within {max(told['selfTest'].values()):.1e} of the folder's own answers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
