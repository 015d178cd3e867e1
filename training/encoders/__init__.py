"""The encoders that all systems share, and the registry of those that read photos."""
from __future__ import annotations

from torch import nn

from .bert import TextEncoder
from .config import ImageConfig, TextConfig
from .csp_darknet import CspDarknetPan
from .darknet53 import Darknet53Fpn
from .nanodet import NanodetPlus

IMAGE_ENCODERS = {"csp-darknet-pan": CspDarknetPan, "nanodet-plus": NanodetPlus, "darknet53-fpn": Darknet53Fpn}


def build_image_encoder(config: ImageConfig) -> nn.Module:
    if config.kind not in IMAGE_ENCODERS:
        raise ValueError(f"unknown image encoder {config.kind!r}: one of {sorted(IMAGE_ENCODERS)}")
    return IMAGE_ENCODERS[config.kind](config)
