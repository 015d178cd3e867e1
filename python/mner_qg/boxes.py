"""Turns the grounding head's numbers into places in the photo: one probability over all candidate boxes and "not in the photo", boxes
mapped back and clipped, near-duplicates merged."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Optional

import numpy as np

from .decode import sigmoid
from .errors import MnerError

SAME_PLACE = 0.5  # boxes that share this much of their union are the same place
NEGLIGIBLE = 1e-6  # candidates below this part of the best one's probability are no places of their own
LIMIT = 4.0  # cells that a centre may lie from the middle of its cell, and the exponent of a size
FAR = 1e6  # any probability at this logit is 0 or 1
MOST_POOLED = 16  # places whose candidates are pooled; what comes after has not even one likely candidate
MOST_PLACES = 4
LEAST_ALTERNATIVE = 0.01


@dataclass(frozen=True)
class Letterbox:
    """Where a photo (width × height, upright) lies in a square of `size` pixels; `scale` is square pixels per photo pixel."""

    size: int
    width: int
    height: int
    scale: float
    scaled_width: int
    scaled_height: int
    left: int
    top: int

    @staticmethod
    def fit(width: int, height: int, size: int) -> "Letterbox":
        scale = min(size / width, size / height)
        across, down = (max(1, math.floor(side * scale + 0.5)) for side in (width, height))
        return Letterbox(size, width, height, scale, across, down, (size - across) // 2, (size - down) // 2)

    def inside(self, boxes: Any) -> np.ndarray:
        """From pixels of the photo to those of the square."""
        return np.asarray(boxes, np.float64).reshape(-1, 4) * self.scale + np.array([self.left, self.top] * 2)

    def back(self, boxes: Any) -> np.ndarray:
        """To pixels of the photo, clipped to it."""
        outside = (np.asarray(boxes, np.float64).reshape(-1, 4) - np.array([self.left, self.top] * 2)) / self.scale
        return np.clip(outside, 0, np.array([self.width, self.height] * 2))


@dataclass(frozen=True)
class Region:
    """A place with the probability that it is seen there: left, top, right, bottom in pixels of the upright photo."""

    box: tuple[float, float, float, float]
    score: float


@dataclass(frozen=True)
class GroundedPlace(Region):
    cell: int  # counted over all scales, coarsest first


@dataclass(frozen=True)
class Grounding:
    region: Optional[Region]  # None when it is more likely not in the photo
    best: Optional[Region]  # the best place even then
    alternatives: list[Region]
    not_in_photo: float
    places: list[GroundedPlace]  # the best places, however unlikely, for whoever asks on


def cells(config: dict[str, Any]) -> np.ndarray:
    """Per candidate (coarsest scale first, then row, column, anchor): centre x and y, stride, anchor width and height, and which cell of all
    scales: [N, 6]."""
    size, rows, before = config["image"]["size"], [], 0
    for stride, anchors in zip(config["image"]["strides"], config["anchors"]):
        grid = size // stride
        y, x, anchor = np.meshgrid(np.arange(grid), np.arange(grid), np.arange(len(anchors)), indexing="ij")
        wide = np.asarray(anchors, np.float64)[anchor]
        cell = before + y * grid + x
        before += grid * grid
        rows.append(np.stack([x + 0.5, y + 0.5, np.full(x.shape, stride), wide[..., 0], wide[..., 1], cell], -1).reshape(-1, 6))
    return np.concatenate(rows)


def clip(low: np.ndarray, high: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """The part inside the photo; what is outside or too thin becomes the nearest stretch one pixel wide."""
    low, high = np.clip(low, 0, limit), np.clip(high, 0, limit)
    least = min(1, limit)
    first = np.clip((low + high) / 2 - least / 2, 0, limit - least)
    wide = high - low >= least
    return np.where(wide, low, first), np.where(wide, high, first + least)


def overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    width = np.minimum(box[2], boxes[:, 2]) - np.maximum(box[0], boxes[:, 0])
    height = np.minimum(box[3], boxes[:, 3]) - np.maximum(box[1], boxes[:, 1])
    shared = np.where((width > 0) & (height > 0), width * height, 0)
    area = lambda b: (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    union = area(box) + area(boxes) - shared
    return np.where(union > 0, shared / np.where(union > 0, union, 1), 0)


def decode_grounding(candidates: np.ndarray, none: float, grid: np.ndarray, letterbox: Letterbox, calibration: dict[str, float],
                     none_threshold: float = 0.5) -> Grounding:
    """candidates [N, 5]: t_x, t_y, t_w, t_h, confidence; `none`: the logit of "not in the photo" in the same softmax; `grid`: `cells`."""
    if len(candidates) != len(grid):
        raise MnerError("model-mismatch", f"The grounding head gave {len(candidates)} candidates where its anchors and strides make "
                        f"{len(grid)}. The model's config does not describe its weights: convert it again.")
    def boxes_of(kept: np.ndarray) -> np.ndarray:
        t, (x, y, stride, wide, high, _) = np.clip(candidates[kept, :4].astype(np.float64), -LIMIT, LIMIT).T, grid[kept].T
        centre_x = ((x + t[0]) * stride - letterbox.left) / letterbox.scale
        centre_y = ((y + t[1]) * stride - letterbox.top) / letterbox.scale
        half_width, half_height = wide * np.exp(t[2]) / 2 / letterbox.scale, high * np.exp(t[3]) / 2 / letterbox.scale
        x0, x1 = clip(centre_x - half_width, centre_x + half_width, letterbox.width)
        y0, y1 = clip(centre_y - half_height, centre_y + half_height, letterbox.height)
        return np.stack([x0, y0, x1, y1], 1)

    return choose_places(candidates, none, boxes_of, grid[:, 5], calibration, none_threshold)


def choose_places(candidates: np.ndarray, none: float, boxes_of: Callable[[np.ndarray], np.ndarray], cell: np.ndarray,
                  calibration: dict[str, float], none_threshold: float = 0.5) -> Grounding:
    """The same with boxes in photo pixels from elsewhere: `boxes_of` gives those of a few candidates, `cell` says where each stands."""
    sure = candidates[:, 4].astype(np.float64)
    usable = ~np.isnan(candidates).any(1) & (sure > -np.inf)
    if not usable.any():
        return Grounding(None, None, [], 1.0, [])
    logits = np.where(usable, np.clip(np.nan_to_num(sure, nan=-FAR), -FAR, FAR), -np.inf)
    largest = float(logits.max())
    masses = np.exp(logits - largest)
    total = float(masses.sum())
    bounded = -FAR if math.isnan(none) else min(max(none, -FAR), FAR)
    not_in_photo = sigmoid(calibration["a"] * (bounded - (largest + math.log(total))) + calibration["b"])
    kept = np.flatnonzero(masses >= NEGLIGIBLE)
    # A place is as likely as all its candidates together: many middling ones outweigh a single high one.
    pooled = sorted(_suppress(boxes_of(kept), masses[kept]), key=lambda place: -place[1])
    places = [GroundedPlace((float(b[0]), float(b[1]), float(b[2]), float(b[3])), min(1.0, mass / total) * (1 - not_in_photo), int(cell[kept[at]]))
              for b, mass, at in pooled]
    regions = [Region(place.box, place.score) for place in places[:MOST_PLACES]]
    best = regions[0]
    alternatives = sorted((region for region in regions[1:] if region.score >= LEAST_ALTERNATIVE), key=lambda region: -region.score)
    return Grounding(None if not_in_photo >= none_threshold else best, best, alternatives, not_in_photo, places)


def _suppress(boxes: np.ndarray, masses: np.ndarray) -> list[tuple[np.ndarray, float, int]]:
    """Greedy suppression: box, mass and index of each place. A kept place takes over the probability of those it suppresses: neighbouring
    cells describe the same thing."""
    kept: list[tuple[np.ndarray, float, int]] = []
    left = np.arange(len(boxes))
    while len(kept) < MOST_POOLED and len(boxes):
        best = int(masses.argmax())
        box = boxes[best]
        same = overlaps(box, boxes) >= SAME_PLACE
        same[best] = True
        kept.append((box, float(masses[same].sum()), int(left[best])))
        boxes, masses, left = boxes[~same], masses[~same], left[~same]
    return kept
