"""Mixed batches: tweets with a photo, tweets alone, photos alone, all as rows of one padded batch."""
from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
import torch

from ...data.examples import Example, pad
from ...data.text import TextReader


@dataclass
class Row:
    """One sequence: a query put to a sentence (or to nothing but the photo)."""

    query: str
    example: Example | None
    label: int = -1  # index of the entity type whose spans are the answer; -1: no spans are known
    spans: list[tuple[int, int]] = field(default_factory=list)
    weight: float = 1.0  # of the text losses
    photo: int = -1  # index into the batch's photos
    boxes: np.ndarray | None = None  # in input pixels; empty: not in the photo; None: nobody knows


@dataclass
class Batch:
    ids: torch.Tensor
    segments: torch.Tensor
    shapes: torch.Tensor
    mask: torch.Tensor
    photo: torch.Tensor
    starts: torch.Tensor
    ends: torch.Tensor
    start_weight: torch.Tensor
    end_weight: torch.Tensor
    exists: torch.Tensor
    exists_weight: torch.Tensor
    offset: list[int]  # where the sentence begins in each row
    targets: list

    def to(self, device) -> "Batch":
        return Batch(**{name: value.to(device) if isinstance(value, torch.Tensor) else value for name, value in vars(self).items()})


def collate(rows: list[Row], reader: TextReader) -> Batch:
    ids, segments, shapes, offset = [], [], [], []
    for row in rows:
        query = reader.query(row.query)
        sentence = row.example.ids if row.example else np.zeros(0, dtype=np.int64)
        tail = [reader.sep] if row.example else []
        ids.append(np.concatenate([[reader.cls], query, [reader.sep], sentence, tail]).astype(np.int64))
        begin = len(query) + 2
        offset.append(begin)
        segments.append((np.arange(len(ids[-1])) >= begin).astype(np.int64))
        shape = np.zeros(len(ids[-1]), dtype=np.int64)
        if row.example:
            shape[begin : begin + len(sentence)] = row.example.shapes
        shapes.append(shape)
    mask = pad([np.ones(len(i), dtype=np.int64) for i in ids])
    starts, ends, start_weight, end_weight = (np.zeros(mask.shape, dtype=np.float32) for _ in range(4))
    for i, row in enumerate(rows):
        if row.example and row.label >= 0:
            begin, size = offset[i], len(row.example.ids)
            start_weight[i, begin : begin + size] = row.example.first * row.weight
            end_weight[i, begin : begin + size] = row.example.last * row.weight
            for a, b in row.spans:
                starts[i, begin + a] = ends[i, begin + b] = 1
    known = np.array([row.example is not None and row.label >= 0 for row in rows], dtype=np.float32)
    t = torch.from_numpy
    return Batch(pad(ids, reader.pad), pad(segments), pad(shapes), mask, torch.tensor([row.photo for row in rows]), t(starts), t(ends),
                 t(start_weight), t(end_weight), torch.tensor([float(len(row.spans) > 0) for row in rows]),
                 t(known * np.array([row.weight for row in rows], dtype=np.float32)), offset, [row.boxes for row in rows])


def tweet_rows(example: Example, queries, rng: random.Random | None, absent: int = 1) -> list[Row]:
    """The questions put to one tweet. In training every type that is there is asked for and `absent` of those that are not,
    these weighted up to stand for all that were left out; without rng all are asked, as the reader's browser does."""
    by_label: dict[int, list[tuple[int, int]]] = {}
    for a, b, label in example.spans:
        by_label.setdefault(label, []).append((a, b))
    rows, missing = [], []
    for label, (_, query) in enumerate(queries):
        if not example.known[label]:
            continue
        if rng is None or label in by_label:
            rows.append(Row(query, example, label, by_label.get(label, [])))
        else:
            missing.append((label, query))
    if missing:
        chosen = rng.sample(missing, min(absent, len(missing)))
        rows += [Row(query, example, label, [], len(missing) / len(chosen)) for label, query in chosen]
    return rows
