"""UMGF: every word and four regions in one complete graph, whose messages pass through a gate per pair and channel.

The regions are asked for by type, as the paper's grounder is: PER is the likeliest person, OTHER the likeliest thing, LOC and ORG
are the whole photo, which is what the authors put where nothing is found.
"""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from ..multimodal.config import Config
from ..multimodal.layers import Attention
from ..multimodal.model import PhotoTagger, zero
from ..multimodal.photo import GEOMETRY, Photo, attend_mask

NODES = 4  # PER, LOC, ORG, OTHER


def nodes_of(photo: Photo) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, 4, C + 8) the nodes, and (B, 4) which region each is, −1 for the whole photo."""
    rows = torch.arange(len(photo.whole), device=photo.whole.device)
    whole = torch.cat([photo.whole, photo.whole.new_tensor([-1, -1, 1, 1, 0, 0, 1, 1]).expand(len(rows), -1)], -1)
    nodes, which = [], []
    for wanted in (photo.person, None, None, photo.regions_there & ~photo.person):
        if wanted is None:
            nodes.append(whole)
            which.append(torch.full_like(rows, -1))
            continue
        first = wanted.to(torch.int8).argmax(1)  # regions come likeliest first
        found = wanted.any(1)
        nodes.append(torch.where(found[:, None], photo.regions[rows, first], whole))
        which.append(torch.where(found, first, torch.full_like(first, -1)))
    return torch.stack(nodes, 1), torch.stack(which, 1)


class Gated(nn.Module):
    """Messages from every sender to every receiver: σ(W[receiver ; sender]) ∘ sender, summed. W[a ; b] is two products and a sum."""

    def __init__(self, d: int):
        super().__init__()
        self.receiver, self.sender = nn.Linear(d, d), nn.Linear(d, d, bias=False)

    def forward(self, receivers, senders, there):
        """(B, R, d), (B, S, d), (B, S) → (B, R, d), and the gates (B, R, S, d)."""
        gate = torch.sigmoid(self.receiver(receivers)[:, :, None] + self.sender(senders)[:, None])
        return (gate * (senders * there[..., None])[:, None]).sum(2), gate


class GraphLayer(nn.Module):
    def __init__(self, config: Config, dropout: float, last: bool):
        super().__init__()
        d = config.width
        self.last = last  # nobody asks the nodes of the last layer what they heard
        norm = lambda: nn.LayerNorm(d, eps=1e-12)
        self.heads = config.heads
        self.words, self.words_norm = Attention(d, config.heads), norm()
        self.query, self.key, self.nodes_norm = nn.Linear(d, d), nn.Linear(d, d), norm()  # among nodes neither values nor output are projected
        make = lambda: nn.ModuleList([nn.Linear(d, config.feedForward), nn.Linear(config.feedForward, d)])
        self.to_words, self.heard_words, self.feed_words, self.out_words = Gated(d), norm(), make(), norm()
        if not last:
            self.to_nodes, self.heard_nodes, self.feed_nodes, self.out_nodes = Gated(d), norm(), make(), norm()
        self.dropout = nn.Dropout(dropout)

    def among_nodes(self, o):
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        return F.scaled_dot_product_attention(split(self.query(o)), split(self.key(o)), split(o)).transpose(1, 2).flatten(2)

    def forward(self, x, o, words):
        """Words (B, L, d), nodes (B, 4, d), words there (B, L) → both, and the gates of words over nodes (B, L, 4, d)."""
        x = self.words_norm(x + self.dropout(self.words(x, x, attend_mask(words))))
        o = self.nodes_norm(o + self.dropout(self.among_nodes(o)))
        heard, gate = self.to_words(x, o, torch.ones(o.shape[:2], device=o.device))
        feed = lambda layers, t: self.dropout(layers[1](F.relu(layers[0](t))))
        if not self.last:
            o = self.heard_nodes(o + self.to_nodes(o, x, words.to(x.dtype))[0])
            o = self.out_nodes(o + feed(self.feed_nodes, o))
        x = self.heard_words(x + heard)
        return self.out_words(x + feed(self.feed_words, x)), o, gate


class Head(nn.Module):
    def __init__(self, config: Config, dropout: float):
        super().__init__()
        d = config.width
        self.project = nn.Linear(config.text.width, d)
        self.first, self.second = nn.Linear(config.visual + GEOMETRY, d), nn.Linear(d, d)
        self.layers = nn.ModuleList(GraphLayer(config, dropout, layer == config.layers - 1) for layer in range(config.layers))
        self.classify = zero(nn.Linear(config.text.width + d, 1 + 2 * len(config.labels)))

    def forward(self, hidden, mask, photo: Photo):
        return self.classify(torch.cat([hidden, self.graph(hidden, mask, photo)[0]], -1))

    def graph(self, hidden, mask, photo: Photo):
        """The words behind the last layer (B, L, d), and the gates of that layer."""
        x, o, gate = self.project(hidden), self.second(F.relu(self.first(nodes_of(photo)[0]))), None
        for layer in self.layers:
            x, o, gate = layer(x, o, mask.bool())
        return x, gate


class Umgf(PhotoTagger):
    def __init__(self, config: Config, dropout: float = 0.1):
        super().__init__(config, Head(config, dropout), dropout)

    def evidence(self, hidden, mask, photo: Photo) -> dict:
        """The mean gate of each piece over each node, and which region each node is."""
        return {"gates": self.head.graph(hidden, mask, photo)[1].mean(-1), "nodes": nodes_of(photo)[1]}
