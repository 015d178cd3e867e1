"""MMNerModel: BERT+CRF and patches that words look at. Our reading of a name in a private table."""
from __future__ import annotations

from ..multimodal.config import Config, tiny
from ..multimodal.system import PhotoSystem
from .model import MmNerModel


class MmNerModelSystem(PhotoSystem):
    name = "mm-ner-model"
    network = MmNerModel
    presets = {"mini": lambda: Config(system="mm-ner-model", width=192), "tiny": lambda: tiny("mm-ner-model", width=16)}


SYSTEM = MmNerModelSystem()
