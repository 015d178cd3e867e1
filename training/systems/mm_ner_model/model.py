"""MMNerModel, our reading of a name: BERT+CRF with patches of the photo, which every word looks at once."""
from __future__ import annotations

import torch
from torch import nn

from ..multimodal.config import Config
from ..multimodal.layers import Layer
from ..multimodal.model import PhotoTagger, zero
from ..multimodal.photo import GEOMETRY, Photo, attend_mask


class Head(nn.Module):
    def __init__(self, config: Config, dropout: float):
        super().__init__()
        d = config.width
        self.words, self.cells = nn.Linear(config.text.width, d), nn.Linear(config.visual + GEOMETRY, d)
        self.look = Layer(d, config.heads, config.feedForward, dropout)
        self.classify = zero(nn.Linear(config.text.width + d, 1 + 2 * len(config.labels)))

    def forward(self, hidden, mask, photo: Photo):
        seen = self.look(self.words(hidden), self.cells(photo.cells), attend_mask(photo.cells_there))  # (B, L, d)
        return self.classify(torch.cat([hidden, seen], -1))


class MmNerModel(PhotoTagger):
    def __init__(self, config: Config, dropout: float = 0.1):
        super().__init__(config, Head(config, dropout), dropout)

    def evidence(self, hidden, mask, photo: Photo) -> dict:
        """(B, L, G): how much each piece looks at each cell."""
        head = self.head
        _, chance = head.look.attention(head.words(hidden), head.cells(photo.cells), attend_mask(photo.cells_there), weights=True)
        return {"heat": chance.mean(1)}
