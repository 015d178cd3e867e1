"""BasicModel: BERT+CRF and the photo as one vector beside every word. Our reading of a name in a private table."""
from __future__ import annotations

from ..multimodal.config import Config, tiny
from ..multimodal.system import PhotoSystem
from .model import BasicModel


class BasicModelSystem(PhotoSystem):
    name = "basic-model"
    network = BasicModel
    presets = {"mini": lambda: Config(system="basic-model", width=64, heads=8), "tiny": lambda: tiny("basic-model", width=8)}


SYSTEM = BasicModelSystem()
