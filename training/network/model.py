"""MNER-QG: text and photo in, spans, existence and boxes out. An independent reading of the published method."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from ..config import Config
from .entity_grounding import EntityGrounding
from .heads import GroundingHead
from .image_encoder import build_image_encoder
from .interactions import CommonWidth, CrossModality, ExistenceAware, QueryVector
from .photo_heads import ImageKind, Relatedness
from .text_encoder import TextEncoder


@dataclass
class Output:
    start: torch.Tensor  # (B, L) logits
    end: torch.Tensor  # (B, L) logits
    existence: torch.Tensor  # (B,) logits
    candidates: torch.Tensor | None  # (B', N, 5); B' = the sequences that have a photo
    none: torch.Tensor | None  # (B',)
    relevance: torch.Tensor | None  # (B',)


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

    def encode_image(self, pixels) -> PhotoFeatures:
        """Once per photo, for all its queries: pixels (P, 3, S, S)."""
        return self.prepare_photos(self.image_encoder(pixels))

    def prepare_photos(self, features) -> PhotoFeatures:
        """From V_k, which training keeps: the trunk is frozen."""
        return PhotoFeatures(self.common_width(features), self.grounding_head.find_objects(features))

    def forward(self, ids, segments, shapes, mask, photos: PhotoFeatures | None = None, photo=None) -> Output:
        """`photo` (B,) says which of the photos each sequence has, -1 for none. No photo at all: leave both out."""
        hidden = self.text_encoder(ids, segments, shapes, mask)
        candidates = none = relevance = None
        if photos is not None:
            have = (photo >= 0).nonzero().squeeze(-1)
            if len(have):
                h, where = hidden[have], photo[have]
                # The query's pieces: segment 0 without [CLS] and [SEP], the first and the last of them.
                query = (segments[have] == 0) & mask[have].bool()
                last = query.sum(-1, keepdim=True) - 1
                place = torch.arange(query.shape[1], device=query.device)[None]
                q = self.query_vector(h, query & (place > 0) & (place < last))
                conditioned = self.cross_modality.see(photos.maps, q, where)
                seen, relevance = self.cross_modality.read(h, conditioned, mask[have])
                candidates, none = self.grounding_head(conditioned, photos.maps, photos.objects, q, where)
                # Scattered, not overwritten: sequences without a photo keep their rows untouched.
                hidden = hidden.index_copy(0, have, seen)
        hidden = self.existence(hidden)
        start, end = self.span_head(hidden).unbind(-1)
        return Output(start, end, self.existence_head(hidden[:, 0]).squeeze(-1), candidates, none, relevance)
