"""The heads: start and end per word piece, existence per query, and a box in the photo or «not in the photo»."""
from __future__ import annotations

import torch
from torch import nn

from ...encoders.nanodet import BOX, CLASSES
from .config import Config


class GroundingHead(nn.Module):
    """Per cell and anchor (t_x, t_y, t_w, t_h, confidence), and one logit for «not in the photo» in the same softmax.

    To the confidence read off the conditioned map comes a plain inner product of query and cell: a query whose class was
    never asked for in training can still match what looks like it. To all five comes what is the same for every query,
    read off V_k itself: a thing's outline does not depend on what it is called, and a detector has seen more outlines than
    there are questions to learn them from (`start_from_detector`).
    """

    def __init__(self, config: Config):
        super().__init__()
        d = config.width
        self.scale = d**-0.5
        self.per_cell = config.boxesPerCell
        self.scales = nn.ModuleList(nn.Conv2d(d, 5 * self.per_cell, 1) for _ in config.image.channels)
        self.objects = nn.ModuleList(nn.Conv2d(c, 5 * self.per_cell, 1) for c in config.image.channels)
        for conv in self.objects:
            nn.init.zeros_(conv.weight)
            nn.init.zeros_(conv.bias)
        self.match_query = nn.Linear(d, d)
        self.match_cells = nn.ModuleList(nn.Conv2d(d + 8, d, 1) for _ in config.image.channels)
        self.none = nn.Linear(d, 1)
        # What a query wants of the classes of a detector that says them: added to the first box of a cell, the detector's own.
        self.class_query = nn.Linear(d, CLASSES) if config.image.kind == "nanodet-plus" else None

    def find_objects(self, features):
        """What every query's candidates share, once per photo: V_k → (P, 5 × boxes, g, g), and behind it the detector's classes."""
        shared = [conv(v) for conv, v in zip(self.objects, features)]
        if self.class_query is None:
            return shared
        return [torch.cat([s, v[:, -BOX - CLASSES : -BOX]], 1) for s, v in zip(shared, features)]

    def forward(self, conditioned, maps, objects, q, photo):
        """(T, N, 5) candidates, coarsest scale first, then row, column, anchor; and (T,) none logits."""
        wanted = self.match_query(q)
        candidates = []
        for conv, cells, f, u, shared in zip(self.scales, self.match_cells, conditioned, maps, objects):
            said = 5 * self.per_cell
            out = (conv(f) + shared[photo, :said]).permute(0, 2, 3, 1)
            match = torch.einsum("tc,tchw->thw", wanted, cells(u)[photo]) * self.scale
            out = out.reshape(*out.shape[:3], self.per_cell, 5)
            out = torch.cat([out[..., :4], out[..., 4:] + match[..., None, None]], -1)
            if self.class_query is not None:
                known = torch.einsum("tc,tchw->thw", self.class_query(q), shared[photo, said:])
                out = torch.cat([torch.cat([out[..., :1, :4], out[..., :1, 4:] + known[..., None, None]], -1), out[..., 1:, :]], -2)
            candidates.append(out.reshape(out.shape[0], -1, 5))
        return torch.cat(candidates, 1), self.none(q).squeeze(-1)


@torch.no_grad()
def start_from_detector(head: GroundingHead, predictors: dict, config: Config) -> None:
    """Every anchor of a cell starts with the box that the detector would draw there, whatever is asked for.

    The detector's box lies at (cell + t)·stride and is exp(t)·stride large; ours lies at (cell + ½ + t)·stride and is
    exp(t)·anchor large: another bias, the same weights. What the queries themselves say about boxes starts at zero, and so
    does what is shared of the confidence: with the detector's objectness in it, more was found in photos that do not show it.
    """
    for conv, own, stride, anchors in zip(head.objects, head.scales, config.image.strides, config.anchors):
        weight, bias = (torch.from_numpy(predictors[f"boxes.{stride}.{part}"]) for part in ("weight", "bias"))
        half = conv.in_channels // 2  # the classes' tower, then the boxes'
        conv.weight.zero_()
        conv.bias.zero_()
        for anchor, size in enumerate(anchors):
            at = 5 * anchor
            conv.weight[at : at + 4, half:] = weight
            conv.bias[at : at + 2] = bias[:2] - 0.5
            conv.bias[at + 2 : at + 4] = bias[2:] + torch.log(stride / torch.tensor(size))
            own.weight[at : at + 4] = 0
            own.bias[at : at + 4] = 0
