"""The two networks a page author would use today, in exactly their shapes and with random weights.

Speed does not depend on the weights' values; answers do, and none are looked at. BERT-base as in bert-base-NER (cased
vocabulary, nine labels) and YOLOS-tiny (DeiT-tiny with a hundred detection tokens, 92 classes).
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class Layer(nn.Module):
    """A transformer layer; the norms stand behind the sums (BERT) or before the parts (ViT)."""

    def __init__(self, width: int, heads: int, inner: int, norm_first: bool):
        super().__init__()
        self.heads, self.norm_first = heads, norm_first
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.first, self.second = nn.LayerNorm(width, 1e-12), nn.LayerNorm(width, 1e-12)

    def attend(self, x, mask):
        batch, length, width = x.shape
        split = lambda t: t.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
        scores = split(self.query(x)) @ split(self.key(x)).transpose(-1, -2) * (width // self.heads) ** -0.5
        if mask is not None:
            scores = scores + mask
        mixed = scores.softmax(-1) @ split(self.value(x))
        return self.output(mixed.transpose(1, 2).reshape(batch, length, width))

    def feed(self, x):
        return self.down(F.gelu(self.up(x)))

    def forward(self, x, mask=None):
        if self.norm_first:
            x = x + self.attend(self.first(x), mask)
            return x + self.feed(self.second(x))
        x = self.first(x + self.attend(x, mask))
        return self.second(x + self.feed(x))


class TokenClassifier(nn.Module):
    """bert-base-NER."""

    def __init__(self, vocabulary=28996, width=768, heads=12, inner=3072, layers=12, labels=9):
        super().__init__()
        self.words, self.places, self.kinds = (nn.Embedding(n, width) for n in (vocabulary, 512, 2))
        self.norm = nn.LayerNorm(width, 1e-12)
        self.layers = nn.ModuleList(Layer(width, heads, inner, False) for _ in range(layers))
        self.classify = nn.Linear(width, labels)

    def forward(self, input_ids, attention_mask, token_type_ids):
        places = torch.arange(input_ids.shape[1], device=input_ids.device)[None]
        x = self.norm(self.words(input_ids) + self.places(places) + self.kinds(token_type_ids))
        mask = (1 - attention_mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
        for layer in self.layers:
            x = layer(x, mask)
        return self.classify(x)


class Detector(nn.Module):
    """YOLOS-tiny at one size of photo: the positions are laid out for it, which saves the network their resampling."""

    def __init__(self, height=512, breadth=682, width=192, heads=3, inner=768, layers=12, seen=100, classes=92):
        super().__init__()
        self.seen = seen
        self.patches = nn.Conv2d(3, width, 16, 16)
        self.tokens = nn.Parameter(torch.randn(1, 1 + seen, width) * 0.02)
        self.places = nn.Parameter(torch.randn(1, 1 + seen + (height // 16) * (breadth // 16), width) * 0.02)
        self.layers = nn.ModuleList(Layer(width, heads, inner, True) for _ in range(layers))
        self.norm = nn.LayerNorm(width, 1e-12)
        head = lambda outputs: nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs)
        )
        self.classes, self.boxes = head(classes), head(4)

    def forward(self, pixel_values):
        patches = self.patches(pixel_values).flatten(2).transpose(1, 2)
        tokens = self.tokens.expand(pixel_values.shape[0], -1, -1)
        x = torch.cat([tokens[:, :1], patches, tokens[:, 1:]], 1) + self.places
        for layer in self.layers:
            x = layer(x)
        found = self.norm(x)[:, -self.seen :]
        return self.classes(found), self.boxes(found).sigmoid()
