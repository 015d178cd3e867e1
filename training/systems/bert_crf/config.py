"""What a BERT+CRF is made of. Its tags follow from the labels: O, then B- and I- of each."""
from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field

from ...encoders.config import TextConfig, tiny_text
from ..mner_qg.config import QUERIES


@dataclass
class Config:
    system: str = "bert-crf"
    size: str = "mini"
    text: TextConfig = field(default_factory=TextConfig)
    maxPieces: int = 128  # of one window
    queries: tuple = QUERIES  # only the labels are used: this system cannot be asked anything else

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(label for label, _ in self.queries)

    def to_dict(self) -> dict:
        return dataclasses.asdict(self) | {"queries": [{"label": label, "query": query} for label, query in self.queries]}

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2)

    @classmethod
    def from_dict(cls, plain: dict) -> "Config":
        known = {f.name for f in dataclasses.fields(cls)} - {"text", "queries"}
        return cls(text=TextConfig(**plain["text"]), queries=tuple((q["label"], q["query"]) for q in plain["queries"]),
                   **{k: v for k, v in plain.items() if k in known})


def tiny() -> Config:
    return Config(size="tiny-bert-crf", text=tiny_text(), maxPieces=48)


PRESETS = {"mini": Config, "tiny": tiny}
