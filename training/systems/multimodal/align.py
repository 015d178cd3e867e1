"""The one space of words and visual tokens: two projections, trained so that a token lies near the words for what it shows.

A token is a cell of the grid, a region or the whole photo; what it shows is said by COCO's human boxes, by the labels of single
photos, and by what is absent. Only `eyes.align` and the projection of words learn; trunk and detector are frozen.
"""
from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ...data.photos import COCO_CLASSES, iou
from ...data.views import OTHER_WORDS
from ...loop import Plan, Recipe, run
from .photo import Eyes, Photo, Picked

SIGNS = ("logo", "text")  # drawn or boxed on photos of their own, unknown elsewhere


@dataclass
class Seen:
    """One look at one photo: what tokens are made of, and the boxes in input pixels of what is known to be there."""

    picked: Picked
    boxes: dict[str, np.ndarray]
    complete: bool  # every thing of the 80 classes is boxed: what is not there is absent
    kind: str  # coco, thing, place, logo, sign
    label: str


class Aligning(Recipe):
    def __init__(self, eyes: Eyes, views: list[Seen], names: dict[str, torch.Tensor], seed: int = 0):
        """`names`: the embedding (d_t,) of every class, other word and label."""
        self.eyes, self.views, self.names, self.rng = eyes, views, names, random.Random(seed)
        self.words = nn.Linear(len(next(iter(names.values()))), eyes.align[0].out_features, bias=False)
        self.learns = nn.ModuleDict({"align": eyes.align, "words": self.words, "scale": nn.ParameterList([torch.tensor([3.0, -3.0])])})
        self.labels = sorted({v.label for v in views if v.label})

    def groups(self):
        return [{"params": [*self.eyes.align.parameters(), *self.words.parameters()], "lr": 2e-3, "weight_decay": 0.02},
                {"params": list(self.learns["scale"]), "lr": 2e-2, "weight_decay": 0.0}]

    def epoch(self):
        order = self.rng.sample(range(len(self.views)), len(self.views))
        return [order[at : at + 8] for at in range(0, len(order), 8)]

    def loss(self, chosen):
        views = [self.views[i] for i in chosen]
        photo = self.eyes.tokens(together([v.picked for v in views]))
        asked = [*COCO_CLASSES, *SIGNS, *self.rng.sample(self.labels, min(40, len(self.labels)))]
        said = torch.stack([self.names[self.rng.choice([w, w, *OTHER_WORDS.get(w, [])])] for w in asked])
        words = F.normalize(self.words(said), dim=-1)  # (n, C)
        scale, shift = self.learns["scale"][0]
        loss, width = 0.0, words.shape[1]
        for tokens, target, known in targets(photo, views, asked, self.eyes.image.size):
            logit = F.normalize(tokens[..., :width], dim=-1, eps=1e-6) @ words.T * scale.exp().clamp(max=50) + shift * 2
            each = F.binary_cross_entropy_with_logits(logit, target, reduction="none") * (1 + 10 * target) * known
            loss = loss + each.sum() / known.sum().clamp(min=1) * 10
        return loss, {"align": float(loss.detach())}

    def look(self, average, final):
        return {}


def together(picked: list[Picked]) -> Picked:
    return Picked(*(torch.cat([t.float() if t.is_floating_point() else t for t in parts]) for parts in zip(*(vars(p).values() for p in picked))))


def targets(photo: Photo, views: list[Seen], asked: list[str], size: int):
    """For cells, regions and the whole: (tokens, targets (P, N, n), known (P, N, n))."""
    n, count = len(asked), photo.cells.shape[1]
    side = int(count**0.5 + 0.5)
    middle = (np.arange(side) + 0.5) * size / side
    x, y = np.tile(middle, side), np.repeat(middle, side)
    cells, regions, whole = (np.zeros((len(views), m, n), np.float32) for m in (count, photo.regions.shape[1], 1))
    known = np.ones((len(views), 1, n), np.float32)
    for p, view in enumerate(views):
        boxes = photo.boxes[p].numpy()
        for k, name in enumerate(asked):
            if name in view.boxes:
                whole[p, 0, k] = 1
                for box in view.boxes[name]:
                    cells[p, (x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3]), k] = 1
                regions[p, (iou(boxes, view.boxes[name]) >= 0.5).any(1), k] = 1
            elif name == view.label:
                whole[p, 0, k] = 1
            elif name in SIGNS or (name in COCO_CLASSES) != view.complete:
                known[p, 0, k] = 0  # nobody says that it is not there
    tensor = torch.from_numpy
    there = photo.regions_there.float().numpy()[..., None]
    yield photo.cells, tensor(cells), tensor(np.broadcast_to(known, cells.shape).copy())
    yield photo.regions, tensor(regions), tensor(known * there)
    yield photo.whole[:, None], tensor(whole), tensor(known)


def train_alignment(eyes: Eyes, views: list[Seen], names: dict[str, torch.Tensor], out: Path, epochs: int = 6) -> nn.Linear:
    recipe = Aligning(eyes, views, names)
    run(recipe, Plan(out, epochs, warmup=30, average=0.99, keep=10**9))
    return recipe.words
