"""What every trainer here shares: layer-wise learning rates, a moving average of the weights, checkpoints that resume."""
from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import nn


def parameter_groups(model: nn.Module, encoder: nn.Module, rate: float, decay: float, head_rate: float, weight_decay: float = 0.01) -> list[dict]:
    """The encoder's top layer learns at `rate`, each layer below at `decay` times the one above, everything else at `head_rate`."""
    depth = len(encoder.layers)
    rates: dict[int, float] = {}
    for parameter in encoder.embeddings.parameters():
        rates[id(parameter)] = rate * decay**depth
    # The shape embedding is new: it learns as fast as a head.
    rates[id(encoder.embeddings.shape.weight)] = head_rate
    for index, layer in enumerate(encoder.layers):
        for parameter in layer.parameters():
            rates[id(parameter)] = rate * decay ** (depth - 1 - index)
    groups: dict[tuple[float, float], list] = {}
    for parameter in model.parameters():
        if parameter.requires_grad:
            key = (rates.get(id(parameter), head_rate), weight_decay if parameter.dim() > 1 else 0.0)
            groups.setdefault(key, []).append(parameter)
    return [{"params": p, "lr": r, "base": r, "weight_decay": w} for (r, w), p in groups.items()]


class Average:
    """Exponential moving average of a model's weights."""

    def __init__(self, model: nn.Module, decay: float = 0.999):
        self.model = copy.deepcopy(model).eval()
        for parameter in self.model.parameters():
            parameter.requires_grad_(False)
        self.decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        self.steps += 1
        # Young averages follow quickly, so that the first steps do not linger.
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        mine, theirs = [], []
        for a, b in zip(self.model.state_dict().values(), model.state_dict().values()):
            if a.dtype.is_floating_point:
                mine.append(a)
                theirs.append(b)
            else:
                a.copy_(b)
        torch._foreach_lerp_(mine, theirs, 1 - decay)


def save_atomically(value: dict, path: Path) -> None:
    """A killed run leaves the old checkpoint or the new one, never half of one."""
    temporary = path.with_suffix(".tmp")
    torch.save(value, temporary)
    temporary.replace(path)
