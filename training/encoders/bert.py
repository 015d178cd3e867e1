"""The text encoder: a BERT of any size, plus an embedding of how each word is written (the vocabulary is uncased)."""
from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from .config import TextConfig


class Embeddings(nn.Module):
    def __init__(self, config: TextConfig):
        super().__init__()
        self.word = nn.Embedding(config.vocabulary, config.width)
        self.position = nn.Embedding(config.positions, config.width)
        self.segment = nn.Embedding(config.segments, config.width)
        # Lower-casing drops what tells "Apple" from "apple". Zero at first, so that a pretrained encoder starts unchanged.
        self.shape = nn.Embedding(config.shapes, config.width)
        nn.init.zeros_(self.shape.weight)
        self.norm = nn.LayerNorm(config.width, eps=config.normEpsilon)

    def forward(self, ids, segments, shapes, positions=None):
        if positions is None:
            positions = torch.arange(ids.shape[1], device=ids.device)
        return self.norm(self.word(ids) + self.position(positions) + self.segment(segments) + self.shape(shapes))


class Attention(nn.Module):
    def __init__(self, config: TextConfig):
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.value = nn.Linear(config.width, config.width)
        self.output = nn.Linear(config.width, config.width)
        self.norm = nn.LayerNorm(config.width, eps=config.normEpsilon)

    def split(self, x):
        batch, length, width = x.shape
        return x.view(batch, length, self.heads, width // self.heads).transpose(1, 2)

    def keys_values(self, x):
        return self.split(self.key(x)), self.split(self.value(x))

    def forward(self, x, mask, dropout: float, beside=None):
        """`beside`: keys and values of other pieces that x may look at; the mask then ends with theirs."""
        keys, values = self.keys_values(x)
        if beside is not None:
            keys, values = torch.cat([keys, beside[0]], 2), torch.cat([values, beside[1]], 2)
        mixed = F.scaled_dot_product_attention(self.split(self.query(x)), keys, values, attn_mask=mask, dropout_p=dropout if self.training else 0.0)
        mixed = self.output(mixed.transpose(1, 2).reshape(x.shape))
        return self.norm(x + F.dropout(mixed, dropout, self.training))


class FeedForward(nn.Module):
    def __init__(self, config: TextConfig):
        super().__init__()
        self.up = nn.Linear(config.width, config.feedForward)
        self.down = nn.Linear(config.feedForward, config.width)
        self.norm = nn.LayerNorm(config.width, eps=config.normEpsilon)

    def forward(self, x, dropout: float):
        return self.norm(x + F.dropout(self.down(F.gelu(self.up(x))), dropout, self.training))


class Layer(nn.Module):
    def __init__(self, config: TextConfig):
        super().__init__()
        self.attention = Attention(config)
        self.feed_forward = FeedForward(config)

    def forward(self, x, mask, dropout: float, beside=None):
        return self.feed_forward(self.attention(x, mask, dropout, beside), dropout)


class TextEncoder(nn.Module):
    """ids, segments, shapes: (B, L) integers; mask: (B, L) of 0/1. Gives H: (B, L, width)."""

    def __init__(self, config: TextConfig, dropout: float = 0.1):
        super().__init__()
        self.dropout = dropout
        self.embeddings = Embeddings(config)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))

    def embed(self, ids, segments, shapes, positions=None):
        return F.dropout(self.embeddings(ids, segments, shapes, positions), self.dropout, self.training)

    def forward(self, ids, segments, shapes, mask):
        x = self.embed(ids, segments, shapes)
        visible = mask.bool()[:, None, None, :]
        for layer in self.layers:
            x = layer(x, visible, self.dropout)
        return x


# How the parameters of a Hugging Face BERT are called there and here.
_HF_LAYER = {
    "attention.self.query": "attention.query",
    "attention.self.key": "attention.key",
    "attention.self.value": "attention.value",
    "attention.output.dense": "attention.output",
    "attention.output.LayerNorm": "attention.norm",
    "intermediate.dense": "feed_forward.up",
    "output.dense": "feed_forward.down",
    "output.LayerNorm": "feed_forward.norm",
}
_HF_EMBEDDINGS = {"word_embeddings": "word", "position_embeddings": "position", "token_type_embeddings": "segment", "LayerNorm": "norm"}


def from_hugging_face(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Renames the state of a Hugging Face BERT to ours; drops its pooler and language-model heads."""
    renamed = {}
    for name, value in state.items():
        name = name.removeprefix("bert.").replace(".gamma", ".weight").replace(".beta", ".bias")
        if name.startswith("embeddings."):
            _, middle, last = name.rsplit(".", 2) if name.count(".") == 2 else ("", "", "")
            if middle in _HF_EMBEDDINGS:
                renamed[f"embeddings.{_HF_EMBEDDINGS[middle]}.{last}"] = value
        elif name.startswith("encoder.layer."):
            _, _, index, rest = name.split(".", 3)
            middle, last = rest.rsplit(".", 1)
            renamed[f"layers.{index}.{_HF_LAYER[middle]}.{last}"] = value
    return renamed


def load_hugging_face(encoder: TextEncoder, folder) -> None:
    """Reads a Hugging Face folder (`model.safetensors` or `pytorch_model.bin`) into the encoder; the shape embedding stays."""
    from pathlib import Path

    folder = Path(folder)
    if (folder / "model.safetensors").exists():
        from safetensors.torch import load_file

        state = load_file(folder / "model.safetensors")
    elif (folder / "pytorch_model.bin").exists():
        state = torch.load(folder / "pytorch_model.bin", map_location="cpu", weights_only=True)
    else:
        raise FileNotFoundError(f"{folder} holds neither model.safetensors nor pytorch_model.bin: download a BERT folder first")
    missing, unexpected = encoder.load_state_dict({k: v.float() for k, v in from_hugging_face(state).items()}, strict=False)
    if set(missing) - {"embeddings.shape.weight"} or unexpected:
        raise ValueError(f"{folder} is not a BERT of this size: missing {sorted(missing)}, unexpected {sorted(unexpected)}")
