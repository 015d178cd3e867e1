"""From logits to entities and boxes, for evaluation. `src/text` and `src/vision` do the same in the browser."""
from __future__ import annotations

import numpy as np

from ...data.examples import Example
from ...data.photos import Letterbox, iou, suppress
from ...data.spans import Span, sigmoid, without_overlap


def decode_query(example: Example, start, end, existence: float, label: int, threshold: float = 0.5, most_words: int = 12,
                 calibration: tuple[float, float] = (1.0, 0.0)) -> list[Span]:
    """`start`, `end`: one logit a piece. Each likely start takes the nearest likely end at or after it."""
    cut = np.log(threshold / (1 - threshold))
    starts = np.nonzero(example.first & (start >= cut))[0]
    ends = np.nonzero(example.last & (end >= cut))[0]
    spans = []
    for s in starts:
        after = ends[ends >= s]
        if len(after) and example.words[after[0]] - example.words[s] < most_words:
            raw = float(start[s] + end[after[0]] + existence) / 3
            spans.append(Span(int(s), int(after[0]), label, raw, float(sigmoid(calibration[0] * raw + calibration[1]))))
    # Two starts can take the same end: the better one stays.
    return without_overlap(spans)


def decode_boxes(candidates: np.ndarray, boxes: np.ndarray, none: float, place: Letterbox):
    """`candidates` (N, 5), their `boxes` (N, 4) in input pixels → (best box in photo pixels, its score, P(none), alternatives)."""
    confidence = candidates[:, 4].astype(np.float64)
    top = max(confidence.max(), none)
    weight = np.exp(confidence - top)
    nothing = np.exp(none - top)
    total = weight.sum() + nothing
    order = np.argsort(-confidence)[:200]
    kept = suppress(boxes[order], confidence[order], 0.5, 4)
    # A place has the probability of all candidates that outline it; each counts for the first kept place it shares half with.
    shared = iou(boxes[order[kept]], boxes) >= 0.5
    owner = np.where(shared.any(0), shared.argmax(0), -1)
    mass = [float(weight[owner == i].sum() / total) for i in range(len(kept))]
    found = sorted(((place.back(boxes[order[k]])[0], m) for k, m in zip(kept, mass)), key=lambda f: -f[1])
    return found[0][0], found[0][1], float(nothing / total), found[1:]
