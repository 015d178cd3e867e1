"""One-way questions: a question is read once, alone, and a sentence once through the lower layers; only above do they meet.

There the sentence looks at itself and at the question, and the question at nothing but itself: whatever tweet it is put to, its
keys and values are the same. `docs/decisions/one-way.md` says why, and what is where. No weight is added or reshaped.
"""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from ...encoders import TextEncoder
from .config import OneWayConfig
from .interactions import query_mask


@dataclass
class Text:
    """B rows, read. Read together, sentence and question are one; one-way, `hidden` is [CLS] and the sentence, whose place
    in the row is `columns`, and `question` is what stands before the sentence."""

    hidden: torch.Tensor  # (B, S, width)
    mask: torch.Tensor  # (B, S)
    question: torch.Tensor  # (B, Q, width), Q the first columns of a row
    asked: torch.Tensor  # (B, Q): the question's own pieces
    columns: torch.Tensor | None = None  # (B, S)

    def spread(self, values: torch.Tensor, length: int) -> torch.Tensor:
        """(B, S, …) → (B, length, …): to where the pieces stand in their rows. What is not read with the sentence is 0."""
        if self.columns is None:
            return values
        kept = self.mask.bool().view(*self.mask.shape, *[1] * (values.dim() - 2))
        columns = self.columns.view(kept.shape).expand_as(values)
        # Padding adds nothing, to whatever place.
        return torch.zeros(len(values), length, *values.shape[2:], dtype=values.dtype, device=values.device).scatter_add(1, columns, values * kept)


class OneWay(nn.Module):
    """Reads rows `[CLS] question [SEP] sentence [SEP]` with a text encoder. Equal questions and equal sentences are read once."""

    def __init__(self, config: OneWayConfig, layers: int, positions: int, longest: int):
        super().__init__()
        if not 0 <= config.sharedLayers < layers:
            raise ValueError(f"oneWay.sharedLayers is {config.sharedLayers}: of {layers} layers at least one must know the question")
        if config.sentenceStart < 1 or config.sentenceStart + longest > positions:
            raise ValueError(f"oneWay.sentenceStart is {config.sentenceStart}: rows of {longest} pieces must end within {positions} positions")
        self.shared, self.start = config.sharedLayers, config.sentenceStart

    def forward(self, encoder: TextEncoder, ids, segments, shapes, mask):
        """(B, S, width) of [CLS] and sentence; and the rest of a `Text`, in its order."""
        begin = ((segments == 0) & mask.bool()).sum(-1, keepdim=True)  # where the sentence stands
        used = mask.sum(-1, keepdim=True)
        at = torch.arange(int(begin.max()), device=ids.device)[None]
        part = (at < begin).to(ids.dtype)
        question, asked, which = self.read_questions(encoder, *(t[:, : at.shape[1]] * part for t in (ids, shapes)), part)
        at = torch.arange(int((used - begin).max()) + 1, device=ids.device)[None]
        columns = torch.where(at == 0, 0, begin + at - 1)
        inside = (columns < used).to(ids.dtype)
        columns = columns * inside
        rows = [t.gather(1, columns) * inside for t in (ids, segments, shapes)]
        hidden, of = self.read_alone(encoder, *rows, inside, self.shared)
        visible = torch.cat([inside, part], 1).bool()[:, None, None, :]
        x = hidden[of]
        for layer, (keys, values) in zip(encoder.layers[self.shared :], asked):
            x = layer(x, visible, encoder.dropout, (keys[which], values[which]))
        return x, inside, question[which], query_mask(torch.zeros_like(part), part), columns

    def read_questions(self, encoder, ids, shapes, mask):
        """Each question alone: what it is at the end, its keys and values for the upper layers, and whose question is which."""
        (ids, shapes, mask), which = distinct(ids, shapes, mask)
        x, visible, kept = encoder.embed(ids, torch.zeros_like(ids), shapes), mask.bool()[:, None, None, :], []
        for index, layer in enumerate(encoder.layers):
            if index >= self.shared:
                kept.append(layer.attention.keys_values(x))
            x = layer(x, visible, encoder.dropout)
        return x, kept, which

    def read_alone(self, encoder, ids, segments, shapes, mask, layers: int | None = None):
        """Sentences without a question, `[CLS] sentence [SEP]`, through the lowest layers (or all): (distinct, S, width), and whose is which."""
        (ids, segments, shapes, mask), of = distinct(ids, segments, shapes, mask)
        at = torch.arange(ids.shape[1], device=ids.device)
        x, visible = encoder.embed(ids, segments, shapes, torch.where(at == 0, 0, self.start + at - 1)), mask.bool()[:, None, None, :]
        for layer in encoder.layers[:layers]:
            x = layer(x, visible, encoder.dropout)
        return x, of


def distinct(*rows: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The distinct rows of tensors (B, L) taken together, and for each row which of them it is."""
    together, which = torch.unique(torch.stack(rows, 1), dim=0, return_inverse=True)
    return list(together.unbind(1)), which
