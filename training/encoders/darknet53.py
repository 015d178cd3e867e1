"""Darknet-53 with YOLOv3's feature pyramid as an image encoder (base): V_1..V_3, coarsest first."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .config import ImageConfig


class DarknetConv(nn.Module):
    """Convolution without bias, batch norm, leaky ReLU: the unit of Darknet."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.leaky_relu(self.norm(self.conv(x)), 0.1)


class Residual(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.reduce = DarknetConv(width, width // 2)
        self.expand = DarknetConv(width // 2, width, 3)

    def forward(self, x):
        return x + self.expand(self.reduce(x))


class FiveConvs(nn.Module):
    """1×1 and 3×3 in turn, five of them: one level of the pyramid."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        widths = [(inputs, width, 1), (width, 2 * width, 3), (2 * width, width, 1), (width, 2 * width, 3), (2 * width, width, 1)]
        self.layers = nn.ModuleList(DarknetConv(*w) for w in widths)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Darknet53Fpn(nn.Module):
    """Darknet-53 and YOLOv3's pyramid up to the tap before each detector."""

    BLOCKS = (1, 2, 8, 8, 4)

    def __init__(self, config: ImageConfig):
        super().__init__()
        w = config.channels[2] // 4
        self.stem = DarknetConv(3, w, 3)
        self.stages = nn.ModuleList()
        for i, count in enumerate(self.BLOCKS):
            width = w * 2 ** (i + 1)
            self.stages.append(nn.ModuleList([DarknetConv(width // 2, width, 3, 2), *(Residual(width) for _ in range(count))]))
        self.level1 = FiveConvs(32 * w, 16 * w)
        self.lateral1 = DarknetConv(16 * w, 8 * w)
        self.level2 = FiveConvs(24 * w, 8 * w)
        self.lateral2 = DarknetConv(8 * w, 4 * w)
        self.level3 = FiveConvs(12 * w, 4 * w)

    def trunk(self) -> list[nn.Module]:
        return [self.stem, self.stages]

    def pyramid(self) -> list[nn.Module]:
        return [self.level1, self.lateral1, self.level2, self.lateral2, self.level3]

    def forward(self, pixels):
        x = self.stem(pixels)
        taps = []
        for stage in self.stages:
            for layer in stage:
                x = layer(x)
            taps.append(x)
        grow = lambda t: F.interpolate(t, scale_factor=2, mode="nearest")
        v1 = self.level1(taps[4])
        v2 = self.level2(torch.cat([grow(self.lateral1(v1)), taps[3]], 1))
        v3 = self.level3(torch.cat([grow(self.lateral2(v2)), taps[2]], 1))
        return [v1, v2, v3]


# In yolov3.weights each level's five convolutions are followed by one more and the detector, which the pyramid leaves out.
def load_darknet(encoder: Darknet53Fpn, weights: str | Path, detector_outputs: int = 255) -> int:
    """Reads Darknet's binary `yolov3.weights` (or `darknet53.conv.74`: the trunk alone). Returns how many numbers were used."""
    raw = Path(weights).read_bytes()
    major, minor = np.frombuffer(raw, np.int32, 2)
    header = 20 if major * 10 + minor >= 2 else 16  # the images-seen counter grew to 64 bits
    if (len(raw) - header) % 4:
        raise ValueError(f"{weights} is not a Darknet weights file: {len(raw)} bytes")
    numbers = torch.from_numpy(np.frombuffer(raw, np.float32, offset=header).copy())
    at = 0

    def take(tensor: torch.Tensor) -> None:
        nonlocal at
        if at + tensor.numel() > len(numbers):
            raise ValueError(f"{weights} is truncated: it ends after {len(numbers)} numbers, {at + tensor.numel()} are needed")
        tensor.copy_(numbers[at : at + tensor.numel()].view_as(tensor))
        at += tensor.numel()

    def fill(modules) -> None:
        for module in modules:
            for unit in module.modules():
                if isinstance(unit, DarknetConv):
                    for tensor in (unit.norm.bias, unit.norm.weight, unit.norm.running_mean, unit.norm.running_var, unit.conv.weight):
                        take(tensor)

    def skip(width: int) -> None:
        nonlocal at
        at += 4 * 2 * width + width * 2 * width * 9  # the sixth convolution
        at += detector_outputs + 2 * width * detector_outputs  # the detector

    with torch.no_grad():
        fill(encoder.trunk())
        if at == len(numbers):
            return at
        w = encoder.stem.conv.out_channels
        fill([encoder.level1])
        skip(16 * w)
        fill([encoder.lateral1, encoder.level2])
        skip(8 * w)
        fill([encoder.lateral2, encoder.level3])
    return at
