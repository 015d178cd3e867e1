"""Reads a model folder: its manifest, its vocabulary, and its weights, each checked against the hash that the manifest states."""
from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import numpy as np

from .errors import MnerError

MANIFEST = "manifest.json"
VERSIONS = (1, 2)


@dataclass(frozen=True)
class Tensor:
    """As stored. `scales` (one per output row) belong to 8-bit values; float16 and float32 have none."""

    values: np.ndarray
    scales: Optional[np.ndarray]

    def floats(self) -> np.ndarray:
        if self.scales is None:
            return self.values.astype(np.float32)
        by_row = self.scales.reshape(-1, *[1] * (self.values.ndim - 1))
        return self.values.astype(np.float32) * by_row


@dataclass(frozen=True)
class ModelFolder:
    """A model folder as it lies on the disk. The weights are read when asked for."""

    path: Path
    manifest: dict[str, Any]

    @staticmethod
    def open(path: str | Path) -> "ModelFolder":
        path = Path(path)
        file = path / MANIFEST
        if not file.is_file():
            raise MnerError("model-not-found", f"{path} has no {MANIFEST}. Give a model folder, as `mner-qg convert` writes it.")
        try:
            manifest = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise MnerError("model-manifest-invalid", f"{file} is not JSON. Copy the model again.") from error
        if not isinstance(manifest, dict) or manifest.get("format") != "mner-qg-model":
            raise MnerError("model-not-a-model", f"{file} does not describe a model of mner-qg. Give the folder of one.")
        if manifest.get("formatVersion") not in VERSIONS:
            raise MnerError("model-version-unsupported", f"{file} has format version {manifest.get('formatVersion')}; "
                            f"this package reads {VERSIONS}. Install a version of mner-qg as new as the model.")
        return ModelFolder(path, manifest)

    @property
    def config(self) -> dict[str, Any]:
        return self.manifest["config"]

    @property
    def system(self) -> str:
        """Which network the weights belong to."""
        return self.manifest.get("system", "mner-qg")

    def file(self, entry: dict[str, Any]) -> bytes:
        """A file of the manifest's list, whole and with the right hash."""
        path = self.path / entry["path"]
        if not path.is_file():
            raise MnerError("model-shard-missing", f"{path} is missing. Copy the model folder again.")
        content = path.read_bytes()
        if len(content) != entry["bytes"]:
            raise MnerError("model-shard-truncated", f"{path} has {len(content)} of {entry['bytes']} bytes. Copy the model folder again.")
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            raise MnerError("model-shard-corrupt", f"{path} is not what the manifest says. Copy the model folder again.")
        return content

    def tokenizer_file(self, name: str) -> Optional[str]:
        for entry in self.manifest["tokenizer"]["files"]:
            if entry["path"] == name:
                return self.file(entry).decode("utf-8")
        return None

    def tensors(self) -> dict[str, Tensor]:
        """Every weight as stored, by its name in the network."""
        stream = b"".join(self.file(shard) for shard in self.manifest["shards"])
        kinds = {"int8": np.int8, "float16": np.float16, "float32": np.float32}
        tensors = {}
        for entry in self.manifest["tensors"]:
            encoding, shape = entry["encoding"], entry["shape"]
            if encoding not in kinds:
                raise MnerError("model-version-unsupported", f"{entry['name']} is stored as {encoding}, which this package does not read.")
            values = np.frombuffer(stream, kinds[encoding], int(np.prod(shape)), entry["offset"]).reshape(shape)
            scales = np.frombuffer(stream, np.float32, shape[0], entry["scaleOffset"]) if encoding == "int8" else None
            tensors[entry["name"]] = Tensor(values, scales)
        return with_low_ranks(tensors)


def with_low_ranks(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """A system that shares another's encoder may bring X.low_rank.down and X.low_rank.up: their product is added to X.weight."""
    ending = ".low_rank.down"
    for name in [name for name in tensors if name.endswith(ending)]:
        layer = name.removesuffix(ending)
        down, up = tensors.pop(name).floats(), tensors.pop(f"{layer}.low_rank.up").floats()
        tensors[f"{layer}.weight"] = Tensor(tensors[f"{layer}.weight"].floats() + up @ down, None)
    return tensors
