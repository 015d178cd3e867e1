"""MQSPN: a set of slots, eight of each type, each of which finds a name, its type and its own region, or nothing.

The paper's form, small: queries look at words and at regions but not at each other, an aggregator weighs both, pointers name the
first and the last word and the region. Type queries are the embedded questions that are shipped anyway.
"""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from ..multimodal.config import Config
from ..multimodal.layers import Attention
from ..multimodal.model import Multimodal
from ..multimodal.photo import GEOMETRY, Photo, attend_mask

SLOTS = 8  # of a type: no tweet has more than six names of one


@dataclass
class Answer:
    """Of one layer: S = 4 × 8 slots."""

    classes: torch.Tensor  # (B, S, 5): none, then the labels
    start: torch.Tensor  # (B, S, L)
    end: torch.Tensor  # (B, S, L)
    region: torch.Tensor  # (B, S, 1 + K): nothing in the photo, then the regions


class SlotLayer(nn.Module):
    def __init__(self, config: Config, dropout: float):
        super().__init__()
        d = config.width
        norm = lambda: nn.LayerNorm(d, eps=1e-12)
        self.words, self.words_norm = Attention(d, config.heads), norm()
        self.regions, self.regions_norm = Attention(d, config.heads), norm()
        self.up, self.down, self.norm = nn.Linear(d, config.feedForward), nn.Linear(config.feedForward, d), norm()
        self.aggregate, self.own, self.balance = nn.Linear(d, d), nn.Linear(d, d), nn.Parameter(torch.zeros(1))
        self.dropout = nn.Dropout(dropout)

    def forward(self, q, words, words_there, regions, regions_there):
        q = self.words_norm(q + self.dropout(self.words(q, words, words_there)))
        q = self.regions_norm(q + self.dropout(self.regions(q, regions, regions_there)))
        q = self.norm(q + self.dropout(self.down(F.gelu(self.up(q)))))
        share = torch.sigmoid(self.balance)  # λ: of what is seen against what is read
        pick = lambda memory, there: (q @ memory.transpose(1, 2) * q.shape[-1] ** -0.5).masked_fill(~there[:, 0], -1e4).softmax(-1) @ memory
        both = share * pick(regions, regions_there) + (1 - share) * pick(words, words_there)
        return q + self.own(torch.tanh(self.aggregate(q) + both))


class Pointer(nn.Module):
    """w · ReLU(W q + U h): additive, as in the paper."""

    def __init__(self, d: int):
        super().__init__()
        self.query, self.memory, self.weight = nn.Linear(d, d), nn.Linear(d, d, bias=False), nn.Linear(d, 1)

    def forward(self, q, memory):
        """(B, S, d), (B, N, d) → (B, S, N)."""
        return self.weight(F.relu(self.query(q)[:, :, None] + self.memory(memory)[:, None])).squeeze(-1)


class Head(nn.Module):
    def __init__(self, config: Config, dropout: float):
        super().__init__()
        d, labels = config.width, len(config.labels)
        self.slots = nn.Parameter(torch.randn(labels * SLOTS, d) * 0.02)
        self.types = nn.Parameter(torch.zeros(labels, config.visual))  # the questions, embedded when trained
        self.type_query = nn.Linear(config.visual, d)
        self.words, self.regions = nn.Linear(config.text.width, d), nn.Linear(config.visual + GEOMETRY, d)
        self.blank = nn.Parameter(torch.randn(1, d) * 0.02)  # the region "not in the photo"
        self.layers = nn.ModuleList(SlotLayer(config, dropout) for _ in range(config.layers))
        self.start, self.end, self.region = Pointer(d), Pointer(d), Pointer(d)
        self.classify_own, self.classify_words = nn.Linear(d, d), nn.Linear(2 * d, d)
        self.classify_regions, self.classes = nn.Linear(d, d, bias=False), nn.Linear(d, 1 + labels)

    def forward(self, hidden, first, photo: Photo | None) -> list[Answer]:
        """`first` (B, L): the pieces that begin words, which alone can be pointed at. One answer a layer, the last counts."""
        words, blank = self.words(hidden), self.blank.expand(len(hidden), 1, -1)
        regions, there = blank, torch.ones(len(hidden), 1, dtype=torch.bool, device=hidden.device)
        if photo is not None:
            regions, there = torch.cat([blank, self.regions(photo.regions)], 1), torch.cat([there, photo.regions_there], 1)
        q = (self.slots + self.type_query(self.types).repeat_interleave(SLOTS, 0)).expand(len(hidden), -1, -1)
        answers = []
        for layer in self.layers:
            q = layer(q, words, attend_mask(first), regions, attend_mask(there))
            start = self.start(q, words).masked_fill(~first[:, None], -1e4)
            end = self.end(q, words).masked_fill(~first[:, None], -1e4)
            region = self.region(q, regions).masked_fill(~there[:, None], -1e4)
            spoken = torch.cat([start.softmax(-1) @ words, end.softmax(-1) @ words], -1)
            kind = F.relu(self.classify_own(q) + self.classify_words(spoken) + self.classify_regions(region.softmax(-1) @ regions))
            answers.append(Answer(self.classes(kind), start, end, region))
        return answers


class Mqspn(Multimodal):
    def __init__(self, config: Config, dropout: float = 0.1):
        super().__init__(config, dropout)
        self.head = Head(config, dropout)

    def forward(self, ids, segments, shapes, mask, first, photo: Photo | None = None) -> Answer:
        return self.read(self.text_encoder(ids, segments, shapes, mask), first, photo)[-1]

    def read(self, hidden, first, photo: Photo | None = None) -> list[Answer]:
        return self.head(hidden, first, photo)
