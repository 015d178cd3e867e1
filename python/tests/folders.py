"""Model folders for tests, made of the shipped one: its encoders, and random heads that it has not got. The same on every machine.

    python python/tests/folders.py names OUT        # names that ask for themselves, relatedness, kind of picture
    python python/tests/folders.py bert-crf OUT     # a tagger over the shipped text encoder
    python python/tests/folders.py tiny OUT         # the golden vectors' tiny network: a hundredth of the work, the same code
"""
from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np

MODEL = Path(__file__).resolve().parents[2] / "public" / "models" / "mner-qg-mini"
OTHERS = ("entity_grounding.", "relatedness.", "image_kind.")


def _layers(name: str, *shapes: tuple[str, int, int]) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{layer}.{part}": shape for layer, inputs, outputs in shapes for part, shape in (("weight", (outputs, inputs)), ("bias", (outputs,)))}


def _name_heads(config: dict) -> dict[str, tuple[int, ...]]:
    text, d, summary = config["text"]["width"], config["width"], sum(c - 84 for c in config["image"]["channels"]) + 80
    return {
        **_layers("entity_grounding", ("score", text, 1), ("key", text, 32), ("query", 2 * text, 32), ("mention", 4 * text, d), ("own", 2 * d, d),
                  ("classes", 80, 16), ("place", 8 + 16 + 6, d), ("wanted", d, d), ("hidden", 2 * d, 64), ("shift", 64, 1),
                  ("none_hidden", d + 16 + 16, 64), ("none_shift", 64, 1)),
        "entity_grounding.beta": (1,), "entity_grounding.price": (1,),
        **_layers("relatedness", ("image", summary, 64), ("text", text, 64), ("weigh", 192, 1)),
        **_layers("image_kind", ("hidden", summary, 32), ("kinds", 32, 4)),
    }


def make_tiny(out: Path) -> Path:
    golden = MODEL.parents[2] / "test" / "fixtures" / "golden-tiny-nanodet"
    raw = (golden / "model.safetensors").read_bytes()
    size = int.from_bytes(raw[:8], "little")
    head = json.loads(raw[8 : 8 + size])
    head.pop("__metadata__", None)
    manifest = json.loads((MODEL / "manifest.json").read_text(encoding="utf-8"))
    config = json.loads((golden / "config.json").read_text(encoding="utf-8"))
    config["decode"] = {"startThreshold": 0.15, "endThreshold": 0.15}  # random weights are sure of nothing
    files = {name: (MODEL / name).read_bytes() for name in ("vocab.txt", "tokenizer_config.json")}
    files["vocab.txt"] = b"".join(files["vocab.txt"].splitlines(keepends=True)[: config["text"]["vocabulary"]])
    files["weights.bin"] = raw[8 + size :]
    entry = lambda name: {"path": name, "bytes": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()}
    manifest |= {"name": "test-tiny", "config": config, "calibration": {**manifest["calibration"], "spanThreshold": 0.05}, "shards": [entry("weights.bin")],
                 "tokenizer": {"files": [entry("vocab.txt"), entry("tokenizer_config.json")]},
                 "tensors": [{"name": name, "shape": one["shape"], "encoding": "float32", "shard": 0, "offset": one["data_offsets"][0],
                              "bytes": one["data_offsets"][1] - one["data_offsets"][0]} for name, one in head.items() if one["dtype"] == "F32"]}
    del manifest["selfTest"]
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return out


def make_folder(kind: str, out: Path) -> Path:
    if kind == "tiny":
        return make_tiny(out)
    manifest = json.loads((MODEL / "manifest.json").read_text(encoding="utf-8"))
    config, tensors = manifest["config"], manifest["tensors"]
    random = np.random.RandomState(7)  # the one generator of numpy that never changes
    if kind == "names":
        shapes = _name_heads(config)
        config["nameHeads"] = True
        tensors = [entry for entry in tensors if not entry["name"].startswith(OTHERS)]
    else:
        tags = 1 + 2 * len(manifest["queries"])
        shapes = {**_layers("tagger", ("", config["text"]["width"], tags)), "crf.transitions": (tags, tags), "crf.start": (tags,), "crf.end": (tags,)}
        shapes = {name.replace("..", "."): shape for name, shape in shapes.items()}
        tensors = [entry for entry in tensors if entry["name"].startswith("text_encoder.")]
        manifest["config"] = {"system": kind, **{name: config[name] for name in ("size", "text", "maxPieces", "queries")}}
        manifest["calibration"] = {"spanThreshold": 0.02, "span": {"a": 0.9, "b": 0.1}, "none": {"a": 1, "b": 0}}
        manifest["system"] = kind
    stream, begin = b"", sum(shard["bytes"] for shard in manifest["shards"])
    for name, shape in shapes.items():
        scale = (1.5 / np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.5
        values = (random.standard_normal(shape) * scale).astype(np.float32)
        if name.endswith((".price", ".beta")):
            values = np.abs(values)
        tensors.append({"name": name, "shape": list(shape), "encoding": "float32", "shard": len(manifest["shards"]), "offset": begin + len(stream),
                        "bytes": values.nbytes})
        stream += values.tobytes()
    out.mkdir(parents=True, exist_ok=True)
    for entry in [*manifest["shards"], *manifest["tokenizer"]["files"]]:
        if not (out / entry["path"]).exists():
            os.symlink(MODEL / entry["path"], out / entry["path"])
    (out / "heads.bin").write_bytes(stream)
    manifest["shards"].append({"path": "heads.bin", "bytes": len(stream), "sha256": hashlib.sha256(stream).hexdigest()})
    manifest["tensors"], manifest["name"] = tensors, f"test-{kind}"
    del manifest["selfTest"]
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return out


if __name__ == "__main__":
    make_folder(sys.argv[1], Path(sys.argv[2]))
