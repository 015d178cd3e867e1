"""What every system is judged by on dev: names against gold tokens, scores that can be believed, a picture of both."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from . import metrics
from .data.detokenise import span_to_tokens
from .data.examples import LABELS, Example, make_example
from .data.readers import read_conll
from .data.spans import Span, sigmoid
from .data.text import TextReader

SETS = ("twitter2015", "twitter2017")


def dev_examples(data: Path, reader: TextReader) -> dict[str, list[Example]]:
    return {name: [make_example(t, reader) for t in read_conll(data / name / "valid.txt")] for name in SETS}


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


def plot_curves(out: Path) -> None:
    """Curves of the losses and of dev, as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    steps = [r for r in rows if "dev" not in r]
    dev = [r["dev"] for r in rows if "dev" in r]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    for key in sorted({k for r in steps for k in r} - {"epoch", "step", "seconds"}):
        points = [(r["step"], r[key]) for r in steps if key in r]
        if points:
            left.plot(*zip(*points), label=key)
    left.set(xlabel="step", ylabel="weighted loss", yscale="log", title="Training")
    left.legend()
    for name, colour in zip(SETS, ("#1f77b4", "#d62728")):
        for mode, style in (("strict", "-"), ("lenient", ":")):
            right.plot([d["step"] for d in dev], [d[name][mode]["f1"] for d in dev], style, color=colour, marker=".", label=f"{name} {mode}")
    right.set(xlabel="step", ylabel="F1", title="Dev")
    right.legend()
    figure.tight_layout()
    figure.savefig(out / "curves.png", dpi=110)
