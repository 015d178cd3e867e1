"""Candidate boxes: how they are coded at the cells, which of them answer a question, and the loss over them and «not in the photo»."""
from __future__ import annotations

import numpy as np
import torch

from .config import Config

FAR = 4.0  # cells that a centre may lie from the middle of the cell that speaks of it


def candidate_boxes(candidates: torch.Tensor, config: Config) -> torch.Tensor:
    """(…, N, 5) → (…, N, 4) boxes in input pixels. A centre may leave its cell: the cells around it know a thing, too."""
    cells, anchors, strides = [], [], []
    for k, stride in enumerate(config.image.strides):
        grid = config.image.size // stride
        y, x = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")
        cells.append(torch.stack([x, y], -1).reshape(-1, 1, 2).expand(-1, config.boxesPerCell, -1).reshape(-1, 2))
        anchors.append(torch.tensor(config.anchors[k]).repeat(grid * grid, 1))
        strides.append(torch.full((grid * grid * config.boxesPerCell, 1), float(stride)))
    cell, anchor, stride = (torch.cat(t).to(candidates.device, torch.float32) for t in (cells, anchors, strides))
    centre = (cell + 0.5 + candidates[..., :2].clamp(-FAR, FAR)) * stride
    half = anchor * candidates[..., 2:4].clamp(-4, 4).exp() / 2
    return torch.cat([centre - half, centre + half], -1)


def encode_boxes(boxes: torch.Tensor, index: torch.Tensor, config: Config) -> torch.Tensor:
    """The inverse of `candidate_boxes` for the candidates at `index`: (M, 4) boxes → (M, 4) of t_x, t_y, t_w, t_h."""
    zero = candidate_boxes(torch.zeros(int(total_candidates(config)), 5), config)[index]
    stride = torch.cat([torch.full(((config.image.size // s) ** 2 * config.boxesPerCell,), float(s)) for s in config.image.strides])[index][:, None]
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-3)
    base, anchor = (zero[:, :2] + zero[:, 2:]) / 2, zero[:, 2:] - zero[:, :2]
    return torch.cat([((centre - base) / stride).clamp(-FAR, FAR), (size / anchor).log().clamp(-4, 4)], -1)


def total_candidates(config: Config) -> int:
    return sum((config.image.size // s) ** 2 * config.boxesPerCell for s in config.image.strides)


def matching_candidates(boxes: np.ndarray, config: Config) -> tuple[np.ndarray, np.ndarray]:
    """(candidate indices, their boxes): the anchors whose shape fits, at the cell of the centre and the two nearest beside it."""
    anchors = np.array(config.anchors, dtype=np.float32)
    index, targets = [], []
    grids = [config.image.size // s for s in config.image.strides]
    offset = np.concatenate([[0], np.cumsum([g * g * config.boxesPerCell for g in grids])])
    for box in boxes:
        w, h = max(1.0, box[2] - box[0]), max(1.0, box[3] - box[1])
        shared = np.minimum(anchors[..., 0], w) * np.minimum(anchors[..., 1], h)
        fit = shared / (anchors[..., 0] * anchors[..., 1] + w * h - shared)
        chosen = fit >= min(0.45, fit.max())
        for k, a in zip(*np.nonzero(chosen)):
            grid, stride = grids[k], config.image.strides[k]
            cx, cy = (box[0] + box[2]) / 2 / stride, (box[1] + box[3]) / 2 / stride
            x, y = min(grid - 1, max(0, int(cx))), min(grid - 1, max(0, int(cy)))
            cells = [(x, y), (x + (1 if cx - x > 0.5 else -1), y), (x, y + (1 if cy - y > 0.5 else -1))]
            for cell_x, cell_y in cells:
                if 0 <= cell_x < grid and 0 <= cell_y < grid:
                    index.append(offset[k] + (cell_y * grid + cell_x) * config.boxesPerCell + a)
                    targets.append(box)
    return np.array(index, dtype=np.int64), np.array(targets, dtype=np.float32).reshape(-1, 4)


def giou_loss(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    area = lambda t: (t[:, 2:] - t[:, :2]).clamp(min=0).prod(-1)
    union = area(a) + area(b) - shared
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=0).prod(-1)
    return 1 - shared / union.clamp(min=1e-6) + (hull - union) / hull.clamp(min=1e-6)


def grounding_loss(candidates, none, targets: list[np.ndarray | None], config: Config) -> tuple[torch.Tensor, torch.Tensor]:
    """`targets`: per sequence the boxes that would be right, an empty array for «not in the photo», None for «nobody knows».

    Any right box will do, so the loss asks for the probability of all of them together. Returns (choice, boxes).
    """
    rows, choice, where_rows, where, wanted = [], [], [], [], []
    logits = torch.cat([candidates[..., 4], none[:, None]], 1)
    total = torch.logsumexp(logits, 1)
    for row, boxes in enumerate(targets):
        if boxes is None:
            continue
        if len(boxes) == 0:
            choice.append(total[row] - none[row])
            continue
        index, target = matching_candidates(boxes, config)
        choice.append(total[row] - torch.logsumexp(candidates[row, torch.from_numpy(np.unique(index)), 4], 0))
        where_rows.append(np.full(len(index), row))
        where.append(index)
        wanted.append(target)
    zero = candidates.sum() * 0
    if not choice:
        return zero, zero
    box_loss = zero
    if where:
        picked = candidates[np.concatenate(where_rows), np.concatenate(where)]
        every = candidate_boxes_at(picked, np.concatenate(where), config)
        box_loss = giou_loss(every, torch.from_numpy(np.concatenate(wanted)).to(every.device)).mean()
    return torch.stack(choice).mean(), box_loss


_GRID: dict[tuple, tuple] = {}


def candidate_boxes_at(picked: torch.Tensor, index: np.ndarray, config: Config) -> torch.Tensor:
    """Boxes of a few candidates, without decoding the thousands that are not asked for."""
    key = (config.image.size, config.anchors)
    if key not in _GRID:
        zero = candidate_boxes(torch.zeros(total_candidates(config), 5), config)
        stride = torch.cat([torch.full(((config.image.size // s) ** 2 * config.boxesPerCell, 1), float(s)) for s in config.image.strides])
        _GRID[key] = ((zero[:, :2] + zero[:, 2:]) / 2, zero[:, 2:] - zero[:, :2], stride)
    centre, size, stride = (t[index].to(picked.device) for t in _GRID[key])
    middle = centre + picked[:, :2].clamp(-FAR, FAR) * stride
    half = size * picked[:, 2:4].clamp(-4, 4).exp() / 2
    return torch.cat([middle - half, middle + half], -1)
