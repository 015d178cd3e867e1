"""How heads are trained: on sentences that the frozen encoder has read, beside a photo, words in its place, a wrong photo, or none."""
from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
import torch

from ...data.examples import LABELS, token_batches
from ...loop import Recipe, save_weights
from .evaluate import evaluate_columns, summary
from .photo import Photo, batch, nothing
from .shelf import Shelf
from .text import text_batch

NONE, WRONG, ALIKE = 0.3, 0.2, 0.25  # shares of the sentences; the rest sees words
_SHELVES: dict[tuple, Shelf] = {}


def shelf_of(args) -> Shelf:
    """Made once a process: all systems and seeds learn from the same."""
    key = (args.shelf, args.tagger, args.trunk)
    if key not in _SHELVES:
        _SHELVES[key] = Shelf(Path(args.shelf), Path(args.data), Path(args.tagger), Path(args.trunk), Path(args.encoder))
    return _SHELVES[key]


class HeadTraining(Recipe):
    def __init__(self, system, args):
        self.system, self.args, self.out = system, args, Path(args.out)
        self.rng, self.noise = random.Random(args.seed), np.random.default_rng(args.seed)
        self.shelf = shelf_of(args)
        self.config = self.system.presets[args.config]()
        self.config.text, self.config.image = self.shelf.tagger.config.text, self.shelf.image
        self.model = system.build(self.config)
        self.model.eyes.load_state_dict(self.shelf.eyes.state_dict())
        self.model.text_encoder.load_state_dict(self.shelf.tagger.text_encoder.state_dict())
        self.model.image_encoder.load_state_dict(self.shelf.image_encoder.state_dict())
        if hasattr(self.model, "tagger"):
            self.model.tagger.load_state_dict(self.shelf.tagger.tagger.state_dict())
            self.model.crf.load_state_dict(self.shelf.tagger.crf.state_dict())
        self.model.requires_grad_(False)
        self.system.start(self.model, self.shelf)
        self.learns = self.model.head.requires_grad_(True)
        train = [self.shelf.sets[key] for key in self.shelf.sets if key.endswith("/train")]
        self.rows = [row for tweets in train for row in zip(tweets.examples, tweets.hidden, tweets.words)]
        (self.out / "config.json").write_text(self.config.to_json())
        (self.out / "vocab.txt").write_text("\n".join(self.shelf.reader.vocabulary) + "\n", encoding="utf-8")

    def groups(self):
        decayed = [p for p in self.learns.parameters() if p.dim() > 1]
        return [{"params": decayed, "lr": self.args.rate, "weight_decay": 0.02},
                {"params": [p for p in self.learns.parameters() if p.dim() <= 1], "lr": self.args.rate, "weight_decay": 0.0}]

    def epoch(self):
        groups = token_batches([len(e.ids) + 2 for e, *_ in self.rows], self.args.tokens, self.rng)
        return groups if not self.args.steps else groups[: self.args.steps]

    def photo_for(self, example, words: list[str]) -> tuple[Photo | None, dict]:
        """What a sentence sees, and which of its regions are right for its names, where that is known."""
        roll, look = self.rng.random(), None
        if roll < NONE:
            return None, {}
        if roll < NONE + WRONG:
            look = self.shelf.wrong(self.rng)
        elif roll < NONE + WRONG + ALIKE:
            look = self.shelf.look_alike(words, self.rng)
        else:
            return self.shelf.from_words(words, self.noise), {}
        if look is None:
            return None, {}
        places = {(a, b): look.regions_of(LABELS[label]) for a, b, label in example.spans}
        return look.photo, {span: right for span, right in places.items() if right is not None}

    def loss(self, group):
        rows = [self.rows[i] for i in group]
        text = text_batch([e for e, *_ in rows], [h for _, h, _ in rows], self.shelf.reader)
        text.hidden = torch.nn.functional.dropout(text.hidden, 0.1)
        seen = [self.photo_for(example, words) for example, _, words in rows]
        text.regions = [places for _, places in seen]
        photo = batch([one or nothing(1, self.config) for one, _ in seen])
        with self.precision():
            return self.system.loss(self.model, text, photo, self.rng)

    def look(self, average, final):
        if not final:
            return None
        self.model.head.load_state_dict(average.state_dict())
        report = evaluate_columns(self.system, self.model, self.shelf)
        print(f"{self.system.name} seed {self.args.seed}: {summary(report)}", flush=True)
        save_weights(self.model, self.out / "model.safetensors")
        (self.out / "report.json").write_text(json.dumps(report, indent=2))
        return report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tagger", help="run or folder of bert-crf, whose encoder all heads share")
    parser.add_argument("--trunk", help="run or folder of mner-qg, whose image encoder is used")
    parser.add_argument("--shelf", help="folder for what all heads are trained on", default="runs/shelf")
    parser.add_argument("--steps", type=int, default=0, help="of an epoch at most; 0: all")
    parser.set_defaults(tokens=1536, rate=1e-3, epochs=3)
