"""Sentences as the frozen encoder has read them: heads learn from these alone."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ...data.examples import Example
from ...data.text import TextReader
from ..bert_crf.inputs import collate


@dataclass
class Text:
    hidden: torch.Tensor  # (B, L, d_t)
    mask: torch.Tensor  # (B, L)
    first: torch.Tensor  # (B, L) bool
    allowed: torch.Tensor  # (B, L, 9) bool
    examples: list[Example]
    regions: list[dict] | None = None  # of each: (first, last piece) → which regions are right, 0 for "not in the photo"; only what is known


@torch.no_grad()
def read_all(encoder, examples: list[Example], reader: TextReader, bf16: bool = False, batch_size: int = 48) -> list[torch.Tensor]:
    """(pieces + 2, d_t) of each example; read and kept in 16 bits where that is near enough."""
    out: list = [None] * len(examples)
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].ids))
    encoder.eval()
    for at in range(0, len(order), batch_size):
        part = order[at : at + batch_size]
        b = collate([examples[i] for i in part], reader)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            hidden = encoder(b.ids, b.segments, b.shapes, b.mask)
        for row, i in enumerate(part):
            kept = hidden[row, : len(examples[i].ids) + 2].clone()
            out[i] = kept.half() if bf16 else kept
    return out


def text_batch(examples: list[Example], hidden: list[torch.Tensor], reader: TextReader) -> Text:
    b = collate(examples, reader)
    padded = torch.nn.utils.rnn.pad_sequence([h.float() for h in hidden], batch_first=True)
    return Text(padded, b.mask, b.first, b.allowed, examples)


def word_starts(example: Example) -> np.ndarray:
    """The first piece of each word, [CLS] counted."""
    return np.nonzero(example.first)[0] + 1
