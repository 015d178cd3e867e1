"""BERT+CRF: the tagger that the multimodal ones are built on. It reads the text alone."""
from __future__ import annotations

import torch

from ..system import Graph, System
from .config import PRESETS, Config
from .decode import names_of
from .model import BertCrf, at_words


class BertCrfSystem(System):
    name = "bert-crf"
    presets = PRESETS

    def read_config(self, plain):
        return Config.from_dict(plain)

    def build(self, config, dropout=0.1):
        return BertCrf(config, dropout)

    def add_arguments(self, parser):
        from .train import add_arguments

        add_arguments(parser)

    def recipe(self, args):
        from .train import Training

        return Training(args)

    def evaluate(self, model, data, reader, settings=None):
        from .evaluate import evaluate_all

        return evaluate_all(model, data, reader, settings=settings)

    def summary(self, report):
        from .evaluate import summary

        return summary(report)

    def describe(self, report, config):
        s = report["settings"]
        metrics = {"expectedCalibrationError": s["calibrationError"]}
        for name in ("twitter2015", "twitter2017"):
            metrics[name] = {mode: report[name][mode]["f1"] for mode in ("strict", "lenient")}
        return {"calibration": {"spanThreshold": s["least"], "span": {"a": s["a"], "b": s["b"]}, "none": {"a": 1.0, "b": 0.0}}, "metrics": metrics}

    def boundaries(self, model):
        return {"text_encoder": model.text_encoder}

    def example(self, config, seed, sequences: int = 4, length: int = 24):
        """Sentences that get shorter by two; every third piece or so goes on with a word."""
        generator = torch.Generator().manual_seed(seed)
        ids = torch.randint(5, min(900, config.text.vocabulary), (sequences, length), generator=generator)
        shapes = torch.randint(0, config.text.shapes, ids.shape, generator=generator)
        first = torch.rand(ids.shape, generator=generator) > 0.3
        mask = torch.arange(length)[None] < torch.tensor([length - 2 * row for row in range(sequences)])[:, None]
        place = torch.arange(length)[None]
        inside = (place > 0) & (place < mask.sum(1, keepdim=True) - 1)  # behind [CLS], before [SEP]
        segments = (mask & (place > 0)).long()
        first = inside & (first | (place == 1))
        return {"ids": ids * mask, "segments": segments, "shapes": shapes * inside, "mask": mask.long(), "first": first.long()}

    def outputs(self, model, inputs, record):
        """Beside the emissions what decoding makes of them: the best tags by piece (−1 behind a word's first), the names as
        (row, first word, last word, label), and the chance of each name."""
        with record():
            emissions = model(inputs["ids"], inputs["segments"], inputs["shapes"], inputs["mask"])
        first = inputs["first"].bool()
        words, mask = at_words(emissions, first)
        paths = model.crf.best(words, mask)
        tags = torch.full(first.shape, -1)
        for row, path in enumerate(paths):
            tags[row, first[row]] = torch.tensor(path)
        names = [names_of(path) for path in paths]
        chances = model.crf.span_posterior(words, mask, names)
        return {"output.emissions": emissions, "decode.tags": tags, "decode.partition": model.crf.log_partition(words, mask),
                "decode.names": torch.tensor([(row, *name) for row, found in enumerate(names) for name in found]).reshape(-1, 4),
                "decode.chances": torch.tensor([chance for found in chances for chance in found])}

    def graphs(self, model):
        ids = torch.randint(5, model.config.text.vocabulary, (4, min(48, model.config.maxPieces)))
        inputs = {"ids": ids, "segments": torch.ones_like(ids), "shapes": torch.ones_like(ids), "mask": torch.ones_like(ids)}
        return [Graph("text", Tuple(model), inputs, ["emissions"], {name: {0: "rows", 1: "length"} for name in [*inputs, "emissions"]})]


class Tuple(torch.nn.Module):
    """One output as a tuple of one: what the bench compares by."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, *inputs):
        return (self.model(*inputs),)


SYSTEM = BertCrfSystem()
