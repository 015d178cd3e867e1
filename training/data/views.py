"""What grounding learns from: views of photos with boxes, the questions put to them, and what the detector says of them."""
from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ..encoders.config import ImageConfig
from .photos import COCO_CLASSES, letterbox, teacher_detections
from .readers import Photos

# Never asked for by name in training, so that dev shows what an unseen query is worth.
UNSEEN = {"dog", "truck", "wine glass", "couch", "laptop", "orange", "bus", "skateboard", "sheep", "teddy bear"}

OTHER_WORDS = {
    "person": ["people", "man", "woman", "player", "child", "somebody", "human"], "car": ["vehicle", "automobile"], "tv": ["television", "screen"],
    "cell phone": ["phone", "smartphone", "mobile phone"], "airplane": ["plane", "aircraft", "jet"], "motorcycle": ["motorbike"],
    "bicycle": ["bike"], "sports ball": ["ball", "football", "basketball"], "dining table": ["table"], "potted plant": ["plant"],
    "donut": ["doughnut"], "refrigerator": ["fridge"], "cat": ["kitten"], "boat": ["ship"], "handbag": ["bag", "purse"], "cup": ["mug"],
    "tie": ["necktie"], "bird": ["a flying bird"], "traffic light": ["traffic signal"], "remote": ["remote control"], "bed": ["a double bed"],
}
TEMPLATES = ("{}", "{}", "{}", "a {}", "the {}", "{}s", "a photo of a {}")
# The same four questions in other words, so that the words are read and not only recognised.
PARAPHRASES = {
    "PER": ("people", "names of persons", "who is it about", "person"),
    "LOC": ("places", "cities, countries and regions", "where", "location"),
    "ORG": ("organisations", "companies and sports teams", "organization", "brands and institutions"),
    "OTHER": ("other names", "titles of works and names of events", "products and brands of things", "miscellaneous names"),
}

FRAGMENT = 0.35  # of a box must be left in a crop


@dataclass
class View:
    """One look at one photo: the trunk's features (cached, the trunk is frozen) and the boxes in input pixels by label."""

    features: list[torch.Tensor]
    boxes: dict[str, np.ndarray]
    complete: bool  # every box of the 80 classes is drawn: what is not there is absent
    kind: str  # coco, thing, place
    label: str = ""
    extent: tuple[float, float, float, float] = (0, 0, 0, 0)  # where the photo lies in the square


def split(index: list[dict]) -> tuple[list[dict], list[dict]]:
    """(train, held out): every fifth photo in order of file name is held out, always the same."""
    ordered = sorted(index, key=lambda p: p["file"])
    return [p for i, p in enumerate(ordered) if i % 5], [p for i, p in enumerate(ordered) if i % 5 == 0]


def look(rgb: np.ndarray, boxes: list[dict], rng: random.Random | None):
    """A random crop or frame, mirrored or not, lighter or darker; None as rng leaves the photo as it is."""
    height, width = rgb.shape[:2]
    if rng is None:
        return rgb, boxes
    if rng.random() < 0.7:
        share = rng.uniform(0.45, 1.0)
        w, h = max(16, int(width * share)), max(16, int(height * min(1.0, share * rng.uniform(0.8, 1.25))))
        x, y = rng.randint(0, width - w), rng.randint(0, height - h)
        kept = []
        for b in boxes:
            x0, y0, x1, y1 = b["box"]
            inside = [max(x0, x), max(y0, y), min(x1, x + w), min(y1, y + h)]
            area = max(0, inside[2] - inside[0]) * max(0, inside[3] - inside[1])
            if area >= FRAGMENT * max(1e-6, (x1 - x0) * (y1 - y0)):
                kept.append({"label": b["label"], "box": [inside[0] - x, inside[1] - y, inside[2] - x, inside[3] - y]})
        rgb, boxes, width, height = rgb[y : y + h, x : x + w], kept, w, h
    elif rng.random() < 0.5:
        grow = rng.uniform(1.1, 1.7)
        w, h = int(width * grow), int(height * grow)
        x, y = rng.randint(0, w - width), rng.randint(0, h - height)
        ground = np.full((h, w, 3), rgb.reshape(-1, 3).mean(0), dtype=np.uint8)
        ground[y : y + height, x : x + width] = rgb
        boxes = [{"label": b["label"], "box": [b["box"][0] + x, b["box"][1] + y, b["box"][2] + x, b["box"][3] + y]} for b in boxes]
        rgb, width, height = ground, w, h
    if rng.random() < 0.5:
        rgb = rgb[:, ::-1]
        boxes = [{"label": b["label"], "box": [width - b["box"][2], b["box"][1], width - b["box"][0], b["box"][3]]} for b in boxes]
    gain = rng.uniform(0.7, 1.3)
    return np.ascontiguousarray(np.clip(rgb.astype(np.float32) * gain, 0, 255).astype(np.uint8)), boxes


@torch.no_grad()
def make_views(folder: Path, encoder: nn.Module, predictors: dict, config: ImageConfig, copies: int, seed: int) -> list[View]:
    """Every training photo `copies` times; single photos without boxes get the teacher's."""
    photos, rng, views = Photos(folder), random.Random(seed), []
    train, _ = split(json.loads((folder / "coco.json").read_text()))
    rows = [(p["file"], p["boxes"], "coco", "") for p in train]
    rows += [(p["file"], [], p["kind"], p["label"].replace("_", " ")) for p in json.loads((folder / "single.json").read_text())]
    for copy in range(copies):
        for name, boxes, kind, label in rows:
            rgb = photos.open(name)
            if rgb is None:
                continue
            rgb, kept = look(rgb, boxes, rng if copy else None)
            pixels, place = letterbox(rgb, config)
            features = encoder(torch.from_numpy(pixels)[None])
            extent = tuple(place.inside([[0, 0, place.width, place.height]])[0])
            grouped = defaultdict(list)
            for b in kept:
                grouped[b["label"]].append(place.inside([b["box"]])[0])
            if kind != "coco":
                found, scores, kinds = teacher_detections(features, predictors, config, 0.35)
                for box, kind_index in zip(found, kinds):
                    grouped[COCO_CLASSES[kind_index]].append(box)
            views.append(View([f[0].half() for f in features], {k: np.array(v, dtype=np.float32) for k, v in grouped.items()},
                              kind == "coco", kind, label, extent))
    if photos.troubles:
        print(f"photos left out: {dict(photos.troubles)}", flush=True)
    return views


def class_words(label: str, rng: random.Random) -> str:
    name = rng.choice([label, label, *OTHER_WORDS.get(label, [])])
    return rng.choice(TEMPLATES).format(name)


def questions(view: View, rng: random.Random, ask, unseen: set[str]):
    """Queries with their answers for one view: present and absent classes, and the entity types' own questions (`ask(type)`)."""
    asked: list[tuple[str, np.ndarray | None]] = []
    none = np.zeros((0, 4), dtype=np.float32)
    present = [label for label in view.boxes if label not in unseen]
    rng.shuffle(present)
    for label in present[:2]:
        asked.append((class_words(label, rng), view.boxes[label]))
    absent = [c for c in COCO_CLASSES if c not in view.boxes and c not in unseen]
    if view.complete:
        asked += [(class_words(label, rng), none) for label in rng.sample(absent, 2 if present else 3)]
        asked.append((ask("PER"), view.boxes.get("person", none)))
    x0, y0, x1, y1 = view.extent
    w, h = x1 - x0, y1 - y0
    if view.kind == "place":
        most = np.array([[x0 + 0.04 * w, y0 + 0.06 * h, x1 - 0.04 * w, y1 - 0.04 * h]], dtype=np.float32)
        asked.append((rng.choice([ask("LOC"), view.label, view.label]), most))
    elif view.kind == "thing":
        found = [b for label, boxes in view.boxes.items() for b in boxes if label != "person"]
        box = max(found, key=lambda b: (b[2] - b[0]) * (b[3] - b[1])) if found else np.array(
            [x0 + 0.1 * w, y0 + 0.1 * h, x1 - 0.1 * w, y1 - 0.1 * h], dtype=np.float32)
        asked.append((rng.choice([ask("OTHER"), view.label, view.label]), box[None]))
    elif rng.random() < 0.5:
        # Everyday photos: what a tweet calls a place, an organisation or a title is seldom seen in its photo (4, 20 and 15 % of
        # the annotated entities), and nothing here is labelled as one.
        asked.append((ask(rng.choice(["LOC", "ORG", "ORG", "OTHER"])), none))
    return asked


def teacher_scores(features: list[torch.Tensor], predictors: dict, config: ImageConfig) -> list[torch.Tensor]:
    """Per scale (P, 80, g, g): how sure the detector is of each class at each cell."""
    maps = []
    for v, stride in zip(features, config.strides):
        half = v.shape[1] // 2
        take = lambda key: (torch.from_numpy(predictors[f"{key}.{stride}.weight"]), torch.from_numpy(predictors[f"{key}.{stride}.bias"]))
        classes = F.conv2d(v[:, :half], *take("classes")).sigmoid()
        maps.append(classes * F.conv2d(v[:, half:], *take("objectness")).sigmoid())
    return maps
