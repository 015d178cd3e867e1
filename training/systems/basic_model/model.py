"""BasicModel, our reading of a name: the photo as one vector beside every word. Late fusion, no interaction."""
from __future__ import annotations

import torch
from torch import nn

from ..multimodal.config import Config
from ..multimodal.model import PhotoTagger, zero
from ..multimodal.photo import Photo


class Head(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.project = nn.Linear(config.visual, config.width)
        self.classify = zero(nn.Linear(config.text.width + config.width, 1 + 2 * len(config.labels)))

    def forward(self, hidden, mask, photo: Photo):
        whole = torch.tanh(self.project(photo.whole))  # (B, d)
        return self.classify(torch.cat([hidden, whole[:, None].expand(-1, hidden.shape[1], -1)], -1))


class BasicModel(PhotoTagger):
    def __init__(self, config: Config, dropout: float = 0.1):
        super().__init__(config, Head(config), dropout)

    def evidence(self, hidden, mask, photo: Photo) -> dict:
        """How far the photo moved every tag of every piece."""
        return {"delta": self.head(hidden, mask, photo)}
