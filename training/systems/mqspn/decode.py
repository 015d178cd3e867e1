"""From slots to names: each slot that is a type names its likeliest span; of spans that overlap the likelier one stays."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ...data.examples import Example
from ...data.spans import Span, sigmoid, without_overlap
from .model import Answer


@dataclass
class Named:
    row: int
    slot: int
    start: int  # first piece of the first and of the last word, [CLS] counted
    end: int
    label: int
    chance: float
    region: int  # −1: not in the photo


@torch.no_grad()
def read_slots(answer: Answer, first: torch.Tensor, most: int) -> list[Named]:
    kinds, start, end, region = (t.float().softmax(-1) for t in (answer.classes, answer.start, answer.end, answer.region))
    place = first.long().cumsum(1)  # which word a piece begins
    span = place[:, None, :] - place[:, :, None]
    possible = (span >= 0) & (span < most) & first[:, :, None] & first[:, None, :]
    found = []
    for row, slot in (kinds.argmax(-1) > 0).nonzero().tolist():
        label = int(kinds[row, slot].argmax())
        both = (start[row, slot][:, None] * end[row, slot][None]).masked_fill(~possible[row], -1)
        a, b = divmod(int(both.argmax()), both.shape[1])
        if both[a, b] <= 0:
            continue
        chance = float((kinds[row, slot, label] * both[a, b]) ** (1 / 3))  # the mean of three, as logarithms go
        found.append(Named(row, slot, a, b, label - 1, chance, int(region[row, slot].argmax()) - 1))
    return found


def decode(examples: list[Example], answer: Answer, first: torch.Tensor, most: int) -> list[list[Span]]:
    found: list[list[Span]] = [[] for _ in examples]
    for name in read_slots(answer, first, most):
        e = examples[name.row]
        last = next(p for p in range(name.end - 1, len(e.words)) if e.last[p])
        p = float(np.clip(name.chance, 1e-6, 1 - 1e-6))
        raw = float(np.log(p) - np.log(1 - p))
        found[name.row].append(Span(name.start - 1, last, name.label, raw, float(sigmoid(raw))))
    # Slots that say the same are one name.
    unique = [list({(s.start, s.end, s.label): s for s in sorted(spans, key=lambda s: s.raw)}.values()) for spans in found]
    return [sorted(without_overlap(spans), key=lambda s: s.start) for spans in unique]
