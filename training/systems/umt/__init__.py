"""UMT (Yu et al., 2020), small: two ways of looking, a gate, and untyped names beside."""
from __future__ import annotations

from ..bert_crf.model import at_words
from ..multimodal.config import Config, tiny
from ..multimodal.system import PhotoSystem
from .model import Umt

UNTYPED = 0.5  # weight of the auxiliary loss, as in the paper


class UmtSystem(PhotoSystem):
    name = "umt"
    network = Umt
    presets = {"mini": lambda: Config(system="umt", width=144, heads=6, feedForward=576), "tiny": lambda: tiny("umt")}

    def loss(self, model, text, photo, rng):
        loss, parts = super().loss(model, text, photo, rng)
        allowed = text.allowed
        untyped = allowed.new_zeros(*allowed.shape[:2], 3)  # a B- or I- of any type
        untyped[..., 0], untyped[..., 1], untyped[..., 2] = allowed[..., 0], allowed[..., 1::2].any(-1), allowed[..., 2::2].any(-1)
        words, mask = at_words(model.untyped(text.hidden, text.mask).float(), text.first)
        names = model.head.untyped_crf.loss(words, mask, at_words(untyped, text.first)[0]).mean()
        return loss + UNTYPED * names, parts | {"untyped": float(names.detach())}


SYSTEM = UmtSystem()
