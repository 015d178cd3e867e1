"""From logits to entities and boxes, for evaluation. `src/text` and `src/vision` do the same in the browser."""
from __future__ import annotations

import numpy as np

from mner_qg.boxes import choose_places

from ...data.examples import Example
from ...data.photos import Letterbox
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
    """`candidates` (N, 5), their `boxes` (N, 4) in input pixels → (best box in photo pixels, its score, P(none), alternatives).

    By the one rule for places, that of the package and of `src/vision/grounding.ts`: candidates are pooled for up to sixteen places, and
    the likeliest of those is the answer.
    """
    found = choose_places(candidates, none, lambda kept: place.back(boxes[kept]), np.zeros(len(candidates), dtype=np.int64), {"a": 1.0, "b": 0.0})
    places = [(np.array(one.box), one.score) for one in found.places[:4]] or [(np.zeros(4), 0.0)]
    return places[0][0], places[0][1], found.not_in_photo, places[1:]
