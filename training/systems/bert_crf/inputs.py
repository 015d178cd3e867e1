"""Sentences as one padded batch: `[CLS] sentence [SEP]`, and which tags each word may have."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ...data.examples import LABELS, Example, pad
from ...data.text import TextReader


@dataclass
class Sentences:
    ids: torch.Tensor  # (B, L), as all that follow
    segments: torch.Tensor  # [CLS] belongs to the query part when there is one: 0, all behind it 1
    shapes: torch.Tensor
    mask: torch.Tensor
    first: torch.Tensor  # bool: does a word begin here?
    allowed: torch.Tensor  # (B, L, 9) bool: the tags that the gold allows, at the first piece of each word

    def to(self, device) -> "Sentences":
        return Sentences(*(t.to(device) for t in vars(self).values()))


def collate(examples: list[Example], reader: TextReader) -> Sentences:
    zero = np.zeros(1, dtype=np.int64)
    ids = pad([np.concatenate([[reader.cls], e.ids, [reader.sep]]) for e in examples], reader.pad)
    shapes = pad([np.concatenate([zero, e.shapes, zero]) for e in examples])
    mask = pad([np.ones(len(e.ids) + 2, dtype=np.int64) for e in examples])
    segments = mask.clone()
    segments[:, 0] = 0
    first = np.zeros(ids.shape, dtype=bool)
    allowed = np.zeros((*ids.shape, 1 + 2 * len(LABELS)), dtype=bool)
    for row, e in enumerate(examples):
        first[row, 1 : len(e.ids) + 1] = e.first
        allowed[row, 1 : len(e.ids) + 1, allowed_where_nothing_is(e.known)] = True
        for a, b, label in e.spans:
            allowed[row, a + 1 : b + 2] = False
            allowed[row, a + 1, 1 + 2 * label] = True
            allowed[row, a + 2 : b + 2, 2 + 2 * label] = True
    return Sentences(ids, segments, shapes, mask, torch.from_numpy(first), torch.from_numpy(allowed))


def allowed_where_nothing_is(known) -> list[int]:
    """O, and the tags of the labels that the corpus does not annotate."""
    return [0, *(tag for label, there in enumerate(known) if not there for tag in (1 + 2 * label, 2 + 2 * label))]
