"""Runs the network's graphs in onnxruntime."""
from __future__ import annotations

from typing import Any, Literal, Mapping, Sequence

import numpy as np
import onnxruntime

from .errors import MnerError
from .folder import ModelFolder, Tensor
from .network import build_graphs

Device = Literal["cpu", "cuda"]


def session_options(threads: int = 0) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # 8-bit weights are unpacked once, when the model is read, and not at every run.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    # A thread that waits for work by spinning takes the processor from the worker beside it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


class Sessions:
    """The graphs of a model folder, each opened when first asked for."""

    def __init__(self, folder: ModelFolder, tensors: Mapping[str, Tensor], device: Device = "cpu", threads: int = 0):
        self.providers = ["CPUExecutionProvider"]
        if device == "cuda":
            if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
                raise MnerError("backend-unavailable", 'onnxruntime has no CUDA here. Install `mner-qg[cuda]`, or leave device="cuda" out.')
            self.providers.insert(0, "CUDAExecutionProvider")
        self.threads = threads
        self._models = {name: model.SerializeToString() for name, model in build_graphs(folder, tensors=tensors).items()}
        self._open: dict[str, onnxruntime.InferenceSession] = {}

    def run(self, graph: str, outputs: Sequence[str], inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        session = self._open.get(graph) or self._start(graph)
        return dict(zip(outputs, session.run(list(outputs), dict(inputs))))

    def _start(self, graph: str) -> onnxruntime.InferenceSession:
        session = onnxruntime.InferenceSession(self._models.pop(graph), session_options(self.threads), providers=self.providers)
        self._open[graph] = session
        return session
