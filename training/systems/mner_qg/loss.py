"""The joint loss: spans, existence, grounding. Weights in `LossWeights`, chosen on dev."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from .config import Config
from .grounding import grounding_loss
from .inputs import Batch
from .model import Output


@dataclass
class LossWeights:
    span: float = 1.0
    positive: float = 2.0  # how much more a start or an end counts than any other piece
    existence: float = 0.3
    choice: float = 0.25
    box: float = 0.5
    match: float = 0.01


def span_loss(logits, target, weight, positive: float):
    weight = weight * (1 + (positive - 1) * target)
    # Per sequence, not per piece: a long tweet is one answer as a short one is.
    return F.binary_cross_entropy_with_logits(logits, target, weight, reduction="sum") / max(1, int((weight.sum(-1) > 0).sum()))


def joint_loss(output: Output, batch: Batch, config: Config, weights: LossWeights) -> tuple[torch.Tensor, dict[str, float]]:
    parts = {}
    parts["span"] = weights.span * (span_loss(output.start, batch.starts, batch.start_weight, weights.positive)
                                    + span_loss(output.end, batch.ends, batch.end_weight, weights.positive))
    known = batch.exists_weight.sum().clamp(min=1)
    parts["existence"] = weights.existence * F.binary_cross_entropy_with_logits(
        output.existence, batch.exists, batch.exists_weight, reduction="sum") / known
    if output.candidates is not None:
        targets = [boxes for boxes, photo in zip(batch.targets, batch.photo.tolist()) if photo >= 0]
        choice, box = grounding_loss(output.candidates, output.none, targets, config)
        parts["choice"], parts["box"] = weights.choice * choice, weights.box * box
    return sum(parts.values()), {k: float(v.detach()) for k, v in parts.items()}
