"""The image encoders as ONNX: pixels [P, 3, S, S] to V_1..V_K, coarsest first. One class per `config.image.kind`."""
from __future__ import annotations

from typing import Any, Callable

import numpy as np

from .errors import MnerError
from .graph import Graph

CSP_BLOCKS = (1, 3, 3, 1)
DARKNET_BLOCKS = (1, 2, 8, 8, 4)
SHUFFLE_BLOCKS = (4, 8, 4)
CLASSES = 80  # that the detector names, those of COCO
BOX = 4  # centre and size of a cell's box, the last channels of V_k; the classes stand before them
BINS, SIDES = 8, 4  # of a side's distance, in strides
LEAST_SIZE = 1e-3


class _CspDarknet:
    """Depthwise CSPDarknet with a PAN pyramid, ending in a detector's two towers."""

    def __init__(self, graph: Graph, config: dict[str, Any]):
        self.graph = graph

    def conv(self, x: str, name: str, stride: int = 1, groups: int = 1) -> str:
        return self.graph.silu(self.graph.convolution(x, f"{name}.conv", stride, None, groups))

    def separable(self, x: str, name: str, stride: int = 1) -> str:
        channels = self.graph.tensor(f"{name}.depthwise.conv.weight").values.shape[0]
        return self.conv(self.conv(x, f"{name}.depthwise", stride, channels), f"{name}.pointwise")

    def cross_stage(self, x: str, name: str, blocks: int, shortcut: bool) -> str:
        y = self.conv(x, f"{name}.through")
        around = self.conv(x, f"{name}.around")
        for block in range(blocks):
            inner = self.separable(self.conv(y, f"{name}.blocks.{block}.first"), f"{name}.blocks.{block}.second")
            y = self.graph.add("Add", y, inner) if shortcut else inner
        return self.conv(self.graph.add("Concat", y, around, axis=1), f"{name}.merge")

    def pooling_pyramid(self, x: str, name: str) -> str:
        pools = [self.conv(x, f"{name}.reduce")]
        for _ in range(3):
            pools.append(self.graph.add("MaxPool", pools[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4))
        return self.conv(self.graph.add("Concat", *pools, axis=1), f"{name}.merge")

    def towers(self, x: str, name: str) -> str:
        what = where = self.conv(x, f"{name}.stem")
        for layer in range(2):
            what = self.separable(what, f"{name}.classes.{layer}")
            where = self.separable(where, f"{name}.boxes.{layer}")
        return self.graph.add("Concat", what, where, axis=1)

    def build(self, pixels: str) -> list[str]:
        graph, root = self.graph, "image_encoder"
        x = graph.silu(graph.convolution(pixels, f"{root}.stem", 2, 2))
        taps = []
        for stage, blocks in enumerate(CSP_BLOCKS):
            name = f"{root}.stages.{stage}"
            x = self.separable(x, f"{name}.0", 2)
            last = stage == len(CSP_BLOCKS) - 1
            if last:
                x = self.pooling_pyramid(x, f"{name}.1")
            x = self.cross_stage(x, f"{name}.{2 if last else 1}", blocks, not last)
            taps.append(x)
        _, c3, c4, c5 = taps
        join = lambda one, other: graph.add("Concat", one, other, axis=1)
        p5 = self.conv(c5, f"{root}.lateral5")
        p4 = self.conv(self.cross_stage(join(graph.grow(p5), c4), f"{root}.down4", 1, False), f"{root}.lateral4")
        p3 = self.cross_stage(join(graph.grow(p4), c3), f"{root}.down3", 1, False)
        n4 = self.cross_stage(join(self.separable(p3, f"{root}.climb3", 2), p4), f"{root}.up4", 1, False)
        n5 = self.cross_stage(join(self.separable(n4, f"{root}.climb4", 2), p5), f"{root}.up5", 1, False)
        return [self.towers(x, f"{root}.towers.{level}") for level, x in ((2, n5), (1, n4), (0, p3))]


class _Darknet53:
    """Darknet-53 and YOLOv3's pyramid up to the tap before each detector."""

    def __init__(self, graph: Graph, config: dict[str, Any]):
        self.graph = graph

    def conv(self, x: str, name: str, stride: int = 1) -> str:
        return self.graph.add("LeakyRelu", self.graph.normed_convolution(x, name, stride), alpha=0.1)

    def level(self, x: str, name: str) -> str:
        for layer in range(5):
            x = self.conv(x, f"{name}.layers.{layer}")
        return x

    def build(self, pixels: str) -> list[str]:
        graph, root = self.graph, "image_encoder"
        x = self.conv(pixels, f"{root}.stem")
        taps = []
        for stage, blocks in enumerate(DARKNET_BLOCKS):
            name = f"{root}.stages.{stage}"
            x = self.conv(x, f"{name}.0", 2)
            for block in range(1, blocks + 1):
                x = graph.add("Add", x, self.conv(self.conv(x, f"{name}.{block}.reduce"), f"{name}.{block}.expand"))
            taps.append(x)
        grown = lambda x, name: graph.grow(self.conv(x, name))
        v1 = self.level(taps[4], f"{root}.level1")
        v2 = self.level(graph.add("Concat", grown(v1, f"{root}.lateral1"), taps[3], axis=1), f"{root}.level2")
        v3 = self.level(graph.add("Concat", grown(v2, f"{root}.lateral2"), taps[2], axis=1), f"{root}.level3")
        return [v1, v2, v3]


class _NanodetPlus:
    """NanoDet-plus-m: ShuffleNetV2, a ghost pyramid and the towers of its heads. V_k is what a head sees just before it predicts, and
    beside it what it predicts: the probabilities of its classes and one box per cell."""

    def __init__(self, graph: Graph, config: dict[str, Any]):
        self.graph = graph
        self.width = config["image"]["channels"][0] - CLASSES - BOX
        self.stages = [4 * int(self.width * 29 / 96 + 0.5) * 2**stage for stage in range(len(SHUFFLE_BLOCKS))]

    def conv(self, x: str, name: str, active: bool = True, stride: int = 1, groups: int = 1) -> str:
        x = self.graph.convolution(x, f"{name}.conv", stride, None, groups)
        return self.graph.add("LeakyRelu", x, alpha=0.1) if active else x

    def depthwise(self, x: str, name: str, active: bool = True, stride: int = 1) -> str:
        return self.conv(x, name, active, stride, self.graph.tensor(f"{name}.conv.weight").values.shape[0])

    def separable(self, x: str, name: str, stride: int = 1, inner: bool = True, outer: bool = True) -> str:
        return self.conv(self.depthwise(x, f"{name}.depthwise", inner, stride), f"{name}.pointwise", outer)

    def unit(self, x: str, name: str, width: int, stride: int) -> str:
        """Half of the channels pass, half go through; where the map is halved both halves are convolved."""
        graph, half = self.graph, width // 2
        if stride == 2:
            passed, taken = self.separable(x, f"{name}.around", 2, inner=False), x
        else:
            passed, taken = graph.add_many("Split", 2, x, axis=1, num_outputs=2)
        through = self.separable(self.conv(taken, f"{name}.expand"), f"{name}.through", stride, inner=False)
        # The channels of the two halves in turn.
        pairs = graph.add("Concat", *(graph.add("Unsqueeze", part, graph.integers(2)) for part in (passed, through)), axis=2)
        shape = graph.add("Shape", through)
        shape = graph.add("Concat", graph.add("Slice", shape, graph.integers(0), graph.integers(1)), graph.integers(2 * half),
                          graph.add("Slice", shape, graph.integers(2), graph.integers(4)), axis=0)
        return graph.add("Reshape", pairs, shape)

    def ghost(self, x: str, name: str, active: bool) -> str:
        """Half of the maps by a 1×1, the other half cheaply from those."""
        own = self.conv(x, f"{name}.first", active)
        return self.graph.add("Concat", own, self.depthwise(own, f"{name}.cheap", active), axis=1)

    def ghost_block(self, x: str, name: str) -> str:
        through = self.ghost(self.ghost(x, f"{name}.first", True), f"{name}.second", False)
        return self.graph.add("Add", through, self.separable(x, f"{name}.shortcut", inner=False, outer=False))

    def grow(self, x: str) -> str:
        """Twice as high and wide, between the old cells' middles."""
        scales = self.graph.constant([1, 1, 2, 2])
        return self.graph.add("Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")

    def head(self, x: str, name: str) -> str:
        graph = self.graph
        for layer in range(2):
            x = self.separable(x, f"{name}.tower.{layer}")
        said = graph.convolution(x, f"{name}.predict")
        classes, bins = graph.add_many("Split", 2, said, graph.integers(CLASSES, SIDES * BINS), axis=1)
        flat = graph.add("Reshape", bins, graph.integers(0, SIDES, BINS, -1))
        chances = graph.add("Reshape", graph.add("Softmax", flat, axis=2), graph.add("Shape", bins))
        # From the chances of each side's distances (left, top, right, bottom) to the box's centre and size, all in strides.
        reading = np.zeros((BOX, SIDES * BINS, 1, 1), np.float32)
        for side in range(SIDES):
            own = slice(side * BINS, (side + 1) * BINS)
            reading[side % 2, own, 0, 0] = np.arange(BINS) * (-0.5 if side < 2 else 0.5)
            reading[2 + side % 2, own, 0, 0] = np.arange(BINS)
        box = graph.add("Conv", chances, graph.constant(reading), graph.constant([-0.5, -0.5, LEAST_SIZE, LEAST_SIZE]), kernel_shape=[1, 1])
        centre, size = graph.add_many("Split", 2, box, axis=1, num_outputs=2)
        return graph.add("Concat", x, graph.add("Sigmoid", classes), centre, graph.add("Log", size), axis=1)

    def build(self, pixels: str) -> list[str]:
        graph, root = self.graph, "image_encoder"
        x = self.conv(pixels, f"{root}.stem", stride=2)
        x = graph.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        taps = []
        for stage, (width, units) in enumerate(zip(self.stages, SHUFFLE_BLOCKS)):
            for index in range(units):
                x = self.unit(x, f"{root}.stages.{stage}.{index}", width, 2 if index == 0 else 1)
            taps.append(self.conv(x, f"{root}.laterals.{stage}"))
        c3, c4, c5 = taps
        join = lambda one, other: graph.add("Concat", one, other, axis=1)
        p4 = self.ghost_block(join(self.grow(c5), c4), f"{root}.down4")
        p3 = self.ghost_block(join(self.grow(p4), c3), f"{root}.down3")
        n4 = self.ghost_block(join(self.separable(p3, f"{root}.climb4", 2), p4), f"{root}.up4")
        n5 = self.ghost_block(join(self.separable(n4, f"{root}.climb5", 2), c5), f"{root}.up5")
        n6 = graph.add("Add", self.separable(c5, f"{root}.climb6", 2), self.separable(n5, f"{root}.side6", 2))
        return [self.head(x, f"{root}.heads.{level}") for level, x in ((3, n6), (2, n5), (1, n4), (0, p3))]


TRUNKS: dict[str, Callable[[Graph, dict[str, Any]], Any]] = {"csp-darknet-pan": _CspDarknet, "darknet53-fpn": _Darknet53, "nanodet-plus": _NanodetPlus}
DETECTORS = ("nanodet-plus",)  # whose maps end in what a detector says of each cell


def add_trunk(graph: Graph, config: dict[str, Any], pixels: str) -> list[str]:
    kind = config["image"]["kind"]
    if kind not in TRUNKS:
        raise MnerError("model-version-unsupported", f"The image encoder “{kind}” is not one that this package knows "
                        f"({', '.join(sorted(TRUNKS))}). Install a version of mner-qg as new as the model.")
    return TRUNKS[kind](graph, config).build(pixels)
