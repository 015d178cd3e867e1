"""UMT: words that look at the photo, a photo that looks at the words, a gate between them, and names without types beside.

The paper's parts at a smaller width. As everywhere here the photo corrects BERT+CRF's emissions: the half that comes from the
untyped names is therefore weighted by a number that starts at zero instead of one half.
"""
from __future__ import annotations

import torch
from torch import nn

from ..bert_crf.crf import Crf
from ..multimodal.config import Config
from ..multimodal.layers import Layer
from ..multimodal.model import PhotoTagger, zero
from ..multimodal.photo import GEOMETRY, Photo, attend_mask


class Head(nn.Module):
    def __init__(self, config: Config, dropout: float):
        super().__init__()
        d, labels, seen = config.width, len(config.labels), config.visual + GEOMETRY
        layer = lambda: Layer(d, config.heads, config.feedForward, dropout)
        self.project = nn.Linear(config.text.width, d)
        self.main, self.spans = layer(), layer()  # R and A: self-attention for the types, and for the untyped names
        self.cells_of_words, self.cells = nn.Linear(seen, d), nn.Linear(seen, d)  # two projections, as in the paper
        self.aware_words = layer()  # words look at cells: P
        self.aware_cells, self.back = layer(), layer()  # cells look at words, and words at those: Q
        self.gate = nn.Linear(2 * d, d)
        self.classify = zero(nn.Linear(2 * d, 1 + 2 * labels))
        self.untyped = nn.Linear(d, 3)  # O, B, I
        self.untyped_crf = Crf(1)
        self.mix = nn.Parameter(torch.zeros(1))
        conversion = torch.zeros(3, 1 + 2 * labels)
        conversion[0, 0] = 1
        conversion[1, 1::2] = conversion[2, 2::2] = 1 / labels  # B → ¼ of each B-, I → ¼ of each I-
        self.register_buffer("conversion", conversion, persistent=False)

    def forward(self, hidden, mask, photo: Photo):
        delta, untyped, _ = self.parts(hidden, mask, photo)
        return delta + self.mix * (untyped @ self.conversion)

    def parts(self, hidden, mask, photo: Photo):
        """Δ (B, L, 9), the untyped emissions (B, L, 3), the gate (B, L, d)."""
        words, cells = attend_mask(mask.bool()), attend_mask(photo.cells_there)
        x = self.project(hidden)
        r = self.main(x, x, words)  # (B, L, d)
        p = self.aware_words(r, self.cells_of_words(photo.cells), cells)
        v = self.cells(photo.cells)  # (B, G, d)
        q = self.back(r, self.aware_cells(v, r, words), cells)
        gate = torch.sigmoid(self.gate(torch.cat([q, p], -1)))
        return self.classify(torch.cat([q, gate * p], -1)), self.names(x, words), gate

    def names(self, x, words):
        return self.untyped(self.spans(x, x, words))


class Umt(PhotoTagger):
    def __init__(self, config: Config, dropout: float = 0.1):
        super().__init__(config, Head(config, dropout), dropout)

    def untyped(self, hidden, mask):
        """(B, L, 3): names without types, with or without a photo."""
        return self.head.names(self.head.project(hidden), attend_mask(mask.bool()))

    def evidence(self, hidden, mask, photo: Photo) -> dict:
        """The gate per piece, where each piece looks, and the untyped names' emissions."""
        head = self.head
        _, untyped, gate = head.parts(hidden, mask, photo)
        words = attend_mask(mask.bool())
        x = head.project(hidden)
        _, chance = head.aware_words.attention(head.main(x, x, words), head.cells_of_words(photo.cells), attend_mask(photo.cells_there), weights=True)
        return {"gate": gate.mean(-1), "heat": chance.mean(1), "untyped": untyped}
