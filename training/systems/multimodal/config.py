"""What a multimodal system is made of: the encoders of BERT+CRF and MNER-QG, and a head of its own."""
from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field

from ...encoders.config import ImageConfig, TextConfig, nanodet_image, tiny_image, tiny_text
from ..mner_qg.config import QUERIES


@dataclass
class Config:
    system: str = ""
    size: str = "mini"
    text: TextConfig = field(default_factory=TextConfig)
    image: ImageConfig = field(default_factory=lambda: nanodet_image(384, 96))
    visual: int = 128  # of a visual token, in the space that words and photos share
    regions: int = 16  # most detections of a photo
    width: int = 192  # of the head
    heads: int = 6
    feedForward: int = 768
    layers: int = 1
    maxPieces: int = 128
    maxSpanWords: int = 12
    prompts: tuple[str, ...] = ()  # PromptMNER: the discrete ones, in the order of the bank
    queries: tuple = QUERIES

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(label for label, _ in self.queries)

    def to_dict(self) -> dict:
        return dataclasses.asdict(self) | {"queries": [{"label": label, "query": query} for label, query in self.queries]}

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2)

    @classmethod
    def from_dict(cls, plain: dict) -> "Config":
        known = {f.name for f in dataclasses.fields(cls)} - {"text", "image", "queries", "prompts"}
        return cls(text=TextConfig(**plain["text"]), image=ImageConfig.from_dict(plain["image"]), prompts=tuple(plain.get("prompts", ())),
                   queries=tuple((q["label"], q["query"]) for q in plain["queries"]), **{k: v for k, v in plain.items() if k in known})


def tiny(system: str, **more) -> Config:
    text = dataclasses.replace(tiny_text(), vocabulary=200)
    return Config(**{"system": system, "size": f"tiny-{system}", "text": text, "image": tiny_image("nanodet-plus"), "visual": 16, "regions": 5, "width": 16,
                     "heads": 2, "feedForward": 32, "maxPieces": 48} | more)
