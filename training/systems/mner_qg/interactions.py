"""How text and photo meet: the common width, the query vector, cross-modality interaction and existence awareness.

Where `docs/decisions/` differs from the plain reading of the method it says why; the shapes are: T queries of one tweet
(batched together), L word pieces, d_t text width, d common width, scales k = 1..3 with g_k × g_k cells.
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from .config import Config


def coordinates(grid: int, device=None) -> torch.Tensor:
    """(8, g, g): left, top, right, bottom and centre of each cell in [-1, 1], and twice 1/g."""
    edge = torch.linspace(-1, 1, grid + 1, device=device)
    low, high, middle = edge[:-1], edge[1:], (edge[:-1] + edge[1:]) / 2
    across = lambda row: row[None, :].expand(grid, grid)
    down = lambda row: row[:, None].expand(grid, grid)
    size = torch.full((grid, grid), 1.0 / grid, device=device)
    return torch.stack([across(low), down(low), across(high), down(high), across(middle), down(middle), size, size])


class NormedConv(nn.Module):
    """Convolution without bias, then batch norm (folded into one biased convolution when converted)."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, groups: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.conv(x))


class CommonWidth(nn.Module):
    """V_k → U_k: every scale at width d, with where each cell is written beside it. Independent of any query."""

    def __init__(self, config: Config):
        super().__init__()
        self.scales = nn.ModuleList(NormedConv(c, config.width) for c in config.image.channels)

    def forward(self, features):
        maps = []
        for scale, v in zip(self.scales, features):
            u = F.silu(scale(v))
            where = coordinates(u.shape[-1], u.device).to(u.dtype).expand(u.shape[0], -1, -1, -1)
            maps.append(torch.cat([u, where], 1))
        return maps


def query_mask(segments, mask):
    """(T, L): the query's own pieces, segment 0 without its first and its last, [CLS] and [SEP]."""
    query = (segments == 0) & mask.bool()
    place = torch.arange(query.shape[1], device=query.device)[None]
    return query & (place > 0) & (place < query.sum(-1, keepdim=True) - 1)


class QueryVector(nn.Module):
    """q: attention pooling over the query's own word pieces, so that any words can be asked for."""

    def __init__(self, config: Config):
        super().__init__()
        self.score = nn.Linear(config.text.width, 1)
        self.project = nn.Linear(config.text.width, config.width)

    def forward(self, hidden, query_mask):
        score = self.score(hidden).squeeze(-1).masked_fill(~query_mask.bool(), -1e4)
        weight = score.softmax(-1)
        return self.project((weight[:, None, :] @ hidden).squeeze(1))


class ConditionedMap(nn.Module):
    """F_k: the map of one scale as one query sees it. The query shifts *and scales* the channels: it selects, not only adds."""

    def __init__(self, config: Config):
        super().__init__()
        d = config.width
        self.reduce = NormedConv(d + 8, d)
        self.condition = nn.Linear(d, 2 * d)
        self.mix = NormedConv(d, d, 3, groups=d if config.depthwise else 1)
        self.out = NormedConv(d, d)

    def forward(self, u, q, photo):
        """`photo`: which photo each query is put to. What does not depend on the query is computed once a photo."""
        scale, shift = self.condition(q)[:, :, None, None].chunk(2, 1)
        f = F.silu(self.reduce(u)[photo] * (1 + scale) + shift)
        return f + self.out(F.silu(self.mix(f)))


class CrossModality(nn.Module):
    """Multi-scale cross-modality interaction. Without a photo the text passes through untouched, bit for bit."""

    def __init__(self, config: Config):
        super().__init__()
        d, d_t = config.width, config.text.width
        self.heads = config.attentionHeads
        self.vision = nn.ModuleList(ConditionedMap(config) for _ in config.image.channels)
        self.query = nn.Linear(d_t, d)
        self.key = nn.ModuleList(nn.Linear(d, d) for _ in config.image.channels)
        self.value = nn.ModuleList(nn.Linear(d, d) for _ in config.image.channels)
        self.project = nn.Linear(len(config.image.channels) * d, d_t)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.project.bias)
        self.gate = nn.Linear(2 * d_t, d_t)

    def forward(self, hidden, mask, maps, q, photo):
        """What the text knows once it has looked (T, L, d_t), how much it took (T,), and the maps as the queries see them."""
        conditioned = self.see(maps, q, photo)
        return *self.read(hidden, conditioned, mask), conditioned

    def see(self, maps, q, photo):
        return [block(u, q, photo) for block, u in zip(self.vision, maps)]

    def read(self, hidden, conditioned, mask):
        """Tokens look at the cells of every scale; a gate per token and channel decides how much of it is let in."""
        batch, length, _ = hidden.shape
        split = lambda t: t.view(batch, t.shape[1], self.heads, -1).transpose(1, 2)
        query = split(self.query(hidden))
        looked = []
        for key, value, f in zip(self.key, self.value, conditioned):
            cells = f.flatten(2).transpose(1, 2)
            seen = F.scaled_dot_product_attention(query, split(key(cells)), split(value(cells)))
            looked.append(seen.transpose(1, 2).reshape(batch, length, -1))
        a = self.project(torch.cat(looked, -1))
        z = torch.sigmoid(self.gate(torch.cat([hidden, a], -1)))
        weight = mask.to(hidden.dtype)
        relevance = (z.mean(-1) * weight).sum(-1) / weight.sum(-1).clamp(min=1)
        # No norm behind the sum: with the zero-initialised projection a photo then changes nothing until it has proved useful.
        return hidden + z * a, relevance


class ExistenceAware(nn.Module):
    """Existence-aware uni-modality interaction: every token, knowing the global signal e, attends to «absent» and «present»."""

    def __init__(self, config: Config):
        super().__init__()
        d_t = config.text.width
        self.labels = nn.Parameter(torch.randn(2, d_t) * 0.02)
        self.query = nn.Linear(d_t, d_t)
        self.key = nn.Linear(d_t, d_t)
        self.value = nn.Linear(d_t, d_t)
        self.output = nn.Linear(d_t, d_t)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, hidden):
        e = hidden[:, :1]
        query = self.query(hidden + e)
        weight = (query @ self.key(self.labels).T * hidden.shape[-1] ** -0.5).softmax(-1)
        return hidden + self.output(weight @ self.value(self.labels))
