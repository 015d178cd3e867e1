"""MQSPN (Tang et al., 2025), small, in the paper's form: slots that each find a name, its type and its own region."""
from __future__ import annotations

import torch

from ..multimodal.config import Config, tiny
from ..multimodal.system import PhotoSystem
from .decode import decode, read_slots
from .loss import names_with_ends, set_loss
from .model import Mqspn


class MqspnSystem(PhotoSystem):
    name = "mqspn"
    network = Mqspn
    presets = {"mini": lambda: Config(system="mqspn", width=192, layers=2), "tiny": lambda: tiny("mqspn", layers=2)}

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.set_defaults(epochs=6)

    def start(self, model, shelf):
        with torch.no_grad():
            model.head.types.copy_(shelf.embedded([query for _, query in model.config.queries]))

    def loss(self, model, text, photo, rng):
        answers = model.read(text.hidden, text.first, photo)
        return set_loss(answers, names_with_ends(text.examples, getattr(text, "regions", None)))

    def names(self, model, text, photo):
        return decode(text.examples, model.read(text.hidden, text.first, photo)[-1], text.first, model.config.maxSpanWords)

    def outputs(self, model, inputs, record):
        first = inputs["first"].bool()
        with record():
            photo = self.photo_of(model, inputs)
            hidden = model.text_encoder(inputs["ids"], inputs["segments"], inputs["shapes"], inputs["mask"])
            answer = model.read(hidden, first, photo)[-1]
        alone = model.read(hidden, first)[-1]
        named = read_slots(answer, first, model.config.maxSpanWords)
        return self.seen(photo) | {f"output.{k}": v for k, v in vars(answer).items()} | {f"text_only.{k}": v for k, v in vars(alone).items()} | {
            "decode.slots": torch.tensor([(n.row, n.slot, n.start, n.end, n.label, n.region) for n in named]).reshape(-1, 6),
            "decode.chances": torch.tensor([n.chance for n in named])}


SYSTEM = MqspnSystem()
