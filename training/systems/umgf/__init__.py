"""UMGF (Zhang et al., 2021), small: a graph of words and four regions."""
from __future__ import annotations

from ..multimodal.config import Config, tiny
from ..multimodal.system import PhotoSystem
from .model import Umgf


class UmgfSystem(PhotoSystem):
    name = "umgf"
    network = Umgf
    presets = {"mini": lambda: Config(system="umgf", width=128, heads=4, feedForward=64, layers=6), "tiny": lambda: tiny("umgf", width=16, layers=2)}

    def boundaries(self, model):
        return super().boundaries(model) | {f"head.layers.{k}": layer for k, layer in enumerate(model.head.layers)}


SYSTEM = UmgfSystem()
