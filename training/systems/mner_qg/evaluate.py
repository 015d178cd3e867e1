"""Dev figures of MNER-QG: names strict and lenient, existence, calibration, and grounding on held-out photos."""
from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from ... import metrics
from ...data.examples import LABELS, Example
from ...data.photos import COCO_CLASSES, iou, letterbox
from ...data.readers import Photos
from ...data.spans import Span, sigmoid, without_overlap
from ...data.text import TextReader
from ...data.views import UNSEEN, split
from ...scoring import SETS, dev_examples, fit_calibration, ner_scores, reliability, span_outcomes
from .decode import decode_boxes, decode_query
from .grounding import candidate_boxes
from .inputs import Row, collate, tweet_rows
from .model import MnerQg


@torch.no_grad()
def predict_logits(model: MnerQg, examples: list[Example], reader: TextReader, batch_size: int = 64):
    """Per example and query: (start logits, end logits, existence logit)."""
    model.eval()
    rows = [(i, row) for i, e in enumerate(examples) for row in tweet_rows(e, model.config.queries, None)]
    rows.sort(key=lambda r: len(r[1].example.ids))
    out: list[dict[int, tuple]] = [{} for _ in examples]
    for at in range(0, len(rows), batch_size):
        part = rows[at : at + batch_size]
        batch = collate([row for _, row in part], reader)
        o = model(batch.ids, batch.segments, batch.shapes, batch.mask)
        start, end, existence = o.start.float().numpy(), o.end.float().numpy(), o.existence.float().numpy()
        for j, (i, row) in enumerate(part):
            begin, size = batch.offset[j], len(row.example.ids)
            out[i][row.label] = (start[j, begin : begin + size], end[j, begin : begin + size], float(existence[j]))
    return out


def decode_all(examples, logits, threshold=0.5, least=0.0, calibration=(1.0, 0.0), most_words=12) -> list[list[Span]]:
    found = []
    for example, answers in zip(examples, logits):
        spans = []
        for label, (start, end, existence) in answers.items():
            spans += [s for s in decode_query(example, start, end, existence, label, threshold, most_words, calibration) if s.score >= least]
        found.append(without_overlap(spans))
    return found


def existence_scores(examples, logits) -> dict:
    gold = [sorted({LABELS[l] for *_, l in e.spans}) for e in examples]
    predicted = [[LABELS[label] for label, (_, _, e) in answers.items() if e > 0] for answers in logits]
    return metrics.score_existence(gold, predicted)


def tune(examples, logits) -> dict:
    """Span threshold, least score and calibration that are best on these examples. Calibration is fitted on one half of the
    tweets and its error measured on the other, then fitted on all."""
    best = (-1.0, None)
    for threshold in (0.25, 0.35, 0.5):
        found = decode_all(examples, logits, threshold)
        a, b = fit_calibration(*span_outcomes(examples, found))
        for least in np.arange(0, 0.7, 0.05):
            scores = ner_scores(examples, decode_all(examples, logits, threshold, least, (a, b)))
            if scores["strict"]["f1"] > best[0]:
                best = (scores["strict"]["f1"], {"threshold": threshold, "least": float(least), "a": a, "b": b})
    chosen = best[1]
    odd = [i for i in range(len(examples)) if i % 2]
    even = [i for i in range(len(examples)) if i % 2 == 0]
    take = lambda part: ([examples[i] for i in part], [logits[i] for i in part])
    errors = []
    for fit_on, test_on in ((odd, even), (even, odd)):
        e, l = take(fit_on)
        a, b = fit_calibration(*span_outcomes(e, decode_all(e, l, chosen["threshold"])))
        e, l = take(test_on)
        raw, right = span_outcomes(e, decode_all(e, l, chosen["threshold"], chosen["least"], (a, b)))
        errors.append(metrics.expected_calibration_error(list(sigmoid(a * raw + b)), list(map(bool, right))))
    chosen["calibrationError"] = float(np.mean(errors))
    return chosen


@torch.no_grad()
def grounding_scores(model: MnerQg, folder: Path, reader: TextReader, seed: int = 0) -> dict:
    """Held-out photos: the PER query, every class present by its name, and as many absent ones."""
    model.eval()
    photos, rng = Photos(folder), np.random.default_rng(seed)
    _, held = split(json.loads((folder / "coco.json").read_text()))
    person, known, unseen, present, absent = [], [], [], [], []
    for photo in held:
        rgb = photos.open(photo["file"])
        if rgb is None:
            continue
        pixels, place = letterbox(rgb, model.config.image)
        seen = model.encode_image(torch.from_numpy(pixels)[None])
        gold = defaultdict(list)
        for b in photo["boxes"]:
            gold[b["label"]].append(b["box"])
        labels = sorted(gold)
        missing = [c for c in COCO_CLASSES if c not in gold]
        missing = [missing[i] for i in rng.choice(len(missing), len(labels), replace=False)]
        asked = [*labels, *missing, model.config.queries[0][1]]
        batch = collate([Row(q, None, photo=0) for q in asked], reader)
        o = model(batch.ids, batch.segments, batch.shapes, batch.mask, seen, batch.photo)
        boxes = candidate_boxes(o.candidates, model.config).numpy()
        for i, q in enumerate(asked):
            box, _, none, _ = decode_boxes(o.candidates[i].numpy(), boxes[i], float(o.none[i]), place)
            if i < len(labels):
                overlap = iou(box, gold[q]).max()
                (unseen if q in UNSEEN else known).append(overlap)
                present.append(1 - none)
            elif i < 2 * len(labels):
                absent.append(1 - none)
            elif "person" in gold:
                person.append(iou(box, gold["person"]).max())
    rate = lambda v: {"n": len(v), "accAt50": round(100 * float(np.mean(np.array(v) >= 0.5)), 2), "accAt75": round(100 * float(np.mean(np.array(v) >= 0.75)), 2),
                      "meanIou": round(100 * float(np.mean(v)), 2)} if v else {"n": 0}
    auc = metrics.area_under_roc(present + absent, [True] * len(present) + [False] * len(absent))
    wrong_none = [p < 0.5 for p in present], [p < 0.5 for p in absent]
    logit = lambda p: np.log(np.clip(p, 1e-6, 1 - 1e-6) / np.clip(1 - np.array(p), 1e-6, 1))
    a, b = fit_calibration(-logit(np.array(present + absent)), np.array([False] * len(present) + [True] * len(absent)))
    return {"person": rate(person), "labels": rate(known + unseen), "seen": rate(known), "unseen": rate(unseen),
            "none": {"auc": round(auc, 4), "calibration": {"a": a, "b": b}, "recall": round(100 * float(np.mean(wrong_none[1])), 2),
                     "falseAlarm": round(100 * float(np.mean(wrong_none[0])), 2)}}


def evaluate_all(model: MnerQg, data: Path, reader: TextReader, dev=None, settings: dict | None = None, photos: bool = True) -> dict:
    dev = dev or dev_examples(data, reader)
    logits = {name: predict_logits(model, examples, reader) for name, examples in dev.items()}
    everything = [e for examples in dev.values() for e in examples]
    settings = settings or tune(everything, [l for ls in logits.values() for l in ls])
    report = {"settings": settings}
    for name, examples in dev.items():
        found = decode_all(examples, logits[name], settings["threshold"], settings["least"], (settings["a"], settings["b"]))
        report[name] = {**ner_scores(examples, found), "existence": existence_scores(examples, logits[name])}
    report["existence"] = existence_scores(everything, [l for ls in logits.values() for l in ls])
    kept = [spans for name, examples in dev.items() for spans in
            decode_all(examples, logits[name], settings["threshold"], settings["least"], (settings["a"], settings["b"]))]
    raw, right = span_outcomes(everything, kept)
    report["reliability"] = reliability(sigmoid(settings["a"] * raw + settings["b"]), right)
    if photos and (data / "photos" / "coco.json").exists():
        report["grounding"] = grounding_scores(model, data / "photos", reader)
    return report


def summary(report: dict) -> str:
    parts = [f"{n[-2:]} strict {report[n]['strict']['f1']:.2f} lenient {report[n]['lenient']['f1']:.2f}" for n in SETS]
    parts.append(f"existence {report['existence']['f1']:.2f} ece {report['settings']['calibrationError']:.3f}")
    if "grounding" in report:
        g = report["grounding"]
        parts.append(f"person {g['person']['accAt50']} labels {g['labels']['accAt50']} unseen {g['unseen']['accAt50']} none auc {g['none']['auc']}")
    return " | ".join(parts)


