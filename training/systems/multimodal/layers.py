"""The transformer layer of the heads: queries look at a memory (or at themselves), then a feed-forward part, both with norms."""
from __future__ import annotations

from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, memory, there, weights: bool = False):
        """x (B, L, d), memory (B, N, d), there (B, 1, 1, N) → (B, L, d); with `weights` also (B, heads, L, N)."""
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        query, key, value = split(self.query(x)), split(self.key(memory)), split(self.value(memory))
        if not weights:
            mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=there)
            return self.output(mixed.transpose(1, 2).flatten(2))
        chance = (query @ key.transpose(-1, -2) * key.shape[-1] ** -0.5).masked_fill(~there, -1e4).softmax(-1)
        return self.output((chance @ value).transpose(1, 2).flatten(2)), chance


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, inner: int, dropout: float = 0.1):
        super().__init__()
        self.attention = Attention(width, heads)
        self.attention_norm = nn.LayerNorm(width, eps=1e-12)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, memory, there):
        x = self.attention_norm(x + self.dropout(self.attention(x, memory, there)))
        return self.norm(x + self.dropout(self.down(F.gelu(self.up(x)))))
