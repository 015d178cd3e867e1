"""From the maps of the image encoder to visual tokens: cells of a grid, the detector's best regions, and the photo as a whole.

All are vectors of one width in one space, into which words can be put, too (`words.py`): a system trained on words of a caption
can then be shown a photo. P photos, G cells, K regions, C = config.visual.
"""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from ...data.photos import suppress
from ...encoders.nanodet import BOX, CLASSES
from .config import Config

GEOMETRY = 8
GRID_STRIDE = 32  # of the map whose cells are looked at
OVERLAP = 0.6  # of two detections: above it they are one
LOOKED_AT = 200  # detections that are compared with one another
PERSON = 0


@dataclass
class Photo:
    cells: torch.Tensor  # (P, G, C + 8)
    cells_there: torch.Tensor  # (P, G) bool
    regions: torch.Tensor  # (P, K, C + 8), the likeliest first
    regions_there: torch.Tensor  # (P, K) bool
    person: torch.Tensor  # (P, K) bool: is that region a person's?
    whole: torch.Tensor  # (P, C)
    boxes: torch.Tensor  # (P, K, 4) in input pixels

    def take(self, rows) -> "Photo":
        return Photo(*(t[rows] for t in vars(self).values()))

    def to(self, device) -> "Photo":
        return Photo(*(t.to(device) for t in vars(self).values()))


def corners(box: torch.Tensor, stride: int) -> torch.Tensor:
    """(P, 4, g, g) of centre, from the cell's middle, and log size in strides → (P, g², 4): x0, y0, x1, y1 in pixels."""
    grid = torch.arange(box.shape[-1], device=box.device, dtype=box.dtype) + 0.5
    centre = (box[:, :2] + torch.stack([grid.expand(len(grid), -1), grid[:, None].expand(-1, len(grid))])) * stride
    half = box[:, 2:].clamp(-6, 6).exp() * stride / 2
    return rows_of(torch.cat([centre - half, centre + half], 1))


def rows_of(maps: torch.Tensor) -> torch.Tensor:
    """(P, c, g, g) → (P, g², c)."""
    return maps.flatten(2).transpose(1, 2)


def geometry(boxes: torch.Tensor, size: int) -> torch.Tensor:
    """(…, 4) → (…, 8): corners and middle in [-1, 1], width and height in [0, 1]."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return torch.cat([torch.cat([boxes, (low + high) / 2], -1) * (2 / size) - 1, (high - low) / size], -1)


@dataclass
class Picked:
    """What visual tokens are made of: rows of V_k as they come out of the encoder, chances as log odds."""

    cells: torch.Tensor  # (P, G, c)
    regions: torch.Tensor  # (P, K, c)
    level: torch.Tensor  # (P, K) which map a region's row is from, coarsest first
    there: torch.Tensor  # (P, K) bool
    person: torch.Tensor  # (P, K) bool
    boxes: torch.Tensor  # (P, K, 4) in input pixels


class Eyes(nn.Module):
    """V_k → visual tokens. The encoder is a detector that gives its answers in V_k: chances of 80 classes and a box per cell."""

    def __init__(self, config: Config):
        super().__init__()
        if config.image.kind != "nanodet-plus":
            raise ValueError(f"these systems see with nanodet-plus, whose maps say what it detects, not with {config.image.kind}")
        self.image, self.most = config.image, config.regions
        self.grid = config.image.strides.index(GRID_STRIDE)
        self.align = nn.ModuleList(nn.Linear(c, config.visual) for c in config.image.channels)

    def forward(self, features) -> Photo:
        return self.tokens(self.pick(features))

    @torch.no_grad()
    def pick(self, features) -> Picked:
        """The cells of one grid, and the best detections of any class that do not overlap much."""
        chances, boxes, rows, level = [], [], [], []
        for k, (v, stride) in enumerate(zip(features, self.image.strides)):
            chance, box = rows_of(v[:, -CLASSES - BOX : -BOX]), v[:, -BOX:]
            chances.append(chance)
            boxes.append(corners(box, stride))
            rows.append(torch.cat([rows_of(v[:, : -CLASSES - BOX]), log_odds(chance), rows_of(box)], -1))
            level += [k] * chance.shape[1]
        chance, box, row = torch.cat(chances, 1), torch.cat(boxes, 1), torch.cat(rows, 1)
        chosen, there = self.choose(chance, box)  # (P, K)
        at = lambda t: t.gather(1, chosen[..., None].expand(-1, -1, t.shape[-1]))
        person = (at(chance).argmax(-1) == PERSON) & there
        return Picked(rows[self.grid], at(row), torch.tensor(level, device=chosen.device)[chosen], there, person, at(box).clamp(0, self.image.size))

    def tokens(self, picked: Picked) -> Photo:
        cell = self.align[self.grid](picked.cells)
        region = sum(align(picked.regions) * (picked.level == k)[..., None] for k, align in enumerate(self.align))
        regions = torch.cat([region, geometry(picked.boxes, self.image.size)], -1) * picked.there[..., None]
        there = torch.ones(cell.shape[:2], dtype=torch.bool, device=cell.device)
        return Photo(torch.cat([cell, self.places(cell)], -1), there, regions, picked.there, picked.person, cell.mean(1), picked.boxes)

    def places(self, tokens):
        """(P, G, 8): where each cell of the grid lies."""
        side = int(tokens.shape[1] ** 0.5 + 0.5)
        edge = torch.arange(side, device=tokens.device, dtype=tokens.dtype) * (self.image.size / side)
        y, x = torch.meshgrid(edge, edge, indexing="ij")
        box = torch.stack([x, y, x + self.image.size / side, y + self.image.size / side], -1).reshape(-1, 4)
        return geometry(box, self.image.size).expand(len(tokens), -1, -1)

    @torch.no_grad()
    def choose(self, chance, boxes):
        """(P, K) cells of the best detections of any class that do not overlap much, and which of the K there are."""
        chosen = torch.zeros(len(chance), self.most, dtype=torch.long)
        there = torch.zeros(len(chance), self.most, dtype=torch.bool)
        score = chance.amax(-1)
        for p in range(len(chance)):
            best = torch.argsort(score[p], descending=True, stable=True)[:LOOKED_AT].cpu()
            kept = suppress(boxes[p, best].cpu().numpy(), -torch.arange(len(best)).numpy().astype(float), OVERLAP, self.most)
            chosen[p, : len(kept)] = best[kept]
            there[p, : len(kept)] = True
        return chosen.to(chance.device), there.to(chance.device)


def log_odds(chance: torch.Tensor) -> torch.Tensor:
    """A quarter of the logit of a chance kept off 0 and 1: about −2.3 to 2.3."""
    chance = chance.clamp(1e-4, 1 - 1e-4)
    return (chance.log() - (1 - chance).log()) / 4


def attend_mask(there: torch.Tensor) -> torch.Tensor:
    """(B, N) bool → (B, 1, 1, N) for attention; a row without anything looks at everything, and its result is not used."""
    return (there | ~there.any(1, keepdim=True))[:, None, None]


def nothing(count: int, config: Config) -> Photo:
    """Rows without a photo, where others of the batch have one."""
    c = config.visual + GEOMETRY
    empty = torch.zeros(count, 1, dtype=torch.bool)
    return Photo(torch.zeros(count, 1, c), empty, torch.zeros(count, 1, c), empty, empty, torch.zeros(count, config.visual), torch.zeros(count, 1, 4))


def batch(photos: list[Photo]) -> Photo:
    """Photos of one row each, padded to the most cells and regions."""
    longest = {name: max(getattr(p, name).shape[1] for p in photos) for name in ("cells", "regions")}
    fields = {}
    for name in vars(photos[0]):
        parts = [getattr(p, name) for p in photos]
        if name != "whole":
            goal = longest["cells" if name.startswith("cells") else "regions"]
            parts = [F.pad(t, (0, 0) * (t.dim() - 2) + (0, goal - t.shape[1])) for t in parts]
        fields[name] = torch.cat(parts)
    return Photo(**fields)
