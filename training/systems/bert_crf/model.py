"""BERT+CRF: one pass over the sentence, a score for every tag of every piece, and a chain over the words."""
from __future__ import annotations

import torch
from torch import nn

from ...encoders import TextEncoder
from .config import Config
from .crf import Crf


class BertCrf(nn.Module):
    def __init__(self, config: Config, dropout: float = 0.1):
        super().__init__()
        self.config = config
        self.dropout = nn.Dropout(dropout)
        self.text_encoder = TextEncoder(config.text, dropout)
        self.tagger = nn.Linear(config.text.width, 1 + 2 * len(config.labels))
        self.crf = Crf(len(config.labels))

    def forward(self, ids, segments, shapes, mask):
        hidden = self.text_encoder(ids, segments, shapes, mask)  # (B, L, d_t)
        return self.tagger(self.dropout(hidden))  # (B, L, 9); the chain reads them at the first piece of each word


def at_words(x: torch.Tensor, first: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, L, …) and (B, L) which pieces begin a word → (B, W, …) of those pieces, and which of the W there are."""
    count = first.sum(1)
    longest = max(1, int(count.max()))
    place = torch.argsort((~first).to(torch.int8), dim=1, stable=True)[:, :longest]  # (B, W), in order
    index = place.reshape(*place.shape, *(1,) * (x.dim() - 2)).expand(-1, -1, *x.shape[2:])
    return x.gather(1, index), torch.arange(longest, device=x.device)[None] < count[:, None]
