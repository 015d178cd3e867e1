"""MQSPN (Tang et al., 2025), small, in the paper's form: slots that each find a name, its type and its own region."""
from __future__ import annotations

import torch

from ..multimodal.config import Config, tiny
from ..multimodal.system import PhotoSystem
from ..multimodal.text import text_batch
from .decode import decode, read_slots
from .loss import names_with_ends, set_loss
from .model import Mqspn


class MqspnSystem(PhotoSystem):
    name = "mqspn"
    network = Mqspn
    presets = {"mini": lambda: Config(system="mqspn", width=160, heads=5, feedForward=640, layers=2), "tiny": lambda: tiny("mqspn", layers=2)}

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.set_defaults(epochs=6)

    def start(self, model, shelf):
        with torch.no_grad():
            model.head.types.copy_(shelf.embedded([query for _, query in model.config.queries]))

    def loss(self, model, text, photo, rng):
        answers = model.read(text.hidden, text.first, photo)
        return set_loss(answers, names_with_ends(text.examples, text.regions))

    def names(self, model, text, photo):
        return decode(text.examples, model.read(text.hidden, text.first, photo)[-1], text.first, model.config.maxSpanWords)

    @torch.no_grad()
    def places(self, model, shelf, rng):
        """Dev tweets beside held-out photos: names that are found, and whether their region is one of the right ones."""
        rows = [row for tweets in shelf.dev().values() for row in zip(tweets.examples, tweets.hidden)]
        scores: dict[str, list[bool]] = {"people": [], "nobody": [], "logos": [], "no place or title": []}
        for look in shelf.held:
            for label, name in enumerate(model.config.labels):
                right = look.regions_of(name)
                if right is None:
                    continue
                kind = "logos" if right != [0] and name == "ORG" else "no place or title" if name != "PER" else "nobody" if right == [0] else "people"
                chosen = rng.sample([row for row in rows if any(span[2] == label for span in row[0].spans)], 3)
                text = text_batch([e for e, _ in chosen], [h for _, h in chosen], shelf.reader)
                answer = model.read(text.hidden, text.first, look.photo.take([0] * len(chosen)))[-1]
                gold = {(row, a, b) for row, names in enumerate(names_with_ends(text.examples)) for a, b, kind_of, _ in names if kind_of == label}
                found = read_slots(answer, text.first, model.config.maxSpanWords)
                scores[kind] += [n.region + 1 in right for n in found if n.label == label and (n.row, n.start, n.end) in gold]
        return {kind: {"n": len(v), "right": sum(v) / len(v)} for kind, v in scores.items() if v}

    def run(self, model, text, extra, photo):
        return tuple(vars(model(*text, *extra, photo)).values())

    def extra(self, model, ids):
        return {"first": torch.ones_like(ids, dtype=torch.bool)}

    def answers(self):
        return ["classes", "start", "end", "region"]

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
