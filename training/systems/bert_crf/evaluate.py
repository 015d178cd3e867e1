"""Dev figures of a tagger: names strict and lenient, and how far a name's score can be believed."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ... import metrics
from ...data.examples import LABELS, Example
from ...data.spans import Span, sigmoid
from ...data.text import TextReader
from ...scoring import SETS, dev_examples, fit_calibration, ner_scores, reliability, span_outcomes
from .decode import decode
from .inputs import collate


@torch.no_grad()
def predict(model, examples: list[Example], reader: TextReader, batch_size: int = 64) -> list[list[Span]]:
    model.eval()
    device = next(model.parameters()).device
    found: list[list[Span]] = [[] for _ in examples]
    order = sorted((i for i, e in enumerate(examples) if e.first.any()), key=lambda i: len(examples[i].ids))
    for at in range(0, len(order), batch_size):
        part = order[at : at + batch_size]
        batch = collate([examples[i] for i in part], reader).to(device)
        emissions = model(batch.ids, batch.segments, batch.shapes, batch.mask)
        for i, spans in zip(part, decode(model.crf, [examples[i] for i in part], emissions, batch.first)):
            found[i] = spans
    return found


def tune(examples: list[Example], found: list[list[Span]]) -> dict:
    """The least score and the calibration that are best on these; the calibration's error is measured on halves."""
    a, b = fit_calibration(*span_outcomes(examples, found))
    best = (-1.0, 0.0)
    for least in np.arange(0, 0.7, 0.05):
        f1 = ner_scores(examples, keep(found, {"a": a, "b": b, "least": least}))["strict"]["f1"]
        if f1 > best[0]:
            best = (f1, float(least))
    settings, errors = {"least": best[1], "a": a, "b": b}, []
    for fit_on, test_on in ((0, 1), (1, 0)):
        half = fit_calibration(*span_outcomes(examples[fit_on::2], found[fit_on::2]))
        kept = keep(found[test_on::2], {"a": half[0], "b": half[1], "least": best[1]})
        raw, right = span_outcomes(examples[test_on::2], kept)
        errors.append(metrics.expected_calibration_error(list(sigmoid(half[0] * raw + half[1])), list(map(bool, right))))
    return settings | {"calibrationError": float(np.mean(errors))}


def keep(found: list[list[Span]], settings: dict) -> list[list[Span]]:
    rescored = [[Span(s.start, s.end, s.label, s.raw, float(sigmoid(settings["a"] * s.raw + settings["b"]))) for s in spans] for spans in found]
    return [[s for s in spans if s.score >= settings["least"]] for spans in rescored]


def report_on(dev: dict[str, list[Example]], found: dict[str, list[list[Span]]], settings: dict | None = None) -> dict:
    everything, all_found = [e for v in dev.values() for e in v], [s for v in found.values() for s in v]
    settings = settings or tune(everything, all_found)
    report = {"settings": settings}
    for name, examples in dev.items():
        kept = keep(found[name], settings)
        named = [[LABELS[i] for i in sorted({s.label for s in spans})] for spans in kept]
        gold = [sorted({LABELS[label] for *_, label in e.spans}) for e in examples]
        report[name] = {**ner_scores(examples, kept), "existence": metrics.score_existence(gold, named)}
    raw, right = span_outcomes(everything, keep(all_found, settings))
    report["reliability"] = reliability(sigmoid(settings["a"] * raw + settings["b"]), right)
    return report


def evaluate_all(model, data: Path, reader: TextReader, dev=None, settings: dict | None = None) -> dict:
    dev = dev or dev_examples(data, reader)
    return report_on(dev, {name: predict(model, examples, reader) for name, examples in dev.items()}, settings)


def summary(report: dict) -> str:
    parts = [f"{n[-2:]} strict {report[n]['strict']['f1']:.2f} lenient {report[n]['lenient']['f1']:.2f}" for n in SETS]
    return " | ".join([*parts, f"ece {report['settings']['calibrationError']:.3f}"])
