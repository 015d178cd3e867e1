"""Scores a checkpoint on dev: NER strict and lenient, existence, calibration, and grounding on held-out photos.

    python -m training.evaluate --run runs/mini --data ../shared/data
"""
from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from . import metrics
from .batches import Row, collate, tweet_rows
from .config import Config
from .data import Photos, Tweet, read_conll
from .decoding import Span, decode_boxes, decode_query, sigmoid, without_overlap
from .detokenise import span_to_tokens
from .examples import LABELS, Example, make_example
from .grounding import UNSEEN, split
from .network.model import MnerQg
from .photos import COCO_CLASSES, candidate_boxes, iou, letterbox
from .text import TextReader


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


def to_token_spans(example: Example, spans: list[Span]) -> list[tuple[int, int, str]]:
    """Back to the corpus's own tokens, as `mner-qg evaluate` does it."""
    found = []
    for span in spans:
        tokens = span_to_tokens(example.tweet.tokens, example.tweet.offsets, example.offsets[span.start][0], example.offsets[span.end][1])
        if tokens:
            found.append((tokens[0], tokens[1] + 1, LABELS[span.label]))
    return found


def ner_scores(examples: list[Example], found: list[list[Span]]) -> dict:
    predicted = [to_token_spans(e, s) for e, s in zip(examples, found)]
    return {mode: metrics.score_spans([metrics.spans_from_tags(e.tweet.tags, mode) for e in examples], predicted, LABELS)
            for mode in ("strict", "lenient")}


def existence_scores(examples, logits) -> dict:
    gold = [sorted({LABELS[l] for *_, l in e.spans}) for e in examples]
    predicted = [[LABELS[label] for label, (_, _, e) in answers.items() if e > 0] for answers in logits]
    return metrics.score_existence(gold, predicted)


def fit_calibration(raw: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Platt scaling by Newton's method with halved steps, and the usual smoothed targets."""
    positives = right.sum()
    target = np.where(right, (positives + 1) / (positives + 2), 1 / (len(right) - positives + 2))
    loss = lambda v: float(np.logaddexp(0, v[0] * raw + v[1]).sum() - (target * (v[0] * raw + v[1])).sum()) + 1e-3 * float(v @ v)
    v = np.array([1.0, 0.0])
    for _ in range(50):
        p = sigmoid(v[0] * raw + v[1])
        w = p * (1 - p)
        gradient = np.array([((p - target) * raw).sum(), (p - target).sum()]) + 2e-3 * v
        hessian = np.array([[(w * raw * raw).sum(), (w * raw).sum()], [(w * raw).sum(), w.sum()]]) + 2e-3 * np.eye(2)
        step, size = np.linalg.solve(hessian, gradient), 1.0
        while size > 1e-4 and loss(v - size * step) > loss(v):
            size /= 2  # far from the optimum a whole step can overshoot
        v = v - size * step
    return float(v[0]), float(v[1])


def span_outcomes(examples, found) -> tuple[np.ndarray, np.ndarray]:
    """Raw logit of every predicted span, and whether it is in the gold."""
    raw, right = [], []
    for e, spans in zip(examples, found):
        gold = {(a, b, LABELS[l]) for a, b, l in e.spans}
        for s in spans:
            raw.append(s.raw)
            right.append((s.start, s.end, LABELS[s.label]) in gold)
    return np.array(raw), np.array(right, dtype=bool)


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


def dev_examples(data: Path, reader: TextReader) -> dict[str, list[Example]]:
    return {name: [make_example(t, reader) for t in read_conll(data / name / "valid.txt")] for name in ("twitter2015", "twitter2017")}


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


def load_run(folder: Path) -> tuple[MnerQg, TextReader]:
    if (folder / "manifest.json").exists():
        from .model_folder import load_model_folder

        return load_model_folder(folder), TextReader(folder / "vocab.txt")
    config = Config.load(folder / "config.json")
    model = MnerQg(config)
    from safetensors.torch import load_file

    model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
    return model.eval(), TextReader(folder / "vocab.txt")


def plot(report: dict, path: Path) -> None:
    """F1 per type, and how far a span's score can be believed."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    for shift, (name, colour) in enumerate((("twitter2015", "#4477aa"), ("twitter2017", "#cc6677"))):
        values = [report[name]["strict"]["perType"][label]["f1"] for label in LABELS]
        bars = left.bar([i + 0.4 * shift for i in range(4)], values, 0.38, color=colour, label=name)
        left.bar_label(bars, [f"{v:.0f}" for v in values], fontsize=8)
    left.set_xticks([i + 0.2 for i in range(4)], LABELS)
    left.set(ylim=(0, 100), ylabel="strict F1 on dev", title="Per type")
    left.legend(loc="lower left")
    bins = report["reliability"]
    right.plot([0, 1], [0, 1], ":", color="grey")
    right.plot([b["score"] for b in bins], [b["right"] for b in bins], "o-", color="#117733")
    for b in bins:
        right.annotate(str(b["n"]), (b["score"], b["right"]), textcoords="offset points", xytext=(4, -10), fontsize=7)
    right.set(xlim=(0, 1), ylim=(0, 1), xlabel="score of a span", ylabel="share that is right", title="Calibration (number of spans)")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def reliability(scores: np.ndarray, right: np.ndarray, bins: int = 10) -> list[dict]:
    place = np.minimum((scores * bins).astype(int), bins - 1)
    return [{"score": float(scores[place == b].mean()), "right": float(right[place == b].mean()), "n": int((place == b).sum())}
            for b in range(bins) if (place == b).any()]


def summary(report: dict) -> str:
    parts = [f"{n[-2:]} strict {report[n]['strict']['f1']:.2f} lenient {report[n]['lenient']['f1']:.2f}" for n in ("twitter2015", "twitter2017")]
    parts.append(f"existence {report['existence']['f1']:.2f} ece {report['settings']['calibrationError']:.3f}")
    if "grounding" in report:
        g = report["grounding"]
        parts.append(f"person {g['person']['accAt50']} labels {g['labels']['accAt50']} unseen {g['unseen']['accAt50']} none auc {g['none']['auc']}")
    return " | ".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, help="folder with model.safetensors, config.json, vocab.txt; or a converted model folder")
    parser.add_argument("--data", required=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", help="write a picture of F1 per type and of the calibration")
    parser.add_argument("--settings", help="report.json to take thresholds and calibration from, instead of tuning them anew")
    args = parser.parse_args()
    torch.manual_seed(0)
    model, reader = load_run(Path(args.run))
    settings = json.loads(Path(args.settings).read_text())["settings"] if args.settings else None
    report = evaluate_all(model, Path(args.data), reader, settings=settings)
    if args.plot:
        plot(report, Path(args.plot))
    print(json.dumps(report, indent=2) if args.json else summary(report))


if __name__ == "__main__":
    main()
