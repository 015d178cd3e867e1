"""The NanoDet-plus-m detector as an image encoder: ShuffleNetV2, a ghost pyramid, and the towers of its heads.

V_k is what a head sees just before it predicts, and beside it what it predicts: the probabilities of its 80 classes and one
box per cell. The detector saw a hundred thousand photos; what it knows of *where* is used as it is, not learnt again.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .config import ImageConfig

CLASSES = 80
BINS = 8  # of a side's distance, in strides: 0 to 7
BOX = 4  # centre (2) and size (2)
BLOCKS = (4, 8, 4)  # units per stage of ShuffleNetV2, the first of each halves the map
LEAK = 0.1
LEAST = 1e-3  # of a size, in strides: a logarithm needs something


class Conv(nn.Module):
    """Biased convolution (its norm is folded in), then a leaky ReLU or nothing."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, active: bool = True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)
        self.active = active

    def forward(self, x):
        x = self.conv(x)
        return F.leaky_relu(x, LEAK) if self.active else x


class Separable(nn.Module):
    """Depthwise, then pointwise; `inner` and `outer` say which of the two is followed by the activation."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, inner: bool = True, outer: bool = True):
        super().__init__()
        self.depthwise = Conv(inputs, inputs, kernel, stride, inputs, inner)
        self.pointwise = Conv(inputs, outputs, active=outer)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


def shuffle(x: torch.Tensor) -> torch.Tensor:
    """The channels of the two halves in turn."""
    batch, channels, height, width = x.shape
    return x.view(batch, 2, channels // 2, height, width).transpose(1, 2).reshape(x.shape)


class Unit(nn.Module):
    """Half of the channels pass, half go through; where the map is halved both halves are convolved."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        half = outputs // 2
        self.around = Separable(inputs, half, 3, 2, inner=False) if stride == 2 else None
        self.expand = Conv(inputs if stride == 2 else half, half)
        self.through = Separable(half, half, 3, stride, inner=False)

    def forward(self, x):
        passed, taken = (self.around(x), x) if self.around else x.chunk(2, 1)
        return shuffle(torch.cat([passed, self.through(self.expand(taken))], 1))


class Ghost(nn.Module):
    """Half of the maps by a 1×1, the other half cheaply from those."""

    def __init__(self, inputs: int, outputs: int, active: bool):
        super().__init__()
        half = outputs // 2
        self.first = Conv(inputs, half, active=active)
        self.cheap = Conv(half, half, 3, groups=half, active=active)

    def forward(self, x):
        x = self.first(x)
        return torch.cat([x, self.cheap(x)], 1)


class GhostBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first = Ghost(inputs, outputs, True)
        self.second = Ghost(outputs, outputs, False)
        self.shortcut = Separable(inputs, outputs, 5, inner=False, outer=False)

    def forward(self, x):
        return self.second(self.first(x)) + self.shortcut(x)


class Head(nn.Module):
    """A tower, and what it predicts: classes, and for each side of the box the chances of eight distances."""

    def __init__(self, width: int):
        super().__init__()
        self.tower = nn.ModuleList(Separable(width, width, 5) for _ in range(2))
        self.predict = nn.Conv2d(width, CLASSES + 4 * BINS, 1)

    def forward(self, x):
        for layer in self.tower:
            x = layer(x)
        said = self.predict(x)
        return torch.cat([x, said[:, :CLASSES].sigmoid(), self.box(said[:, CLASSES:])], 1)

    def box(self, bins: torch.Tensor) -> torch.Tensor:
        """(P, 32, g, g) → (P, 4, g, g): the centre, from the cell's middle, and the logarithm of the size, both in strides.

        Distances are measured from the cell's corner: that is where this detector puts a cell's centre.
        """
        chance = bins.unflatten(1, (4, BINS)).softmax(2)
        left, top, right, bottom = torch.einsum("psbyx,b->spyx", chance, torch.arange(BINS, dtype=bins.dtype, device=bins.device))
        return torch.stack([(right - left) / 2 - 0.5, (bottom - top) / 2 - 0.5, (left + right + LEAST).log(), (top + bottom + LEAST).log()], 1)


def widths(config: ImageConfig) -> tuple[int, int, tuple[int, int, int]]:
    """(pyramid, stem, stages): all follow from the channels of V_k; 180 channels are those of NanoDet-plus-m."""
    pyramid = config.channels[0] - CLASSES - BOX
    stage = 4 * int(pyramid * 29 / 96 + 0.5)
    return pyramid, pyramid // 4, (stage, 2 * stage, 4 * stage)


class NanodetPlus(nn.Module):
    def __init__(self, config: ImageConfig):
        super().__init__()
        pyramid, stem, stages = widths(config)
        self.stem = Conv(3, stem, 3, 2)
        self.stages = nn.ModuleList()
        inputs = stem
        for outputs, blocks in zip(stages, BLOCKS):
            self.stages.append(nn.ModuleList(Unit(inputs if i == 0 else outputs, outputs, 2 if i == 0 else 1) for i in range(blocks)))
            inputs = outputs
        self.laterals = nn.ModuleList(Conv(width, pyramid) for width in stages)
        self.down4, self.down3 = GhostBlock(2 * pyramid, pyramid), GhostBlock(2 * pyramid, pyramid)
        self.climb4, self.up4 = Separable(pyramid, pyramid, 5, 2), GhostBlock(2 * pyramid, pyramid)
        self.climb5, self.up5 = Separable(pyramid, pyramid, 5, 2), GhostBlock(2 * pyramid, pyramid)
        self.climb6, self.side6 = Separable(pyramid, pyramid, 5, 2), Separable(pyramid, pyramid, 5, 2)
        self.heads = nn.ModuleList(Head(pyramid) for _ in config.strides)  # finest first

    def forward(self, pixels):
        x = F.max_pool2d(self.stem(pixels), 3, 2, 1)
        taps = []
        for lateral, stage in zip(self.laterals, self.stages):
            for unit in stage:
                x = unit(x)
            taps.append(lateral(x))
        c3, c4, c5 = taps
        grow = lambda t: F.interpolate(t, scale_factor=2, mode="bilinear", align_corners=False)
        p4 = self.down4(torch.cat([grow(c5), c4], 1))
        p3 = self.down3(torch.cat([grow(p4), c3], 1))
        n4 = self.up4(torch.cat([self.climb4(p3), p4], 1))
        n5 = self.up5(torch.cat([self.climb5(n4), c5], 1))
        n6 = self.climb6(c5) + self.side6(n5)
        return [head(x) for head, x in zip(reversed(self.heads), (n6, n5, n4, p3))]


def load_nanodet(encoder: NanodetPlus, weights: str | Path) -> None:
    """Fills the encoder from a folded NanoDet-plus-m `.npz` (layers in graph order).

    The file wants blue first; ours is red first: the stem's inputs are turned round.
    """
    arrays = np.load(weights)
    names = [n.removesuffix(".weight") for n in arrays.files if n.endswith(".weight")]
    convs = [m for m in encoder.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        for conv, name in zip(convs, names, strict=True):
            weight = torch.from_numpy(arrays[f"{name}.weight"].astype(np.float32))
            if conv is encoder.stem.conv:
                weight = weight.flip(1)
            if conv.weight.shape != weight.shape:
                raise ValueError(f"{weights}: {name} is {tuple(weight.shape)}, expected {tuple(conv.weight.shape)}")
            conv.weight.copy_(weight)
            conv.bias.copy_(torch.from_numpy(arrays[f"{name}.bias"].astype(np.float32)))
