"""Reads a converted model folder back into PyTorch, so that the 8-bit weights can be scored by the reference itself."""
from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .systems import DEFAULT, System, find_system


def decode_tensors(folder: str | Path) -> dict[str, np.ndarray]:
    """Every tensor of the folder as float32, decoded exactly as the browser decodes it: an add-on's own, and its base's."""
    folder = Path(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    base = base_of(folder)
    stream = b"".join((folder / shard["path"]).read_bytes() for shard in manifest["shards"])
    tensors = {}
    for entry in manifest["tensors"]:
        raw = stream[entry["offset"] : entry["offset"] + entry["bytes"]]
        if entry["encoding"] == "int8":
            rows = entry["shape"][0]
            scales = np.frombuffer(stream, np.float32, rows, entry["scaleOffset"])
            count = int(np.prod(entry["shape"]))
            values = np.frombuffer(raw, np.int8, count).reshape(rows, -1).astype(np.float32) * scales[:, None]
        else:
            kind = np.float16 if entry["encoding"] == "float16" else np.float32
            values = np.frombuffer(raw, kind, int(np.prod(entry["shape"]))).astype(np.float32)
        tensors[entry["name"]] = values.reshape(entry["shape"])
    return tensors if base is None else decode_tensors(base) | tensors


def base_of(folder: str | Path) -> Path | None:
    """The folder that an add-on needs, if it is the one that the add-on was made with."""
    base = json.loads((Path(folder) / "manifest.json").read_text()).get("base")
    if base is None:
        return None
    found = Path(folder) / base["path"]
    if hashlib.sha256((found / "manifest.json").read_bytes()).hexdigest() != base["release"]:
        raise ValueError(f"{folder} was made with another release of {base['path']}")
    return found


def vocabulary_of(folder: str | Path) -> Path:
    """An add-on reads text as its base does."""
    own = Path(folder) / "vocab.txt"
    base = None if own.exists() or not (Path(folder) / "manifest.json").exists() else base_of(folder)
    return own if base is None else vocabulary_of(base)


def with_deltas(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Low-rank deltas added to their matrices, as the browser's weight loader does."""
    out = {name: value for name, value in tensors.items() if ".low_rank." not in name}
    for name, up in tensors.items():
        if name.endswith(".low_rank.up"):
            root = name.removesuffix(".low_rank.up")
            out[f"{root}.weight"] = out[f"{root}.weight"] + up @ tensors[f"{root}.low_rank.down"]
    return out


def load_model_folder(folder: str | Path) -> tuple[System, nn.Module]:
    """The network with the folder's weights. Folded convolutions get an identity norm behind them."""
    folder = Path(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    plain = dict(manifest["config"])
    plain.setdefault("queries", manifest["queries"])
    system = find_system(manifest.get("system", DEFAULT))
    model = system.build(system.read_config(plain))
    tensors = with_deltas(decode_tensors(folder))
    state = model.state_dict()
    with torch.no_grad():
        for name, value in state.items():
            if name in tensors:
                value.copy_(torch.from_numpy(tensors[name].copy()))
            elif name.endswith(".norm.bias") and name.removesuffix("norm.bias") + "conv.bias" in tensors:
                value.copy_(torch.from_numpy(tensors[name.removesuffix("norm.bias") + "conv.bias"].copy()))
            elif name.endswith(".norm.weight") and name.removesuffix("norm.weight") + "conv.bias" in tensors:
                value.fill_((1 + 1e-5) ** 0.5)  # undoes the norm's own epsilon
            elif name.endswith(("running_mean", "num_batches_tracked")):
                value.zero_()
            elif name.endswith("running_var"):
                value.fill_(1)
            elif not name.startswith("head.untyped_crf."):  # of training alone
                raise KeyError(f"{folder} has no {name}")
    return system, model.eval()
