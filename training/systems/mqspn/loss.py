"""Slots are matched with names one to one at the least cost, names repeated so that three quarters of a type's slots learn one."""
from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch.nn import functional as F

from .model import SLOTS, Answer

EMPTY = 0.2  # weight of a slot that is nothing
REPEATED = 0.75


def names_with_ends(examples, regions: list[dict] | None = None):
    """Per row: (first piece of first word, of last word, label, regions that are right or None where nobody knows)."""
    out = []
    for row, e in enumerate(examples):
        begins = {int(w): p + 1 for p, w in enumerate(e.words) if e.first[p]}
        known = regions[row] if regions else {}
        out.append([(a + 1, begins[int(e.words[b])], label, known.get((a, b))) for a, b, label in e.spans])
    return out


def match(answer: Answer, names, row: int) -> list[tuple[int, int]]:
    """(slot, name) pairs of one sentence. Slots of a type only take names of that type."""
    pairs = []
    with torch.no_grad():
        kinds, start, end, region = (t[row].float().softmax(-1) for t in (answer.classes, answer.start, answer.end, answer.region))
    for label in range(kinds.shape[1] - 1):
        own = [n for n, name in enumerate(names) if name[2] == label]
        if not own:
            continue
        slots = np.arange(label * SLOTS, (label + 1) * SLOTS)
        repeated = (own * SLOTS)[: max(len(own), int(REPEATED * SLOTS))][: SLOTS]
        cost = np.zeros((SLOTS, len(repeated)))
        for column, n in enumerate(repeated):
            a, b, _, right = names[n]
            score = kinds[slots, label + 1] + start[slots, a] + end[slots, b]
            if right is not None:
                score = score + region[slots][:, right].sum(-1)
            cost[:, column] = -score.numpy()
        rows, columns = linear_sum_assignment(cost)
        pairs += [(int(slots[r]), repeated[c]) for r, c in zip(rows, columns)]
    return pairs


def set_loss(answers: list[Answer], names) -> tuple[torch.Tensor, dict[str, float]]:
    """At every layer; the region only where it is known."""
    total, parts = 0.0, {"class": 0.0, "ends": 0.0, "region": 0.0}
    for answer in answers:
        batch, slots = answer.classes.shape[:2]
        kinds = torch.zeros(batch, slots, dtype=torch.long)
        place, first, last, seen = [], [], [], []
        for row in range(batch):
            for slot, n in match(answer, names[row], row):
                a, b, label, right = names[row][n]
                kinds[row, slot] = label + 1
                place.append((row, slot))
                first.append(a)
                last.append(b)
                if right is not None:
                    seen.append((row, slot, right))
        weight = torch.ones(answer.classes.shape[-1])
        weight[0] = EMPTY
        losses = {"class": F.cross_entropy(answer.classes.float().flatten(0, 1), kinds.flatten(), weight)}
        if place:
            r, s = torch.tensor(place).unbind(1)
            losses["ends"] = F.cross_entropy(answer.start[r, s].float(), torch.tensor(first)) + F.cross_entropy(answer.end[r, s].float(), torch.tensor(last))
        if seen:
            each = [torch.logsumexp(answer.region[r, s].float(), 0) - torch.logsumexp(answer.region[r, s, right].float(), 0) for r, s, right in seen]
            losses["region"] = torch.stack(each).mean()
        total = total + sum(losses.values())
        for key, value in losses.items():
            parts[key] += float(value.detach()) / len(answers)
    return total, parts
