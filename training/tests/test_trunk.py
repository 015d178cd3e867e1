"""The trunk file from a checkpoint of YOLOX: its detector is built here, small and at random, with the norms that the file has no
more, and the encoder that read the file must see what the detector's towers see."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from training import trunk
from training.encoders.config import tiny_image
from training.encoders.csp_darknet import CspDarknetPan, load_yolox

CLASSES = 5


class Base(nn.Module):
    def __init__(self, inputs, outputs, kernel=1, stride=1, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3)

    def forward(self, x):
        return F.silu(self.bn(self.conv(x)))


class Depthwise(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.dconv, self.pconv = Base(inputs, inputs, 3, stride, inputs), Base(inputs, outputs)

    def forward(self, x):
        return self.pconv(self.dconv(x))


class Bottleneck(nn.Module):
    def __init__(self, width, shortcut):
        super().__init__()
        self.conv1, self.conv2, self.shortcut = Base(width, width), Depthwise(width, width), shortcut

    def forward(self, x):
        y = self.conv2(self.conv1(x))
        return x + y if self.shortcut else y


class Csp(nn.Module):
    def __init__(self, inputs, outputs, blocks, shortcut):
        super().__init__()
        half = outputs // 2
        self.conv1, self.conv2, self.conv3 = Base(inputs, half), Base(inputs, half), Base(outputs, outputs)
        self.m = nn.Sequential(*(Bottleneck(half, shortcut) for _ in range(blocks)))

    def forward(self, x):
        return self.conv3(torch.cat([self.m(self.conv1(x)), self.conv2(x)], 1))


class Spp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.conv2 = Base(width, width // 2), Base(width * 2, width)

    def forward(self, x):
        x = self.conv1(x)
        return self.conv2(torch.cat([x, *(F.max_pool2d(x, k, 1, k // 2) for k in (5, 9, 13))], 1))


class Focus(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.conv = Base(12, outputs, 3)

    def forward(self, x):
        return self.conv(torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1))


class Darknet(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.stem = Focus(w)
        self.dark2 = nn.Sequential(Depthwise(w, 2 * w, 2), Csp(2 * w, 2 * w, 1, True))
        self.dark3 = nn.Sequential(Depthwise(2 * w, 4 * w, 2), Csp(4 * w, 4 * w, 3, True))
        self.dark4 = nn.Sequential(Depthwise(4 * w, 8 * w, 2), Csp(8 * w, 8 * w, 3, True))
        self.dark5 = nn.Sequential(Depthwise(8 * w, 16 * w, 2), Spp(16 * w), Csp(16 * w, 16 * w, 1, False))


class Pafpn(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.backbone = Darknet(w)
        self.lateral_conv0, self.C3_p4 = Base(16 * w, 8 * w), Csp(16 * w, 8 * w, 1, False)
        self.reduce_conv1, self.C3_p3 = Base(8 * w, 4 * w), Csp(8 * w, 4 * w, 1, False)
        self.bu_conv2, self.C3_n3 = Depthwise(4 * w, 4 * w, 2), Csp(8 * w, 8 * w, 1, False)
        self.bu_conv1, self.C3_n4 = Depthwise(8 * w, 8 * w, 2), Csp(16 * w, 16 * w, 1, False)

    def forward(self, x):
        body = self.backbone
        x2 = body.dark3(body.dark2(body.stem(x)))
        x1 = body.dark4(x2)
        x0 = body.dark5(x1)
        grow = lambda t: F.interpolate(t, scale_factor=2, mode="nearest")
        out0 = self.lateral_conv0(x0)
        out1 = self.reduce_conv1(self.C3_p4(torch.cat([grow(out0), x1], 1)))
        pan2 = self.C3_p3(torch.cat([grow(out1), x2], 1))
        pan1 = self.C3_n3(torch.cat([self.bu_conv2(pan2), out1], 1))
        pan0 = self.C3_n4(torch.cat([self.bu_conv1(pan1), out0], 1))
        return pan2, pan1, pan0


class Detector(nn.Module):
    """YOLOX with its names; its towers are read before they predict."""

    def __init__(self, w):
        super().__init__()
        tower = 4 * w
        self.backbone = Pafpn(w)
        self.head = nn.ModuleDict({
            "stems": nn.ModuleList(Base(width, tower) for width in (4 * w, 8 * w, 16 * w)),
            **{f"{side}_convs": nn.ModuleList(nn.Sequential(*(Depthwise(tower, tower) for _ in range(2))) for _ in range(3)) for side in ("cls", "reg")},
            **{f"{name}_preds": nn.ModuleList(nn.Conv2d(tower, outputs, 1) for _ in range(3)) for name, outputs in (("cls", CLASSES), ("reg", 4), ("obj", 1))},
        })

    def forward(self, x):
        seen = [stem(level) for stem, level in zip(self.head["stems"], self.backbone(x))]
        return [torch.cat([self.head["cls_convs"][k](y), self.head["reg_convs"][k](y)], 1) for k, y in enumerate(seen)]


@pytest.fixture
def detector():
    torch.manual_seed(7)
    made = Detector(tiny_image().channels[0] // 8).eval()
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values, low, high in ((module.weight, 0.5, 1.5), (module.bias, -0.3, 0.3), (module.running_mean, -0.3, 0.3), (module.running_var, 1e-3, 1.5)):
                nn.init.uniform_(values, low, high)
    return made


def test_the_encoder_sees_what_the_detector_saw(detector, tmp_path: Path):
    checkpoint, out = tmp_path / "yolox_nano.pth", tmp_path / "trunk.npz"
    torch.save({"model": detector.state_dict(), "start_epoch": 300}, checkpoint)
    run = subprocess.run([sys.executable, "-m", "training.trunk", str(checkpoint), "--out", str(out)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    encoder = CspDarknetPan(tiny_image()).eval()
    predictors = load_yolox(encoder, out)
    pixels = torch.rand(2, 3, 64, 64) * 4 - 2
    with torch.no_grad():
        for seen, expected in zip(encoder(pixels), reversed(detector(pixels)), strict=True):
            assert expected.abs().max() > 1e-3
            torch.testing.assert_close(seen, expected, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(predictors["classes.16.weight"], detector.head["cls_preds"][1].weight.detach().numpy())
    np.testing.assert_array_equal(predictors["objectness.8.bias"], detector.head["obj_preds"][0].bias.detach().numpy())


@pytest.mark.parametrize("content", ["another", "text", "none"])
def test_what_is_no_such_checkpoint_is_refused_in_a_line(content: str, tmp_path: Path, capsys):
    checkpoint = tmp_path / "x.pth"
    if content == "another":
        torch.save({"model": {"weight": torch.zeros(2)}}, checkpoint)
    elif content == "text":
        checkpoint.write_text("no checkpoint")
    assert trunk.main([str(checkpoint), "--out", str(tmp_path / "out.npz")]) == 1
    said = capsys.readouterr().err
    assert "x.pth" in said and "Traceback" not in said
    assert not (tmp_path / "out.npz").exists()
