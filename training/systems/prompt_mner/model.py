"""PromptMNER: a bank of prompts is held to the photo, what fires becomes clues, words attend to clues, spans are classified.

Prompts, scoring and the classifier of spans follow what is known of the paper; "modality-aware" attention is our reading:
words look with keys and values of their own for each modality, and a learnt bias for each.
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from ..multimodal.config import Config
from ..multimodal.model import Multimodal
from ..multimodal.photo import Photo, attend_mask

FREE = 100  # continuous prompts: vectors without words
HEAVIEST = 16  # discrete clues that are kept
LENGTHS = 16  # width of the embedding of a span's length


class ModalityAware(nn.Module):
    """One joint layer over words and clues."""

    def __init__(self, config: Config, dropout: float):
        super().__init__()
        d = config.width
        self.heads = config.heads
        make = lambda: nn.ModuleList(nn.Linear(d, d) for _ in range(2))  # of words, of clues
        self.query, self.key, self.value = nn.Linear(d, d), make(), make()  # only words look
        self.bias = nn.Parameter(torch.zeros(2))  # of words, of clues
        self.output, self.attention_norm = nn.Linear(d, d), nn.LayerNorm(d, eps=1e-12)
        self.up, self.down, self.norm = nn.Linear(d, config.feedForward), nn.Linear(config.feedForward, d), nn.LayerNorm(d, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, words, clues, there):
        """(B, L, d), (B, S, d), (B, L + S) → (B, L, d), and how much each word looked at everything (B, L, L + S)."""
        count, both = words.shape[1], (words, clues)
        split = lambda layers: torch.cat([layer(t) for layer, t in zip(layers, both)], 1).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        key, value = split(self.key), split(self.value)
        query = self.query(words).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, heads, L, d / heads)
        kind = (torch.arange(key.shape[2], device=key.device) >= count).long()
        score = query @ key.transpose(-1, -2) * key.shape[-1] ** -0.5 + self.bias[kind]
        weight = score.masked_fill(~attend_mask(there), -1e4).softmax(-1)
        x = self.attention_norm(words + self.dropout(self.output((weight @ value).transpose(1, 2).flatten(2))))
        return self.norm(x + self.dropout(self.down(F.gelu(self.up(x))))), weight.mean(1)


class Head(nn.Module):
    def __init__(self, config: Config, dropout: float):
        super().__init__()
        d = config.width
        self.bank = nn.Parameter(torch.randn(len(config.prompts), config.visual) * 0.05)  # embedded when trained: no words at run time
        self.free = nn.Parameter(torch.randn(FREE, config.visual) * 0.05)
        self.sharpness = nn.Parameter(torch.tensor(10.0))
        self.words, self.clues = nn.Linear(config.text.width, d), nn.Linear(config.visual, d)
        self.interact = ModalityAware(config, dropout)
        self.length = nn.Embedding(config.maxSpanWords, LENGTHS)
        self.span = nn.Linear(2 * (config.text.width + d) + LENGTHS, 128)
        self.classify = nn.Linear(128, 1 + len(config.labels))  # none, then the labels
        self.dropout = nn.Dropout(dropout)

    def score(self, photo: Photo):
        """(B, prompts) weights of all prompts, discrete and free, and (B, discrete, K + 1) how well each fits the whole and each region."""
        seen = torch.cat([photo.whole[:, None], photo.regions[..., : photo.whole.shape[-1]]], 1)  # (B, K + 1, C)
        there = torch.cat([torch.ones_like(photo.regions_there[:, :1]), photo.regions_there], 1)
        prompts = F.normalize(torch.cat([self.bank, self.free]), dim=-1)
        fit = torch.einsum("pc,bkc->bpk", prompts, F.normalize(seen, dim=-1, eps=1e-6)).masked_fill(~there[:, None], -1)
        return (self.sharpness * fit.amax(-1)).softmax(-1), fit[:, : len(self.bank)]

    def clue_tokens(self, photo: Photo):
        """(B, 16 + 100, C) clues, and (B, 16) which discrete prompts they are, heaviest first."""
        weight, _ = self.score(photo)
        discrete = weight[:, : len(self.bank)]
        heaviest = torch.argsort(discrete, dim=1, descending=True, stable=True)[:, : min(HEAVIEST, len(self.bank))]
        scale = weight.shape[1]  # weights of a mean prompt are one, so that clues are as large as what they stand for
        chosen = self.bank[heaviest] * discrete.gather(1, heaviest)[..., None] * scale
        return torch.cat([chosen, self.free * weight[:, len(self.bank) :, None] * scale], 1), heaviest

    def forward(self, hidden, mask, photo: Photo | None):
        """(B, L, d_t + d): what spans are made of. Without a photo there are no clues."""
        words = self.words(hidden)
        if photo is None:
            clues, there = words[:, :0], mask.bool()
        else:
            clues = self.clues(self.clue_tokens(photo)[0])
            seen = photo.cells_there.any(1, keepdim=True)
            there = torch.cat([mask.bool(), seen.expand(-1, clues.shape[1])], 1)
        x, weight = self.interact(words, clues, there)
        return torch.cat([hidden, x], -1), weight

    def spans(self, x, index):
        """`index` (N, 4): row, first piece of the first word, first piece of the last word, words − 1 → (N, 5) logits."""
        row, first, last, length = index.unbind(1)
        pair = torch.cat([x[row, first], x[row, last], self.length(length)], -1)
        return self.classify(self.dropout(F.gelu(self.span(pair))))


class PromptMner(Multimodal):
    def __init__(self, config: Config, dropout: float = 0.1):
        super().__init__(config, dropout)
        self.head = Head(config, dropout)

    def forward(self, ids, segments, shapes, mask, index, photo: Photo | None = None):
        return self.read(self.text_encoder(ids, segments, shapes, mask), mask, index, photo)

    def read(self, hidden, mask, index, photo: Photo | None = None):
        return self.head.spans(self.head(hidden, mask, photo)[0], index)

    def evidence(self, hidden, mask, photo: Photo) -> dict:
        """The weights of the prompts, where each fits best (0: the whole photo), and how much each piece looked at each clue."""
        weight, fit = self.head.score(photo)
        return {"weights": weight, "fit": fit, "clues": self.head.clue_tokens(photo)[1],
                "looked": self.head(hidden, mask, photo)[1][..., hidden.shape[1] :]}
