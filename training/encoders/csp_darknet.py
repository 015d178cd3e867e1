"""A small CSPDarknet with a PAN pyramid as an image encoder (mini): V_1..V_3, coarsest first.

It ends in the two towers of the detector it was started from, classes and boxes side by side: what was learnt about *where*
is kept, not only what was learnt about *what*.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .config import ImageConfig


class Conv(nn.Module):
    """Convolution, then SiLU. Biased and without a norm: the weights it starts from have theirs folded in."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups)

    def forward(self, x):
        return F.silu(self.conv(x))


class Separable(nn.Module):
    """Depthwise, then pointwise."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.depthwise = Conv(inputs, inputs, 3, stride, inputs)
        self.pointwise = Conv(inputs, outputs)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


class Bottleneck(nn.Module):
    def __init__(self, width: int, shortcut: bool):
        super().__init__()
        self.first = Conv(width, width)
        self.second = Separable(width, width)
        self.shortcut = shortcut

    def forward(self, x):
        y = self.second(self.first(x))
        return x + y if self.shortcut else y


class CrossStage(nn.Module):
    """Half of the channels pass through bottlenecks, half go round them."""

    def __init__(self, inputs: int, outputs: int, blocks: int, shortcut: bool):
        super().__init__()
        self.through = Conv(inputs, outputs // 2)
        self.around = Conv(inputs, outputs // 2)
        self.blocks = nn.ModuleList(Bottleneck(outputs // 2, shortcut) for _ in range(blocks))
        self.merge = Conv(outputs, outputs)

    def forward(self, x):
        y = self.through(x)
        around = self.around(x)
        for block in self.blocks:
            y = block(y)
        return self.merge(torch.cat([y, around], 1))


class PoolingPyramid(nn.Module):
    """Max pools of 5, 9 and 13: the larger ones are the small one again and again."""

    def __init__(self, width: int):
        super().__init__()
        self.reduce = Conv(width, width // 2)
        self.merge = Conv(width * 2, width)

    def forward(self, x):
        x = self.reduce(x)
        pools = [x]
        for _ in range(3):
            pools.append(F.max_pool2d(pools[-1], 5, 1, 2))
        return self.merge(torch.cat(pools, 1))


class Towers(nn.Module):
    """What a decoupled detection head sees just before it predicts: class features and box features."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.stem = Conv(inputs, width)
        self.classes = nn.ModuleList(Separable(width, width) for _ in range(2))
        self.boxes = nn.ModuleList(Separable(width, width) for _ in range(2))

    def forward(self, x):
        what = where = self.stem(x)
        for layer in self.classes:
            what = layer(what)
        for layer in self.boxes:
            where = layer(where)
        return torch.cat([what, where], 1)


class CspDarknetPan(nn.Module):
    """Depthwise CSPDarknet + PAN. `width` is the stem's: 16 gives the layout of the 0.9 M parameter detector."""

    def __init__(self, config: ImageConfig):
        super().__init__()
        tower = config.channels[0] // 2
        w = tower // 4
        self.stem = nn.Conv2d(3, w, 6, 2, 2)  # the same sums as 3×3 over 2×2 patches laid into channels
        self.stages = nn.ModuleList([
            nn.ModuleList([Separable(w, 2 * w, 2), CrossStage(2 * w, 2 * w, 1, True)]),
            nn.ModuleList([Separable(2 * w, 4 * w, 2), CrossStage(4 * w, 4 * w, 3, True)]),
            nn.ModuleList([Separable(4 * w, 8 * w, 2), CrossStage(8 * w, 8 * w, 3, True)]),
            nn.ModuleList([Separable(8 * w, 16 * w, 2), PoolingPyramid(16 * w), CrossStage(16 * w, 16 * w, 1, False)]),
        ])
        self.lateral5 = Conv(16 * w, 8 * w)
        self.down4 = CrossStage(16 * w, 8 * w, 1, False)
        self.lateral4 = Conv(8 * w, 4 * w)
        self.down3 = CrossStage(8 * w, 4 * w, 1, False)
        self.climb3 = Separable(4 * w, 4 * w, 2)
        self.up4 = CrossStage(8 * w, 8 * w, 1, False)
        self.climb4 = Separable(8 * w, 8 * w, 2)
        self.up5 = CrossStage(16 * w, 16 * w, 1, False)
        self.towers = nn.ModuleList([Towers(4 * w, tower), Towers(8 * w, tower), Towers(16 * w, tower)])  # strides 8, 16, 32

    def forward(self, pixels):
        x = F.silu(self.stem(pixels))
        taps = []
        for stage in self.stages:
            for layer in stage:
                x = layer(x)
            taps.append(x)
        _, c3, c4, c5 = taps
        grow = lambda t: F.interpolate(t, scale_factor=2, mode="nearest")
        p5 = self.lateral5(c5)
        p4 = self.lateral4(self.down4(torch.cat([grow(p5), c4], 1)))
        p3 = self.down3(torch.cat([grow(p4), c3], 1))
        n4 = self.up4(torch.cat([self.climb3(p3), p4], 1))
        n5 = self.up5(torch.cat([self.climb4(n4), p5], 1))
        return [self.towers[2](n5), self.towers[1](n4), self.towers[0](p3)]


def load_yolox(encoder: CspDarknetPan, weights: str | Path) -> dict[str, np.ndarray]:
    """Fills the encoder from a folded YOLOX-nano `.npz` (layers in graph order). Returns the predictors left over, by stride."""
    arrays = np.load(weights)
    names = [n.removesuffix(".weight") for n in arrays.files if n.endswith(".weight")]
    convs = [m for m in encoder.modules() if isinstance(m, nn.Conv2d)]
    # Each tower is followed in the file by its predictors, which are not part of the encoder: per level 5 class-side
    # convolutions (stem, 4), the class predictor, 4 box-side ones, the box and the objectness predictor.
    trunk = len(convs) - 3 * 9
    predictors, order = {}, names[:trunk]
    for level, stride in enumerate((8, 16, 32)):
        part = names[trunk + level * 12 : trunk + (level + 1) * 12]
        order += [*part[:5], *part[6:10]]
        for key, name in (("classes", part[5]), ("boxes", part[10]), ("objectness", part[11])):
            predictors[f"{key}.{stride}.weight"] = arrays[f"{name}.weight"].astype(np.float32)
            predictors[f"{key}.{stride}.bias"] = arrays[f"{name}.bias"].astype(np.float32)
    with torch.no_grad():
        for conv, name in zip(convs, order, strict=True):
            weight = torch.from_numpy(arrays[f"{name}.weight"].astype(np.float32))
            if conv is encoder.stem:
                spread = torch.zeros_like(conv.weight)
                for patch, (dy, dx) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
                    spread[:, :, dy::2, dx::2] = weight[:, patch * 3 : patch * 3 + 3]
                weight = spread
            if conv.weight.shape != weight.shape:
                raise ValueError(f"{weights}: {name} is {tuple(weight.shape)}, expected {tuple(conv.weight.shape)}")
            conv.weight.copy_(weight)
            conv.bias.copy_(torch.from_numpy(arrays[f"{name}.bias"].astype(np.float32)))
    return predictors
