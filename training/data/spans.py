"""Spans of word pieces: what every system's decoding gives, and how they are kept from overlapping."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Span:
    start: int  # first and last piece
    end: int
    label: int
    raw: float  # a logit, before calibration
    score: float


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -60, 60)))


def without_overlap(spans: list[Span]) -> list[Span]:
    """Weighted interval scheduling: the set of spans that do not overlap with the best total score."""
    spans = sorted(spans, key=lambda s: (s.end, s.start))
    best: list[tuple[float, list[Span]]] = [(0.0, [])]
    for i, span in enumerate(spans):
        before = sum(1 for other in spans[:i] if other.end < span.start)  # sorted by end: those come first
        taken = (best[before][0] + span.score, [*best[before][1], span])
        best.append(taken if taken[0] > best[i][0] else best[i])
    return best[-1][1]
