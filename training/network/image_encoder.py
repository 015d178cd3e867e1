"""The two image encoders: a small CSPDarknet with a PAN pyramid (mini) and Darknet-53 with a feature pyramid (base).

Both give V_1..V_3, coarsest first. The mini one ends in the two towers of the detector it was started from, classes and
boxes side by side: what was learnt about *where* is kept, not only what was learnt about *what*.
"""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ..config import ImageConfig


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


def build_image_encoder(config: ImageConfig) -> nn.Module:
    from ..encoders.nanodet import NanodetPlus

    kinds = {"csp-darknet-pan": CspDarknetPan, "nanodet-plus": NanodetPlus, "darknet53-fpn": Darknet53Fpn}
    if config.kind not in kinds:
        raise ValueError(f"unknown image encoder {config.kind!r}: one of {sorted(kinds)}")
    return kinds[config.kind](config)
