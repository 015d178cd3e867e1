"""Photos for the network: letterbox and its inverse, views of a photo, and what a detector (the teacher) says about them."""
from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from mner_qg.boxes import Letterbox
from mner_qg.photos import letterbox as package_letterbox

from ..encoders.config import ImageConfig


def letterbox(rgb: np.ndarray, config: ImageConfig) -> tuple[np.ndarray, Letterbox]:
    """8-bit RGB → normalised (3, S, S) float32, padded with the mean colour (zero once normalised)."""
    return package_letterbox(Image.fromarray(rgb), {"image": {"size": config.size, "mean": config.mean, "std": config.std}})


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n, 4), (m, 4) → (n, m)."""
    a, b = np.asarray(a, dtype=np.float64).reshape(-1, 4), np.asarray(b, dtype=np.float64).reshape(-1, 4)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    area = lambda t: (t[:, 2:] - t[:, :2]).clip(0).prod(-1)
    return shared / np.maximum(area(a)[:, None] + area(b)[None] - shared, 1e-9)


def suppress(boxes: np.ndarray, scores: np.ndarray, threshold: float = 0.5, most: int = 100) -> list[int]:
    """Greedy non-maximum suppression: indices kept, best first."""
    order, kept = list(np.argsort(-scores)), []
    while order and len(kept) < most:
        best = order.pop(0)
        kept.append(int(best))
        if order:
            overlap = iou(boxes[best], boxes[order])[0]
            order = [i for i, o in zip(order, overlap) if o < threshold]
    return kept


def teacher_detections(features: list[torch.Tensor], predictors: dict, config: ImageConfig, least: float = 0.05):
    """What the detector whose towers the encoder ends in says about one photo: boxes, scores and classes (input pixels)."""
    from torch.nn import functional as F

    rows = []
    for v, stride in zip(features, config.strides):
        half = v.shape[1] // 2
        p = {key: (torch.from_numpy(predictors[f"{key}.{stride}.weight"]), torch.from_numpy(predictors[f"{key}.{stride}.bias"]))
             for key in ("classes", "boxes", "objectness")}
        classes = F.conv2d(v[:, :half], *p["classes"]).sigmoid()[0]
        box = F.conv2d(v[:, half:], *p["boxes"])[0]
        score = F.conv2d(v[:, half:], *p["objectness"]).sigmoid()[0] * classes
        grid = v.shape[-1]
        y, x = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")
        cx, cy = (box[0] + x) * stride, (box[1] + y) * stride
        w, h = box[2].exp() * stride, box[3].exp() * stride
        rows.append(torch.cat([torch.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]), score]).flatten(1).T)
    table = torch.cat(rows).numpy()
    boxes, scores, kinds = [], [], []
    for kind in range(80):
        score = table[:, 4 + kind]
        keep = np.nonzero(score > least)[0]
        if len(keep):
            kept = suppress(table[keep, :4], score[keep], 0.6, 20)
            boxes += [table[keep[i], :4] for i in kept]
            scores += [float(score[keep[i]]) for i in kept]
            kinds += [kind] * len(kept)
    return np.array(boxes).reshape(-1, 4), np.array(scores), np.array(kinds, dtype=np.int64)


COCO_CLASSES = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,bench,bird,cat,dog,"
    "horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,"
    "baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,"
    "orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,"
    "cell phone,microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"
).split(",")
