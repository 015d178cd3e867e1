"""Dev figures of a multimodal system in columns: no photo, visual words of the tweet's own photo, a wrong photo."""
from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch

from ...data.text import TextReader
from ...scoring import SETS, dev_examples, ner_scores
from ..bert_crf.evaluate import keep, report_on, summary as tagger_summary
from .photo import Photo, batch, nothing
from .text import read_all, text_batch

COLUMNS = ("no photo", "visual words", "wrong photo")


@torch.no_grad()
def predict(system, model, examples, hidden, reader: TextReader, photos: list[Photo | None] | None, batch_size: int = 64):
    """`photos`: of each example, or None for none at all."""
    model.eval()
    found: list[list] = [[] for _ in examples]
    order = sorted((i for i, e in enumerate(examples) if e.first.any()), key=lambda i: len(examples[i].ids))
    for at in range(0, len(order), batch_size):
        part = order[at : at + batch_size]
        text = text_batch([examples[i] for i in part], [hidden[i] for i in part], reader)
        photo = None
        if photos is not None:
            photo = batch([photos[i] or nothing(1, model.config) for i in part])
        for i, spans in zip(part, system.names(model, text, photo)):
            found[i] = spans
    return found


def evaluate_columns(system, model, shelf, seed: int = 0) -> dict:
    """The report on dev without a photo, and strict F1 in every column."""
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    dev = shelf.dev()
    found = {column: {} for column in COLUMNS}
    for name, tweets in dev.items():
        photos = {"no photo": None, "visual words": [shelf.from_words(w, noise) for w in tweets.words],
                  "wrong photo": [shelf.wrong(rng).photo for _ in tweets.examples]}
        for column in COLUMNS:
            found[column][name] = predict(system, model, tweets.examples, tweets.hidden, shelf.reader, photos[column])
    report = report_on({name: t.examples for name, t in dev.items()}, found["no photo"])
    report["columns"] = {column: {name: ner_scores(dev[name].examples, keep(spans, report["settings"]))["strict"]["f1"]
                                  for name, spans in by_set.items()} for column, by_set in found.items()}
    places = system.places(model, shelf, rng)
    return report | ({"places": places} if places else {})


def evaluate_text(system, model, data: Path, reader: TextReader, settings: dict | None) -> dict:
    """Dev without photos, from a run or a folder alone."""
    dev = dev_examples(data, reader)
    found = {name: predict(system, model, examples, read_all(model.text_encoder, examples, reader), reader, None) for name, examples in dev.items()}
    return report_on(dev, found, settings)


def summary(report: dict) -> str:
    columns = [f"{column} {' '.join(f'{by_set[n]:.2f}' for n in SETS)}" for column, by_set in report.get("columns", {}).items()]
    places = [f"{label} in the photo {100 * p['right']:.1f} % of {p['n']}" for label, p in report.get("places", {}).items()]
    return " | ".join([tagger_summary(report), *columns, *places])
