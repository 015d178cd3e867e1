"""The image encoders as ONNX: pixels [P, 3, S, S] to V_1..V_3, coarsest first. One function per `config.image.kind`."""
from __future__ import annotations

from typing import Any, Callable

from .errors import MnerError
from .graph import Graph

CSP_BLOCKS = (1, 3, 3, 1)
DARKNET_BLOCKS = (1, 2, 8, 8, 4)


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


TRUNKS: dict[str, Callable[[Graph, dict[str, Any]], Any]] = {"csp-darknet-pan": _CspDarknet, "darknet53-fpn": _Darknet53}


def knows_trunk(config: dict[str, Any]) -> bool:
    return config["image"]["kind"] in TRUNKS


def add_trunk(graph: Graph, config: dict[str, Any], pixels: str) -> list[str]:
    kind = config["image"]["kind"]
    if kind not in TRUNKS:
        raise MnerError("model-version-unsupported", f"The image encoder “{kind}” is not one that this package knows "
                        f"({', '.join(sorted(TRUNKS))}). Install a version of mner-qg as new as the model.")
    return TRUNKS[kind](graph, config).build(pixels)
