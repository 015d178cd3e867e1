"""Builds ONNX graphs out of stored weights: one method per kind of layer, named as the network's own modules.

In two forms. `int8`: 8-bit weights stay 8-bit and go through DequantizeLinear, float16 ones through Cast. `float`: all are float32
from the start.
"""
from __future__ import annotations

from typing import Any, Literal, Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .errors import MnerError
from .folder import Tensor

OPSET = 20
IR_VERSION = 9
NORM_EPSILON = 1e-5  # of the batch norms


Form = Literal["int8", "float"]


class Graph:
    def __init__(self, name: str, tensors: Mapping[str, Tensor], form: Form = "int8"):
        self.name = name
        self.tensors = tensors
        self.floats = form == "float"
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self._made: dict[str, str] = {}

    # --- values ----------------------------------------------------------------------------------------------------------

    def input(self, name: str, shape: Sequence[Any], kind: int = TensorProto.FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value: str, name: str, shape: Sequence[Any]) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name], name=f"output.{name}"))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self.add_many(kind, 1, *inputs, **attributes)[0]

    def add_many(self, kind: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        base = f"{kind}_{len(self.nodes)}"
        outputs = [f"{base}.{index}" for index in range(count)]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, name=base, **attributes))
        return outputs

    def constant(self, values: Any, kind: type = np.float32) -> str:
        array = np.asarray(values, kind)
        name = f"constant_{len(self.initializers)}"
        self.initializers[name] = numpy_helper.from_array(array, name)
        return name

    def integers(self, *values: int) -> str:
        name = "integers_" + "_".join(map(str, values))
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(np.asarray(values, np.int64), name)
        return name

    # --- weights ---------------------------------------------------------------------------------------------------------

    def tensor(self, name: str) -> Tensor:
        if name not in self.tensors:
            raise MnerError("model-mismatch", f"The model has no {name}, which its system needs. Convert it again.")
        return self.tensors[name]

    def has(self, name: str) -> bool:
        return name in self.tensors

    def keep(self, name: str, tensor: Tensor, axis: int = 0) -> str:
        """A weight as a value of the graph; `axis` is the one that its scales run along."""
        if name in self._made:
            return self._made[name]
        values, scales = tensor.values, tensor.scales
        if self.floats or values.dtype == np.float32:
            if scales is None:
                values = values.astype(np.float32)
            else:
                values = values.astype(np.float32) * scales.reshape([-1 if i == axis else 1 for i in range(values.ndim)])
            self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
            made = name
        else:
            stored = f"{name}.stored"
            self.initializers[stored] = numpy_helper.from_array(np.ascontiguousarray(values), stored)
            if scales is None:
                made = self.add("Cast", stored, to=TensorProto.FLOAT)
            else:
                self.initializers[f"{name}.scales"] = numpy_helper.from_array(np.ascontiguousarray(scales), f"{name}.scales")
                made = self.add("DequantizeLinear", stored, f"{name}.scales", axis=axis)
        self._made[name] = made
        return made

    def weight(self, name: str) -> str:
        return self.keep(name, self.tensor(name))

    def matrix(self, *names: str) -> str:
        """Linear layers' weights [out, in], one under the other, turned for a product from the left: [in, all outs].

        Turned in the graph, not before: DequantizeLinear straight before MatMul is what onnxruntime, left to itself, replaces by a product
        of 8-bit numbers, whose answers are up to some per cent off (the folder's self-test shows it).
        """
        parts = [self.tensor(f"{name}.weight") for name in names]
        flat = [part.values.reshape(part.values.shape[0], -1) for part in parts]
        joined = "+".join(f"{name}.weight" for name in names)
        if joined + ".turned" not in self._made:
            if all(part.scales is not None for part in parts):
                whole = Tensor(np.concatenate(flat), np.concatenate([part.scales for part in parts]))  # type: ignore[misc]
            elif len(parts) == 1:
                whole = Tensor(flat[0], None)
            else:
                whole = Tensor(np.concatenate([part.floats().reshape(part.values.shape[0], -1) for part in parts]), None)
            self._made[joined + ".turned"] = self.add("Transpose", self.keep(joined + ".flat", whole), perm=[1, 0])
        return self._made[joined + ".turned"]

    def bias(self, *names: str) -> str:
        values = np.concatenate([self.tensor(f"{name}.bias").floats() for name in names])
        return self.keep("+".join(names) + ".bias", Tensor(values, None))

    # --- layers ----------------------------------------------------------------------------------------------------------

    def linear(self, x: str, *names: str) -> str:
        """One linear layer, or several over the same input with their outputs side by side."""
        return self.add("Add", self.add("MatMul", x, self.matrix(*names)), self.bias(*names))

    def layer_norm(self, x: str, name: str, epsilon: float) -> str:
        return self.add("LayerNormalization", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), axis=-1, epsilon=epsilon)

    def embed(self, ids: str, name: str) -> str:
        """Rows of a table. Looked up first and scaled after, so that the whole table is never unpacked."""
        tensor = self.tensor(f"{name}.weight")
        if self.floats or tensor.scales is None:
            return self.add("Gather", self.weight(f"{name}.weight"), ids, axis=0)
        stored, scales = f"{name}.stored", f"{name}.scales"
        self.initializers[stored] = numpy_helper.from_array(tensor.values, stored)
        self.initializers[scales] = numpy_helper.from_array(tensor.scales.reshape(-1, 1), scales)
        rows = self.add("Cast", self.add("Gather", stored, ids, axis=0), to=TensorProto.FLOAT)
        return self.add("Mul", rows, self.add("Gather", scales, ids, axis=0))

    def convolution(self, x: str, name: str, stride: int = 1, padding: int | None = None, groups: int = 1) -> str:
        kernel = self.tensor(f"{name}.weight").values.shape[-1]
        pad = (kernel - 1) // 2 if padding is None else padding
        return self.add("Conv", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), kernel_shape=[kernel] * 2,
                        strides=[stride] * 2, pads=[pad] * 4, group=groups)

    def normed_convolution(self, x: str, name: str, stride: int = 1, groups: int = 1) -> str:
        """X.conv with its batch norm X.norm, which is folded here unless the converter did it."""
        if self.has(f"{name}.conv.bias"):
            return self.convolution(x, f"{name}.conv", stride, None, groups)
        weight, gain, offset, mean, variance = (
            self.tensor(f"{name}.{part}").floats().astype(np.float64)
            for part in ("conv.weight", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"))
        scale = gain / np.sqrt(variance + NORM_EPSILON)
        kernel = weight.shape[-1]
        return self.add("Conv", x, self.constant(weight * scale[:, None, None, None]), self.constant(offset - mean * scale),
                        kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4, group=groups)

    def silu(self, x: str) -> str:
        return self.add("Mul", x, self.add("Sigmoid", x))

    def grow(self, x: str) -> str:
        """Twice as high and wide, by repetition."""
        scales = self.constant([1, 1, 2, 2])
        return self.add("Resize", x, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    def split_heads(self, x: str, heads: int, width: int) -> str:
        """[B, L, width] to [B, heads, L, width / heads]."""
        return self.add("Transpose", self.add("Reshape", x, self.integers(0, 0, heads, width // heads)), perm=[0, 2, 1, 3])

    def join_heads(self, x: str, width: int) -> str:
        return self.add("Reshape", self.add("Transpose", x, perm=[0, 2, 1, 3]), self.integers(0, 0, width))

    # --- the whole -------------------------------------------------------------------------------------------------------

    def model(self, metadata: Mapping[str, str] | None = None) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, list(self.initializers.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="mner-qg", ir_version=IR_VERSION)
        if metadata:
            helper.set_model_props(model, dict(metadata))
        return model
