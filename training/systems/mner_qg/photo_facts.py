"""What the photo's side of the network says of one photo, as plain numbers: the entity head and the photo heads read these."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ...data.photos import Letterbox, iou, suppress
from ...data.spans import sigmoid
from ...encoders.nanodet import BOX, CLASSES
from .model import MnerQg, PhotoFeatures

PLACES = 8  # of the type's own question, and as many of the detector's
SAME_PLACE = 0.5
EXTRA = 1e-3  # the chance, before any shift, of a place that only the detector names
SEEN_FROM = 0.4  # probability from which a detection counts as seen


@dataclass
class Places:
    """Places of one question in one photo, best first; the detector's own last."""

    boxes: np.ndarray  # (J, 4) in photo pixels
    chances: np.ndarray  # (J,)
    none: float
    cells: np.ndarray  # (J,) index of the cell, coarsest scale first
    named: int  # so many of them are the question's own


@dataclass
class PhotoFacts:
    width: int
    height: int
    boxes: np.ndarray  # (cells, 4) the detector's, in photo pixels
    classes: np.ndarray  # (cells, 80)
    matched: np.ndarray  # (cells, d) what questions are matched against
    detected: list[int]  # cells of the best detections of any class, after suppression
    means: np.ndarray  # of the towers over all cells, all scales in a row

    @property
    def scene(self) -> np.ndarray:
        return self.classes.max(0)

    def people(self, least: float = SEEN_FROM) -> list[int]:
        return [c for c in self.detected if self.classes[c, 0] >= least and self.classes[c].argmax() == 0]


@torch.no_grad()
def photo_facts(model: MnerQg, features: list[torch.Tensor], photos: PhotoFeatures, index: int, place: Letterbox) -> PhotoFacts:
    boxes, classes, matched, means = [], [], [], []
    strides = model.config.image.strides
    for v, u, cells, stride in zip(features, photos.maps, model.grounding_head.match_cells, strides):
        v = v[index].float()
        grid = v.shape[-1]
        y, x = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")
        centre, half = (torch.stack([x, y]) + 0.5 + v[-BOX:-2]) * stride, v[-2:].exp() * stride / 2
        boxes.append(torch.cat([centre - half, centre + half]).flatten(1).T)
        classes.append(v[-BOX - CLASSES : -BOX].flatten(1).T)
        matched.append(cells(u[index : index + 1])[0].float().flatten(1).T)
        means.append(v[: -BOX - CLASSES].mean((1, 2)))
    boxes, classes = place.back(torch.cat(boxes).numpy()), torch.cat(classes).numpy()
    best = classes.max(1)
    likely = np.argsort(-best, kind="stable")[:200]
    detected = [int(likely[i]) for i in suppress(boxes[likely], best[likely], 0.6, PLACES)]
    return PhotoFacts(place.width, place.height, boxes, classes, torch.cat(matched).numpy(), detected, torch.cat(means).numpy())


def find_places(candidates: np.ndarray, none: float, boxes: np.ndarray, facts: PhotoFacts, per_cell: int, calibration: dict | None) -> Places:
    """`candidates` (N, 5) of one question with their `boxes` in photo pixels: its best places, then those that only the detector names."""
    confidence = candidates[:, 4].astype(np.float64)
    top = confidence.max()
    weight = np.exp(confidence - top)
    total = weight.sum()
    c = calibration or {"a": 1.0, "b": 0.0}
    nothing = float(sigmoid(c["a"] * (none - top - np.log(total)) + c["b"]))
    order = np.argsort(-confidence, kind="stable")[:300]
    order = order[weight[order] >= 1e-6]
    kept = order[suppress(boxes[order], confidence[order], SAME_PLACE, 2 * PLACES)]
    shared = iou(boxes[kept], boxes) >= SAME_PLACE
    owner = np.where(shared.any(0), shared.argmax(0), -1)
    mass = np.array([weight[owner == i].sum() / total for i in range(len(kept))]) * (1 - nothing)
    best = np.argsort(-mass, kind="stable")[:PLACES]
    kept, mass = kept[best], mass[best]
    extra = [c for c in facts.detected if iou(facts.boxes[c], boxes[kept]).max() < 0.6]
    return Places(np.concatenate([boxes[kept], facts.boxes[extra].reshape(-1, 4)]), np.concatenate([mass, np.full(len(extra), EXTRA * (1 - nothing))]), nothing,
                  np.concatenate([kept // per_cell, np.array(extra, dtype=np.int64)]).astype(np.int64), len(kept))


def geometry(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    x0, y0, x1, y1 = (boxes / np.array([width, height, width, height])).T
    return np.stack([2 * x0 - 1, 2 * y0 - 1, 2 * x1 - 1, 2 * y1 - 1, x0 + x1 - 1, y0 + y1 - 1, x1 - x0, y1 - y0], -1)


def ranks(places: Places, facts: PhotoFacts) -> np.ndarray:
    """(J, 6): among the places of its own likeliest class, the order from the left, from the top, by size, and their number;
    whether the question itself named it; and its chance on a logarithmic scale."""
    classes = facts.classes[places.cells]
    kind = np.where(classes.max(1) >= 0.2, classes.argmax(1), -1)
    b = places.boxes
    keys = (b[:, 0] + b[:, 2], b[:, 1] + b[:, 3], -(b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]))
    out = np.zeros((len(b), 6))
    for j in range(len(b)):
        same = kind == kind[j]
        n = same.sum()
        for k, key in enumerate(keys):
            out[j, k] = (key[same] < key[j]).sum() / (n - 1) if n > 1 else 0.5
        out[j, 3] = min(n, 5) / 5
        out[j, 4] = float(j < places.named)
        out[j, 5] = np.log(max(places.chances[j], 1e-6)) / 10
    return out


def facts_of(nones: list[float], label: int, places: Places, facts: PhotoFacts, mention) -> np.ndarray:
    """(16,): how sure the four questions are of «none», the best place, the people seen, and how the name stands among its like."""
    logit = lambda p: float(np.log(max(p, 1e-4) / max(1 - p, 1e-4)))
    people = facts.people()
    areas = [float(np.prod(facts.boxes[c][2:] - facts.boxes[c][:2])) / (facts.width * facts.height) for c in people]
    best = places.chances[0] / max(1e-6, 1 - places.none)
    n4 = [(list(nones) + [1.0] * 4)[i] for i in range(4)]
    return np.array([logit(places.none) / 5, best, *(n4), min(len(people), 5) / 5, max(areas, default=0.0), min(mention.order, 4) / 4, min(mention.count, 5) / 5,
                     float(mention.order == 0), min(mention.words, 4) / 4, float(mention.joined), float(len(people) >= mention.count), float(len(people) == 0),
                     float(mention.tagged)])
