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
from ...encoders.config import ImageConfig
from .config import Config

CLASSES = 80
GEOMETRY = 8
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


class Detector(nn.Module):
    """YOLOX's own predictors, which read the towers that the encoder ends in."""

    def __init__(self, config: ImageConfig):
        super().__init__()
        make = lambda outputs: nn.ModuleList(nn.Conv2d(c // 2, outputs, 1) for c in config.channels)
        self.classes, self.boxes, self.objectness = make(CLASSES), make(4), make(1)

    def forward(self, features, strides):
        """Per scale: (P, 80, g, g) chances and (P, 4, g, g) boxes in input pixels."""
        out = []
        for v, stride, classes, boxes, objectness in zip(features, strides, self.classes, self.boxes, self.objectness):
            what, where = v.chunk(2, 1)
            out.append((classes(what).sigmoid() * objectness(where).sigmoid(), corners(boxes(where), stride, 0.0)))
        return out

    @torch.no_grad()
    def fill(self, predictors: dict, strides) -> None:
        for key in ("classes", "boxes", "objectness"):
            for conv, stride in zip(getattr(self, key), strides):
                conv.weight.copy_(torch.from_numpy(predictors[f"{key}.{stride}.weight"]))
                conv.bias.copy_(torch.from_numpy(predictors[f"{key}.{stride}.bias"]))


def corners(t: torch.Tensor, stride: int, middle: float) -> torch.Tensor:
    """(P, 4, g, g) of centre and log size in strides → x0, y0, x1, y1 in pixels. `middle`: where in its cell a centre starts."""
    grid = torch.arange(t.shape[-1], device=t.device, dtype=t.dtype) + middle
    centre = (t[:, :2] + torch.stack([grid.expand(len(grid), -1), grid[:, None].expand(-1, len(grid))])) * stride
    half = t[:, 2:].clamp(-6, 6).exp() * stride / 2
    return torch.cat([centre - half, centre + half], 1)


def geometry(boxes: torch.Tensor, size: int) -> torch.Tensor:
    """(…, 4) → (…, 8): corners and middle in [-1, 1], width and height in [0, 1]."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return torch.cat([torch.cat([boxes, (low + high) / 2], -1) * (2 / size) - 1, (high - low) / size], -1)


class Eyes(nn.Module):
    """V_k → visual tokens. Knows two detectors: YOLOX's towers with predictors of their own, NanoDet's with their answers in V_k."""

    def __init__(self, config: Config):
        super().__init__()
        self.image, self.most = config.image, config.regions
        self.detector = Detector(config.image) if config.image.kind == "csp-darknet-pan" else None
        extra = CLASSES if self.detector else 0
        self.align = nn.ModuleList(nn.Linear(c + extra, config.visual) for c in config.image.channels)

    def detect(self, features):
        """Per scale (P, 80, g, g) chances, (P, 4, g, g) boxes, and what a cell is described by (P, c, g, g)."""
        if self.detector:
            found = self.detector(features, self.image.strides)
            return [(chance, boxes, torch.cat([v, log_odds(chance)], 1)) for (chance, boxes), v in zip(found, features)]
        out = []
        for v, stride in zip(features, self.image.strides):
            chance, boxes = v[:, -CLASSES - 4 : -4], corners(v[:, -4:], stride, 0.5)
            out.append((chance, boxes, torch.cat([v[:, : -CLASSES - 4], log_odds(chance), v[:, -4:]], 1)))
        return out

    def forward(self, features) -> Photo:
        chances, boxes, tokens = [], [], []
        for (chance, box, what), align in zip(self.detect(features), self.align):
            rows = lambda t: t.flatten(2).transpose(1, 2)  # (P, g², …)
            chances.append(rows(chance))
            boxes.append(rows(box))
            tokens.append(align(rows(what)))
        grid = self.image.strides.index(32)
        cells = torch.cat([tokens[grid], self.places(tokens[grid])], -1)
        chance, box, token = torch.cat(chances, 1), torch.cat(boxes, 1), torch.cat(tokens, 1)
        chosen, there = self.choose(chance, box)  # (P, K)
        at = lambda t: t.gather(1, chosen[..., None].expand(-1, -1, t.shape[-1]))
        picked = at(box).clamp(0, self.image.size)
        regions = torch.cat([at(token), geometry(picked, self.image.size)], -1) * there[..., None]
        person = (at(chance).argmax(-1) == PERSON) & there
        return Photo(cells, torch.ones(cells.shape[:2], dtype=torch.bool, device=cells.device), regions, there, person, tokens[grid].mean(1), picked)

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
