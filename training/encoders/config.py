"""What the encoders are made of. The names are those of `config` in a model's manifest."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass
class TextConfig:
    layers: int = 6
    width: int = 384
    heads: int = 12
    feedForward: int = 1536
    vocabulary: int = 30522
    positions: int = 512
    segments: int = 2
    shapes: int = 5
    normEpsilon: float = 1e-12


@dataclass
class ImageConfig:
    kind: str = "csp-darknet-pan"
    size: int = 320
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    channels: tuple[int, ...] = (128, 128, 128)  # of V_1, V_2, …, coarsest first
    strides: tuple[int, ...] = (32, 16, 8)

    @staticmethod
    def from_dict(plain: dict) -> "ImageConfig":
        return ImageConfig(**{k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()})


def nanodet_image(size: int, pyramid: int) -> ImageConfig:
    """V_k holds the tower's channels, 80 classes and a box."""
    return ImageConfig(kind="nanodet-plus", size=size, channels=(pyramid + 84,) * 4, strides=(64, 32, 16, 8))


def tiny_text() -> TextConfig:
    """A few thousand parameters: for tests and golden vectors that are small enough to commit."""
    return TextConfig(layers=2, width=32, heads=4, feedForward=64, vocabulary=1000, positions=64)


def tiny_image(kind: str = "csp-darknet-pan") -> ImageConfig:
    if kind == "csp-darknet-pan":
        return ImageConfig(kind=kind, size=64, channels=(16, 16, 16))
    if kind == "nanodet-plus":
        return nanodet_image(64, 16)
    return ImageConfig(kind=kind, size=64, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), channels=(16, 8, 4))
