"""A network that reads with BERT+CRF's encoder and sees with MNER-QG's: both are shared, only the head is a system's own."""
from __future__ import annotations

import torch
from torch import nn

from ...encoders import TextEncoder, build_image_encoder
from ..bert_crf.crf import Crf
from .config import Config
from .photo import Eyes, Photo


class Multimodal(nn.Module):
    """`head` is made by the subclass. Its weights and those of `eyes` are the add-on; the rest lies in the folders it needs."""

    SHARED = ("text_encoder.", "image_encoder.", "tagger.", "crf.")

    def __init__(self, config: Config, dropout: float = 0.1):
        super().__init__()
        self.config = config
        self.text_encoder = TextEncoder(config.text, dropout)
        self.image_encoder = build_image_encoder(config.image)
        self.eyes = Eyes(config)

    def encode_image(self, pixels) -> Photo:
        """Once per photo: pixels (P, 3, S, S)."""
        return self.eyes(self.image_encoder(pixels))


class PhotoTagger(Multimodal):
    """emissions = BERT+CRF's + Δ(text, photo). Δ starts at zero and is left out without a photo: then the row *is* BERT+CRF."""

    def __init__(self, config: Config, head: nn.Module, dropout: float = 0.1):
        super().__init__(config, dropout)
        self.tagger = nn.Linear(config.text.width, 1 + 2 * len(config.labels))
        self.crf = Crf(len(config.labels))
        self.head = head

    def forward(self, ids, segments, shapes, mask, photo: Photo | None = None):
        """`photo` has a row for each sentence."""
        return self.read(self.text_encoder(ids, segments, shapes, mask), mask, photo)

    def read(self, hidden, mask, photo: Photo | None = None):
        """(B, L, d_t) → (B, L, 9)."""
        emissions = self.tagger(hidden)
        if photo is None:
            return emissions
        seen = photo.cells_there.any(1)[:, None, None]  # rows without a photo keep theirs, bit for bit
        return torch.where(seen, emissions + self.head(hidden, mask, photo), emissions)


def zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
