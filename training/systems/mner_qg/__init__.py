"""MNER-QG: entity types asked as questions, spans and boxes for each. An independent reading of the published method."""
from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from ..system import Graph, System, Tensors
from .config import PRESETS, Config
from .model import MnerQg, PhotoFeatures
from .photo_heads import summary_width


class MnerQgSystem(System):
    name = "mner-qg"
    presets = PRESETS
    committed = ("tiny", "tiny-base", "tiny-nanodet", "tiny-one-way")

    def read_config(self, plain):
        return Config.from_dict(plain)

    def build(self, config, dropout=0.1):
        return MnerQg(config, dropout)

    def add_arguments(self, parser):
        from .train import add_arguments

        add_arguments(parser)

    def recipe(self, args):
        from .train import Training

        return Training(args)

    def evaluate(self, model, data: Path, reader, settings=None):
        from .evaluate import evaluate_all

        return evaluate_all(model, data, reader, settings=settings)

    def summary(self, report):
        from .evaluate import summary

        return summary(report)

    def describe(self, report, config):
        s = report["settings"]
        config["decode"] = {"startThreshold": s["threshold"], "endThreshold": s["threshold"]}
        none = report.get("grounding", {}).get("none", {}).get("calibration", {"a": 1.0, "b": 0.0})
        metrics = {"expectedCalibrationError": s["calibrationError"], "existenceF1": report["existence"]["f1"]}
        for name in ("twitter2015", "twitter2017"):
            metrics[name] = {mode: report[name][mode]["f1"] for mode in ("strict", "lenient")}
        if "grounding" in report:
            metrics["grounding"] = report["grounding"]
        return {"calibration": {"spanThreshold": s["least"], "span": {"a": s["a"], "b": s["b"]}, "none": none}, "metrics": metrics}

    def boundaries(self, model):
        parts = {"text_encoder": model.one_way or model.text_encoder, "image_encoder": model.image_encoder, "common_width": model.common_width,
                 "query_vector": model.query_vector, "cross_modality": model.cross_modality, "existence": model.existence}
        return parts | {f"conditioned.{k}": part for k, part in enumerate(model.cross_modality.vision)}

    def example(self, config, seed, sequences: int = 4, length: int = 24):
        generator = torch.Generator().manual_seed(seed)
        ids = torch.randint(5, min(900, config.text.vocabulary), (sequences, length), generator=generator)
        segments, mask, shapes = torch.zeros_like(ids), torch.ones_like(ids), torch.zeros_like(ids)
        for row in range(sequences):
            query_end, end = 6 + row, length - 2 * row
            segments[row, query_end:end] = 1
            mask[row, end:] = 0
            ids[row, end:] = 0
            shapes[row, query_end : end - 1] = torch.randint(0, config.text.shapes, (end - 1 - query_end,), generator=generator)
        if config.oneWay is not None:
            share(ids, segments, shapes, mask)
        pixels = torch.randn(1, 3, config.image.size, config.image.size, generator=generator)
        return {"ids": ids, "segments": segments, "shapes": shapes, "mask": mask, "pixels": pixels}

    def outputs(self, model, inputs, record) -> Tensors:
        text = [inputs[name] for name in ("ids", "segments", "shapes", "mask")]
        with record():
            o = model(*text, model.encode_image(inputs["pixels"]), torch.zeros(len(text[0]), dtype=torch.long))
        alone = model(*text)
        return name_vectors(model) | {"output.start": o.start, "output.end": o.end, "output.existence": o.existence, "output.candidates": o.candidates,
                "output.none": o.none, "relevance": o.relevance,
                "text_only.start": alone.start, "text_only.end": alone.end, "text_only.existence": alone.existence}

    def graphs(self, model):
        config = model.config
        pixels = torch.randn(1, 3, config.image.size, config.image.size)
        with torch.no_grad():
            photo = model.encode_image(pixels)
        ids = torch.randint(5, config.text.vocabulary, (4, min(48, config.maxPieces)))
        segments = torch.ones_like(ids)
        segments[:, :12] = 0
        text = {"ids": ids, "segments": segments, "shapes": torch.ones_like(ids), "mask": torch.ones_like(ids)}
        scales = range(len(photo.maps))
        seen = {f"u{k}": photo.maps[k] for k in scales} | {f"objects{k}": photo.objects[k] for k in scales}
        axes = {name: {0: "rows", 1: "length"} for name in [*text, "start", "end"]} | {"existence": {0: "rows"}}
        more = ["candidates", "none", "relevance"]
        return [
            Graph("image", Image(model), {"pixels": pixels}, list(seen), {}),
            Graph("text", Text(model), text, ["start", "end", "existence"], axes),
            Graph("photo", Photo(model), text | seen, ["start", "end", "existence", *more], axes | {name: {0: "rows"} for name in more}),
        ]


def share(ids, segments, shapes, mask) -> None:
    """Makes rows two questions put to two sentences: what is shared must be found to be the same."""
    ids[:, 0] = 2
    sentences = [[t[told, 6 + told : 20 - 2 * told].clone() for t in (ids, shapes)] for told in (0, 1)]
    for row in range(len(ids)):
        begin, sentence = 6 + row % 2, sentences[row // 2 % 2]
        end = begin + len(sentence[0])
        ids[row, 1:begin] = ids[row % 2, 1:begin]
        for t in (ids, segments, shapes, mask):
            t[row, begin:] = 0
        ids[row, begin:end], shapes[row, begin:end] = sentence
        segments[row, begin:end], mask[row, :end] = 1, 1


def name_vectors(model: MnerQg) -> Tensors:
    """What the heads beside the network say of random numbers: they run outside of the forward pass."""
    config = model.config
    if not config.nameHeads:
        return {}
    generator = torch.Generator().manual_seed(5)
    random = lambda *shape: torch.randn(*shape, generator=generator)
    chance = lambda *shape: torch.rand(*shape, generator=generator)
    names, places, d = 2, 3, config.width
    given = {"rows": random(names, 12, config.text.width), "first": torch.tensor([6, 7]), "last": torch.tensor([6, 9]), "query": random(names, d),
             "cells": random(names, places, d), "geometry": random(names, places, 8), "classes": chance(names, places, 80), "ranks": chance(names, places, 6),
             "facts": random(names, 16), "scene": chance(names, 80), "summary": random(1, summary_width(config)), "text": random(1, config.text.width)}
    at = torch.arange(12)[None].expand(names, -1)
    mention = model.entity_grounding.mentions(given["rows"], (at >= 5) & (at < 11), given["first"], given["last"])
    shift, none = model.entity_grounding(mention, *(given[k] for k in ("query", "cells", "geometry", "classes", "ranks", "facts", "scene")))
    said = {"mention": mention, "shift": shift, "none": none, "relatedness": model.relatedness(given["summary"], given["text"]).sigmoid(),
            "kinds": model.image_kind(given["summary"]).softmax(-1)}
    return {f"names.input.{k}": v for k, v in given.items()} | {f"names.{k}": v for k, v in said.items()}


class Image(nn.Module):
    """Pixels to what all queries of a photo share."""

    def __init__(self, model: MnerQg):
        super().__init__()
        self.model = model

    def forward(self, pixels):
        photo = self.model.encode_image(pixels)
        return *photo.maps, *photo.objects


class Text(nn.Module):
    def __init__(self, model: MnerQg):
        super().__init__()
        self.model = model

    def forward(self, ids, segments, shapes, mask):
        out = self.model(ids, segments, shapes, mask)
        return out.start, out.end, out.existence


class Photo(nn.Module):
    """Every sequence has the one photo: nothing to look for or to scatter."""

    def __init__(self, model: MnerQg):
        super().__init__()
        self.model = model

    def forward(self, ids, segments, shapes, mask, *seen):
        model, half = self.model, len(seen) // 2
        photos = PhotoFeatures(list(seen[:half]), list(seen[half:]))
        text = model.read(ids, segments, shapes, mask)
        hidden, *found = model.look(text.hidden, text.mask, model.ask(text), photos, torch.zeros_like(ids[:, 0]))
        start, end, existence = model.answer(hidden)
        return text.spread(start, ids.shape[1]), text.spread(end, ids.shape[1]), existence, *found


SYSTEM = MnerQgSystem()
