"""Reads a trained run, or a converted model folder, back into a network with its text reader."""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from .data.text import TextReader
from .model_folder import load_model_folder, vocabulary_of
from .systems import DEFAULT, System, find_system


@dataclass
class Run:
    system: System
    model: nn.Module
    reader: TextReader


def load_run(folder: str | Path) -> Run:
    folder = Path(folder)
    reader = TextReader(vocabulary_of(folder))
    if (folder / "manifest.json").exists():
        return Run(*load_model_folder(folder), reader)
    return Run(*load_weights(json.loads((folder / "config.json").read_text()), load_file(folder / "model.safetensors")), reader)


def load_weights(config: dict, weights: dict[str, torch.Tensor]) -> tuple[System, nn.Module]:
    """A network of the config's system with these weights, every one of which it must have."""
    system = find_system(config.get("system", DEFAULT))
    model = system.build(system.read_config(config))
    missing, unexpected = model.load_state_dict(weights, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"these are not the weights of {system.name} as its config has it: missing {missing[:5]}, unexpected {unexpected[:5]}")
    return system, model.eval()
