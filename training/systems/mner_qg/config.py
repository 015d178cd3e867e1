"""What a network is made of, as plain dataclasses. `Config.to_json()` is what the browser reads as `config`."""
from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

from ...encoders.config import ImageConfig, TextConfig, nanodet_image, tiny_image, tiny_text

# Every entity type is a question. Any other words work too: the network reads the question, not an index.
QUERIES = (
    ("PER", "person: names of people and fictional characters"),
    ("LOC", "location: names of places, cities, countries, buildings"),
    ("ORG", "organisation: names of companies, teams, bands, parties"),
    ("OTHER", "other name: events, films, songs, products, animals"),
)


@dataclass
class OneWayConfig:
    sharedLayers: int  # which read a sentence without any question
    sentenceStart: int = 16  # position of a sentence's first piece: behind the question, as where both are read together


@dataclass
class Config:
    size: str = "mini"
    text: TextConfig = field(default_factory=TextConfig)
    image: ImageConfig = field(default_factory=ImageConfig)
    width: int = 128  # d, the common width
    attentionHeads: int = 4
    depthwise: bool = True  # the 3×3 of the query-conditioned maps: per channel (mini) or full (base)
    anchors: tuple = (  # w, h in input pixels; as many at every scale, coarsest scale first (k-means over COCO boxes at 320)
        ((120.0, 250.0), (230.0, 140.0), (280.0, 280.0)),
        ((50.0, 110.0), (100.0, 60.0), (110.0, 150.0)),
        ((16.0, 30.0), (36.0, 24.0), (45.0, 60.0)),
    )
    nameHeads: bool = False  # a box for each name, whether the photo belongs to the text, and what kind of picture it is
    oneWay: OneWayConfig | None = None  # None: question and sentence are read together, in every layer
    maxSpanWords: int = 12
    maxPieces: int = 128  # of one window, query included
    queries: tuple = QUERIES

    @property
    def boxesPerCell(self) -> int:
        return len(self.anchors[0])

    def to_dict(self) -> dict:
        plain = dataclasses.asdict(self)
        if self.oneWay is None:
            del plain["oneWay"]
        plain["queries"] = [{"label": label, "query": query} for label, query in self.queries]
        return plain

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2)

    @staticmethod
    def from_dict(plain: dict) -> "Config":
        plain = dict(plain)
        text = TextConfig(**plain.pop("text"))
        image = ImageConfig.from_dict(plain.pop("image"))
        queries = tuple((q["label"], q["query"]) for q in plain.pop("queries"))
        anchors = tuple(tuple(tuple(a) for a in scale) for scale in plain.pop("anchors"))
        one_way = plain.pop("oneWay", None)
        known = {f.name for f in dataclasses.fields(Config)}
        return Config(text=text, image=image, queries=queries, anchors=anchors, oneWay=one_way and OneWayConfig(**one_way), **{k: v for k, v in plain.items() if k in known})

    @staticmethod
    def load(path: str | Path) -> "Config":
        return Config.from_dict(json.loads(Path(path).read_text()))


def mini() -> Config:
    return Config()


# Two boxes a cell, each measured in strides: the detector's own, and a learnt one for what it was never taught (logos, lettering).
STRIDE_ANCHORS = tuple(((float(s), float(s)),) * 2 for s in (64, 32, 16, 8))


def nano() -> Config:
    """The shipped network: as mini, with NanoDet-plus-m for its eyes."""
    return Config(image=nanodet_image(384, 96), anchors=STRIDE_ANCHORS, nameHeads=True)


def base() -> Config:
    """The paper's size: BERT-base, Darknet-53 with a feature pyramid, 256 pixels, 512 wide."""
    scale = 256 / 320
    anchors = tuple(tuple((w * scale, h * scale) for w, h in row) for row in Config().anchors)
    return Config(
        size="base",
        text=TextConfig(layers=12, width=768, heads=12, feedForward=3072),
        image=ImageConfig(kind="darknet53-fpn", size=256, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), channels=(512, 256, 128)),
        width=512,
        attentionHeads=8,
        depthwise=False,
        anchors=anchors,
    )


def tiny_one_way() -> Config:
    return dataclasses.replace(tiny("nanodet-plus"), size="tiny-one-way", oneWay=OneWayConfig(1))


def tiny(kind: str = "csp-darknet-pan") -> Config:
    """A few thousand parameters of either shape: for tests and golden vectors that are small enough to commit."""
    return Config(
        size={"csp-darknet-pan": "tiny-mini", "nanodet-plus": "tiny-nanodet", "darknet53-fpn": "tiny-base"}[kind],
        text=tiny_text(),
        image=tiny_image(kind),
        width=16,
        attentionHeads=2,
        depthwise=kind != "darknet53-fpn",
        anchors=STRIDE_ANCHORS if kind == "nanodet-plus" else tuple(tuple((w / 5, h / 5) for w, h in row) for row in Config().anchors),
        nameHeads=kind == "nanodet-plus",
        maxPieces=48,
    )


PRESETS = {"mini": mini, "nano": nano, "base": base, "tiny": tiny, "tiny-nanodet": lambda: tiny("nanodet-plus"), "tiny-one-way": tiny_one_way, "tiny-base": lambda: tiny("darknet53-fpn")}
