"""From tags to names with a chance each. `src/systems/bert-crf` does the same in the browser."""
from __future__ import annotations

import numpy as np
import torch

from ...data.examples import Example
from ...data.spans import Span, sigmoid
from .crf import Crf
from .model import at_words


def names_of(tags: list[int]) -> list[tuple[int, int, int]]:
    """(first word, last word, label). The chain allows no I- without its B-."""
    found: list[tuple[int, int, int]] = []
    for w, tag in enumerate(tags):
        if tag % 2:
            found.append((w, w, tag // 2))
        elif tag:
            a, _, label = found[-1]
            found[-1] = (a, w, label)
    return found


@torch.no_grad()
def decode(crf: Crf, examples: list[Example], emissions: torch.Tensor, first: torch.Tensor, calibration=(1.0, 0.0)) -> list[list[Span]]:
    """`emissions` (B, L, 9) and `first` (B, L) as collated: [CLS] stands before the example's own pieces."""
    words, mask = at_words(emissions.float(), first)
    names = [names_of(tags) for tags in crf.best(words, mask)]
    found = []
    for e, spans, chances in zip(examples, names, crf.span_posterior(words, mask, names)):
        begins, ends, row = np.nonzero(e.first)[0], np.nonzero(e.last)[0], []
        for (a, b, label), chance in zip(spans, chances):
            chance = min(max(chance, 1e-6), 1 - 1e-6)
            raw = float(np.log(chance) - np.log(1 - chance))
            row.append(Span(int(begins[a]), int(ends[b]), label, raw, float(sigmoid(calibration[0] * raw + calibration[1]))))
        found.append(row)
    return found
