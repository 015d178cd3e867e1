"""All spans of at most so many words, and the best set of them that does not overlap. Nested names are there for the asking."""
from __future__ import annotations

import numpy as np
import torch

from ...data.examples import Example
from ...data.spans import Span, sigmoid, without_overlap
from ..multimodal.text import word_starts

CERTAIN = 1e-6


def all_spans(examples: list[Example], most: int) -> np.ndarray:
    """(N, 4): row, first piece of the first and of the last word ([CLS] counted), words − 1."""
    out = []
    for row, e in enumerate(examples):
        starts = word_starts(e)
        a, b = np.triu_indices(len(starts))
        near = b - a < most
        a, b = a[near], b[near]
        out.append(np.stack([np.full(len(a), row), starts[a], starts[b], b - a], 1))
    return np.concatenate(out)


def gold_of(examples: list[Example], index: np.ndarray) -> np.ndarray:
    """(N,): 0 for none, else 1 + label."""
    names = {}
    for row, e in enumerate(examples):
        words = {int(w): p for p, w in ((p + 1, w) for p, w in enumerate(e.words) if e.first[p])}
        for a, b, label in e.spans:
            names[row, a + 1, words[int(e.words[b])]] = 1 + label
    return np.array([names.get((r, a, b), 0) for r, a, b, _ in index.tolist()], dtype=np.int64)


def decode(examples: list[Example], index: np.ndarray, logits: torch.Tensor, nested: bool = False) -> list[list[Span]]:
    chance = logits.float().softmax(-1).numpy()
    label = chance.argmax(1)
    found: list[list[Span]] = [[] for _ in examples]
    ends = [{int(w): p for p, w in enumerate(e.words) if e.last[p]} for e in examples]
    for n in np.nonzero(label)[0]:
        row, a, b, _ = (int(v) for v in index[n])
        p = float(np.clip(chance[n, label[n]], CERTAIN, 1 - CERTAIN))
        raw = float(np.log(p) - np.log(1 - p))
        found[row].append(Span(a - 1, ends[row][int(examples[row].words[b - 1])], int(label[n]) - 1, raw, float(sigmoid(raw))))
    return found if nested else [sorted(without_overlap(spans), key=lambda s: s.start) for spans in found]
