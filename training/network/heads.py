"""The heads: start and end per word piece, existence per query, and a box in the photo or «not in the photo»."""
from __future__ import annotations

import torch
from torch import nn

from ..config import Config


class GroundingHead(nn.Module):
    """Per cell and anchor (t_x, t_y, t_w, t_h, confidence), and one logit for «not in the photo» in the same softmax.

    To the confidence read off the conditioned map comes a plain inner product of query and cell: a query whose class was
    never asked for in training can still match what looks like it.
    """

    def __init__(self, config: Config):
        super().__init__()
        d = config.width
        self.scale = d**-0.5
        self.scales = nn.ModuleList(nn.Conv2d(d, 15, 1) for _ in config.image.channels)
        self.match_query = nn.Linear(d, d)
        self.match_cells = nn.ModuleList(nn.Conv2d(d + 8, d, 1) for _ in config.image.channels)
        self.none = nn.Linear(d, 1)

    def forward(self, conditioned, maps, q, photo):
        """(T, N, 5) candidates, coarsest scale first, then row, column, anchor; and (T,) none logits."""
        wanted = self.match_query(q)
        candidates = []
        for conv, cells, f, u in zip(self.scales, self.match_cells, conditioned, maps):
            out = conv(f).permute(0, 2, 3, 1)
            match = torch.einsum("tc,tchw->thw", wanted, cells(u)[photo]) * self.scale
            out = out.reshape(*out.shape[:3], 3, 5)
            out = torch.cat([out[..., :4], out[..., 4:] + match[..., None, None]], -1)
            candidates.append(out.reshape(out.shape[0], -1, 5))
        return torch.cat(candidates, 1), self.none(q).squeeze(-1)
