"""The places that a name may choose from, and what is known of each: those its type's question named, and behind them those that only
the detector names."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Sequence

import numpy as np

from .boxes import Grounding, overlaps

MOST_PLACES = 8  # of the question's own, and as many of the detector's
SAME_DETECTION = 0.6  # detections that share more are one
EXTRA_CHANCE = 1e-3  # the chance, before any shift, of a place that only the detector names
SEEN_FROM = 0.4  # probability from which a detection counts as seen
CLEAR_CLASS = 0.2
LIKELIEST_CELLS = 200
PERSON = 0


@dataclass(frozen=True)
class Detections:
    """What the detector says of one photo, in the photo's own pixels."""

    width: int
    height: int
    boxes: np.ndarray  # [cells, 4], coarsest scale first
    classes: np.ndarray  # [cells, 80] probabilities
    best: list[int]  # cells of the best detections of any class, best first
    scene: np.ndarray  # [80] the likeliest cell's probability of each class


@dataclass(frozen=True)
class Places:
    boxes: np.ndarray  # [J, 4]
    chances: np.ndarray  # [J]
    none: float
    named: int  # so many of them are the question's own
    cells: np.ndarray  # [J, d] what questions are matched against there
    geometry: np.ndarray  # [J, 8]
    classes: np.ndarray  # [J, 80]
    ranks: np.ndarray  # [J, 6]


@dataclass(frozen=True)
class NameStanding:
    """How a name stands among its like: the k-th (from 0) of `count` names of its type; its words; whether an “and” or the like joins it to
    the name before; whether it is written with @ or #."""

    order: int
    count: int
    words: int
    joined: bool
    tagged: bool


def detect(boxes: np.ndarray, classes: np.ndarray, width: int, height: int) -> Detections:
    best: list[int] = []
    for cell in np.argsort(-classes.max(1), kind="stable")[:LIKELIEST_CELLS].tolist():
        if len(best) == MOST_PLACES:
            break
        if not best or overlaps(boxes[cell], boxes[best]).max() < SAME_DETECTION:
            best.append(cell)
    return Detections(width, height, boxes, classes, best, classes.max(0))


def gather_places(grounding: Grounding, seen: Detections, matched: np.ndarray) -> Places:
    own = grounding.places[:MOST_PLACES]
    boxes, chances, cells = ([getattr(place, name) for place in own] for name in ("box", "score", "cell"))
    for cell in seen.best:
        if not own or overlaps(seen.boxes[cell], np.asarray([place.box for place in own])).max() < SAME_DETECTION:
            boxes.append(tuple(seen.boxes[cell]))
            chances.append(EXTRA_CHANCE * (1 - grounding.not_in_photo))
            cells.append(cell)
    at = np.asarray(boxes, np.float64).reshape(-1, 4)
    left, top, right, bottom = (at / [seen.width, seen.height, seen.width, seen.height]).T
    geometry = np.stack([2 * left - 1, 2 * top - 1, 2 * right - 1, 2 * bottom - 1, left + right - 1, top + bottom - 1, right - left, bottom - top], 1)
    classes = seen.classes[cells]
    return Places(at, np.asarray(chances), grounding.not_in_photo, len(own), matched[cells], geometry.astype(np.float32), classes,
                  _ranks(at, chances, len(own), classes))


def _ranks(boxes: np.ndarray, chances: Sequence[float], named: int, classes: np.ndarray) -> np.ndarray:
    """Among the places of its own likeliest class: the order from the left, from the top and by size, and their number; whether the
    question itself named it; and its chance on a logarithmic scale."""
    kinds = np.where(classes.max(1) >= CLEAR_CLASS, classes.argmax(1), -1) if len(classes) else np.empty(0)
    keys = (boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3], -(boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    ranks = np.zeros((len(boxes), 6), np.float32)
    for index, chance in enumerate(chances):
        same = kinds == kinds[index]
        count = int(same.sum())
        orders = [float((key[same] < key[index]).sum()) / (count - 1) if count > 1 else 0.5 for key in keys]
        ranks[index] = *orders, min(count, 5) / 5, index < named, math.log(max(chance, 1e-6)) / 10
    return ranks


def facts_of(nones: Sequence[float], places: Places, seen: Detections, name: NameStanding) -> np.ndarray:
    """How sure the questions are of «none», the best place, the people seen, and how the name stands: 16 numbers."""
    people = [cell for cell in seen.best if seen.classes[cell].argmax() == PERSON and seen.classes[cell].max() >= SEEN_FROM]
    sides = seen.boxes[people]
    areas = (sides[:, 2] - sides[:, 0]) * (sides[:, 3] - sides[:, 1]) / (seen.width * seen.height)
    first_four = [*nones, 1.0, 1.0, 1.0, 1.0][:4]
    return np.array([
        math.log(max(places.none, 1e-4) / max(1 - places.none, 1e-4)) / 5, places.chances[0] / max(1e-6, 1 - places.none), *first_four,
        min(len(people), 5) / 5, max(areas, default=0.0), min(name.order, 4) / 4, min(name.count, 5) / 5, name.order == 0, min(name.words, 4) / 4,
        name.joined, len(people) >= name.count, len(people) == 0, name.tagged], np.float32)
