"""What all multimodal systems answer alike: training on frozen features, columns of dev figures, golden vectors, the add-on."""
from __future__ import annotations

import torch

from ...data.spans import Span
from ..bert_crf.decode import decode, names_of
from ..bert_crf.model import at_words
from ..system import Graph, System
from .config import Config
from .model import PhotoTagger
from .photo import Photo
from .text import Text


RESTRAINT = 12.0  # price of moving an emission, squared


class PhotoSystem(System):
    needs = "bert-crf"
    network: type

    def read_config(self, plain):
        return Config.from_dict(plain)

    def build(self, config, dropout=0.1):
        return self.network(config, dropout)

    # --- what a subclass that is no tagger answers itself
    def start(self, model, shelf) -> None:
        """Fills what is embedded once, before training: prompts, type questions."""

    def loss(self, model: PhotoTagger, text: Text, photo: Photo, rng) -> tuple[torch.Tensor, dict[str, float]]:
        emissions = model.read(text.hidden, text.mask, photo).float()
        words, mask = at_words(emissions, text.first)
        loss = model.crf.loss(words, mask, at_words(text.allowed, text.first)[0]).mean()
        # The encoder knows these sentences by heart: without a price, what corrects it would learn their words, not the photo.
        moved = (emissions - model.tagger(text.hidden).float())[text.first].square().mean()
        return loss + RESTRAINT * moved, {"crf": float(loss.detach()), "moved": float(moved.detach())}

    def names(self, model: PhotoTagger, text: Text, photo: Photo | None) -> list[list[Span]]:
        return decode(model.crf, text.examples, model.read(text.hidden, text.mask, photo), text.first)

    def places(self, model, shelf, rng) -> dict:
        """How often names have the right place in photos that are held out; only where names have places of their own."""
        return {}

    # --- training and figures
    def add_arguments(self, parser):
        from .train import add_arguments

        add_arguments(parser)

    def recipe(self, args):
        from .train import HeadTraining

        return HeadTraining(self, args)

    def evaluate(self, model, data, reader, settings=None):
        from .evaluate import evaluate_text

        return evaluate_text(self, model, data, reader, settings)

    def summary(self, report):
        from .evaluate import summary

        return summary(report)

    def describe(self, report, config):
        s = report["settings"]
        metrics = {"expectedCalibrationError": s["calibrationError"], "columns": report.get("columns", {})}
        if "places" in report:
            metrics["places"] = report["places"]
        for name in ("twitter2015", "twitter2017"):
            metrics[name] = {mode: report[name][mode]["f1"] for mode in ("strict", "lenient")}
        return {"calibration": {"spanThreshold": s["least"], "span": {"a": s["a"], "b": s["b"]}, "none": {"a": 1.0, "b": 0.0}}, "metrics": metrics}

    # --- the bench
    def run(self, model, text, extra, photo: Photo) -> tuple:
        """The answer as a tuple. `extra`: what this system is asked beside the text."""
        return (model(*text, photo),)

    def extra(self, model, ids) -> dict:
        return {}

    def answers(self) -> list[str]:
        return ["emissions"]

    def graphs(self, model):
        ids = torch.randint(5, model.config.text.vocabulary, (2, min(32, model.config.maxPieces)))
        text = {"ids": ids, "segments": torch.ones_like(ids), "shapes": torch.ones_like(ids), "mask": torch.ones_like(ids)}
        size = model.config.image.size
        with torch.no_grad():
            photo = model.encode_image(torch.randn(1, 3, size, size)).take(torch.zeros(2, dtype=torch.long))
        # A photo that shows a person and a thing, whatever random pixels show.
        photo.person[:, 1:] = False
        photo.regions_there[:] = True
        return [Graph("photo", Whole(self, model), text | self.extra(model, ids) | vars(photo), self.answers(), {})]

    # --- golden vectors
    def boundaries(self, model):
        return {"text_encoder": model.text_encoder, "image_encoder": model.image_encoder} | {
            f"head.{name}": part for name, part in model.head.named_children() if name != "crf"}

    def example(self, config, seed):
        from ..bert_crf import SYSTEM

        inputs = SYSTEM.example(config, seed)
        generator = torch.Generator().manual_seed(seed + 1)
        return inputs | {"pixels": torch.randn(1, 3, config.image.size, config.image.size, generator=generator)}

    def photo_of(self, model, inputs) -> Photo:
        """The one photo, for each sentence."""
        return model.encode_image(inputs["pixels"]).take(torch.zeros(len(inputs["ids"]), dtype=torch.long))

    def outputs(self, model: PhotoTagger, inputs, record):
        with record():
            photo = self.photo_of(model, inputs)
            hidden = model.text_encoder(inputs["ids"], inputs["segments"], inputs["shapes"], inputs["mask"])
            emissions = model.read(hidden, inputs["mask"], photo)
        first = inputs["first"].bool()
        words, mask = at_words(emissions, first)
        paths = model.crf.best(words, mask)
        names = [names_of(path) for path in paths]
        chances = model.crf.span_posterior(words, mask, names)
        evidence = model.evidence(hidden, inputs["mask"], photo)
        return self.seen(photo) | {
            "output.emissions": emissions, "text_only.emissions": model.read(hidden, inputs["mask"]),
            "decode.names": torch.tensor([(row, *name) for row, found in enumerate(names) for name in found]).reshape(-1, 4),
            "decode.chances": torch.tensor([chance for found in chances for chance in found])} | {f"evidence.{k}": v for k, v in evidence.items()}

    def seen(self, photo: Photo):
        """The visual tokens of the one photo."""
        return {"photo.cells": photo.cells[:1], "photo.regions": photo.regions[:1], "photo.regions_there": photo.regions_there[:1].long(),
                "photo.person": photo.person[:1].long(), "photo.whole": photo.whole[:1], "photo.boxes": photo.boxes[:1]}


class Whole(torch.nn.Module):
    """Text, what the system is asked beside it, and the visual tokens, all as plain inputs: what ONNX takes."""

    def __init__(self, system: PhotoSystem, model):
        super().__init__()
        self.system, self.model = system, model

    def forward(self, ids, segments, shapes, mask, *rest):
        fields = len(Photo.__dataclass_fields__)
        return self.system.run(self.model, (ids, segments, shapes, mask), rest[:-fields], Photo(*rest[-fields:]))
