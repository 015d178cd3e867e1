"""MNER-QG: text and photo in, spans, existence and boxes out. An independent reading of the published method."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from ...encoders import TextEncoder, build_image_encoder
from .config import Config, OneWayConfig
from .entity_grounding import EntityGrounding
from .heads import GroundingHead
from .interactions import CommonWidth, CrossModality, ExistenceAware, QueryVector, query_mask
from .one_way import OneWay, Text
from .photo_heads import ImageKind, Relatedness


@dataclass
class Output:
    start: torch.Tensor  # (B, L) logits
    end: torch.Tensor  # (B, L) logits
    existence: torch.Tensor  # (B,) logits
    candidates: torch.Tensor | None  # (B', N, 5); B' = the sequences that have a photo
    none: torch.Tensor | None  # (B',)
    relevance: torch.Tensor | None  # (B',)

    def float(self) -> "Output":
        """As float32, for losses: autocast leaves 16 bits."""
        return Output(*(t if t is None else t.float() for t in vars(self).values()))


@dataclass
class PhotoFeatures:
    """What all queries of some photos share, computed once per photo; lists over the scales."""

    maps: list[torch.Tensor]  # U_k: (P, d + 8, g, g)
    objects: list[torch.Tensor]  # of the grounding head: (P, 5 × boxes (+ classes), g, g)


class MnerQg(nn.Module):
    def __init__(self, config: Config, dropout: float = 0.1):
        super().__init__()
        self.config = config
        self.text_encoder = TextEncoder(config.text, dropout)
        self.ask_one_way(config.oneWay)
        self.image_encoder = build_image_encoder(config.image)
        self.common_width = CommonWidth(config)
        self.query_vector = QueryVector(config)
        self.cross_modality = CrossModality(config)
        self.existence = ExistenceAware(config)
        self.span_head = nn.Linear(config.text.width, 2)
        self.existence_head = nn.Linear(config.text.width, 1)
        self.grounding_head = GroundingHead(config)
        # Heads beside the network proper, on what it found out: a box for each name, and what to think of the photo as a whole.
        if config.nameHeads:
            self.entity_grounding = EntityGrounding(config)
            self.relatedness = Relatedness(config)
            self.image_kind = ImageKind(config)

    def ask_one_way(self, setting: OneWayConfig | None) -> None:
        """The same weights, read another way; None: question and sentence together."""
        text = self.config.text
        self.config.oneWay = setting
        self.one_way = None if setting is None else OneWay(setting, text.layers, text.positions, self.config.maxPieces)

    def read(self, ids, segments, shapes, mask) -> Text:
        if self.one_way is not None:
            return Text(*self.one_way(self.text_encoder, ids, segments, shapes, mask))
        hidden = self.text_encoder(ids, segments, shapes, mask)
        return Text(hidden, mask, hidden, query_mask(segments, mask))

    def read_plain(self, ids, segments, shapes, mask):
        """(B, L, d_t) of sentences without a question."""
        if self.one_way is None:
            return self.text_encoder(ids, segments, shapes, mask)
        hidden, of = self.one_way.read_alone(self.text_encoder, ids, segments, shapes, mask)
        return hidden[of]

    def tell(self, text: Text, length: int):
        """Start and end (B, length) and existence (B,) of rows that were read, without a photo."""
        start, end, existence = self.answer(text.hidden)
        return text.spread(start, length), text.spread(end, length), existence

    def ask(self, text: Text):
        """The query vectors q of rows that were read."""
        return self.query_vector(text.question, text.asked)

    def encode_image(self, pixels) -> PhotoFeatures:
        """Once per photo, for all its queries: pixels (P, 3, S, S)."""
        return self.prepare_photos(self.image_encoder(pixels))

    def prepare_photos(self, features) -> PhotoFeatures:
        """From V_k, which training keeps: the trunk is frozen."""
        return PhotoFeatures(self.common_width(features), self.grounding_head.find_objects(features))

    def look(self, hidden, mask, q, photos: PhotoFeatures, photo):
        """The text once it has seen its photo (T, L, d_t); (T, N, 5) candidates, (T,) none logits and (T,) how much was let in."""
        seen, relevance, conditioned = self.cross_modality(hidden, mask, photos.maps, q, photo)
        candidates, none = self.grounding_head(conditioned, photos.maps, photos.objects, q, photo)
        return seen, candidates, none, relevance

    def answer(self, hidden):
        """(T, L) start and end logits, (T,) existence logits."""
        hidden = self.existence(hidden)
        start, end = self.span_head(hidden).unbind(-1)
        return start, end, self.existence_head(hidden[:, 0]).squeeze(-1)

    def forward(self, ids, segments, shapes, mask, photos: PhotoFeatures | None = None, photo=None) -> Output:
        """`photo` (B,) says which of the photos each sequence has, -1 for none. No photo at all: leave both out."""
        text = self.read(ids, segments, shapes, mask)
        hidden = text.hidden
        candidates = none = relevance = None
        have = (photo >= 0).nonzero().squeeze(-1) if photos is not None else ()
        if len(have):
            seen, candidates, none, relevance = self.look(hidden[have], text.mask[have], self.ask(text)[have], photos, photo[have])
            # Scattered, not overwritten: sequences without a photo keep their rows untouched.
            hidden = hidden.index_copy(0, have, seen.to(hidden.dtype))
        start, end, existence = self.answer(hidden)
        return Output(text.spread(start, ids.shape[1]), text.spread(end, ids.shape[1]), existence, candidates, none, relevance)
