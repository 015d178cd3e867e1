"""What all heads are trained on, made once and kept: sentences as the shared encoder reads them, photos as visual tokens."""
from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ...data.examples import Example, make_example
from ...data.photos import COCO_CLASSES
from ...data.readers import read_captions, read_conll
from ...data.text import TextReader
from ...data.views import OTHER_WORDS, make_views
from ...encoders.bert import TextEncoder, load_hugging_face
from ...encoders.csp_darknet import load_yolox
from ...run import load_run
from ...scoring import SETS
from ..bert_crf.model import BertCrf
from .align import train_alignment
from .config import Config
from .photo import GEOMETRY, Eyes, Photo
from .text import read_all
from .words import VOCABULARY, classes_of, embed, is_person, noise, seen_words


@dataclass
class Tweets:
    examples: list[Example]
    hidden: list[torch.Tensor]
    words: list[list[str]]  # what the caption of the tweet's own photo says of it, from the closed list


class Shelf:
    """`tagger`: a run or folder of BERT+CRF. `trunk`: a run or folder whose image encoder is used. Kept in `folder`."""

    def __init__(self, folder: Path, data: Path, tagger: Path, trunk: Path, predictors: Path | None, words: Path, copies: int = 2):
        folder.mkdir(parents=True, exist_ok=True)
        run = load_run(tagger)
        self.tagger, self.reader = run.model, run.reader
        assert isinstance(self.tagger, BertCrf)
        sight = load_run(trunk).model
        self.image_encoder, self.image = sight.image_encoder.eval(), sight.config.image
        self.encoder = TextEncoder(self.tagger.config.text, 0.0)
        load_hugging_face(self.encoder, words)  # untouched: the space of words
        self.word_reader = TextReader(words)
        self.eyes = Eyes(self.config("")).eval()
        self.photos_of(folder, data, predictors, copies)
        captions = read_captions(data / "captions.tsv") if (data / "captions.tsv").exists() else {}
        kept = folder / "texts.pt"
        hidden = torch.load(kept, weights_only=True) if kept.exists() else {}
        self.sets: dict[str, Tweets] = {}
        for name in SETS:
            for split in ("train", "valid"):
                examples = [make_example(t, self.reader) for t in read_conll(data / name / f"{split}.txt")]
                examples = [e for e in examples if e.first.any() or split == "valid"]
                key = f"{name}/{split}"
                if key not in hidden:
                    # Dev always in 32 bits: without a photo a row must be BERT+CRF to the last digit.
                    hidden[key] = read_all(self.tagger.text_encoder, examples, self.reader, split == "train")
                    torch.save(hidden, kept)
                self.sets[key] = Tweets(examples, hidden[key], [seen_words(captions.get(e.tweet.id, "")) for e in examples])

    def config(self, system: str, **more) -> Config:
        return Config(system=system, text=self.tagger.config.text, image=self.image, **more)

    def photos_of(self, folder: Path, data: Path, predictors: Path | None, copies: int) -> None:
        """Aligns words and tokens once, and turns every view of every training photo into tokens."""
        kept, width = folder / "photos.pt", self.encoder.embeddings.word.weight.shape[1]
        self.words = nn.Linear(width, self.config("").visual, bias=False)
        found = load_yolox(type(self.image_encoder)(self.image), predictors) if self.eyes.detector else {}
        if self.eyes.detector:
            self.eyes.detector.fill(found, self.image.strides)
            self.eyes.detector.requires_grad_(False)
        if not kept.exists():
            views = make_views(data / "photos", self.image_encoder, found, self.image, copies, 0)
            labels = {v.label for v in views if v.label}
            phrases = sorted({*COCO_CLASSES, *labels, *VOCABULARY, *(w for words in OTHER_WORDS.values() for w in words)})
            names = dict(zip(phrases, embed(self.encoder, self.word_reader, phrases)))
            words = train_alignment(self.eyes, views, names, folder)
            self.eyes.eval()
            photos = []
            with torch.no_grad():
                for view in views:
                    photo = self.eyes([f[None].float() for f in view.features])
                    boxes = {label: torch.from_numpy(b) for label, b in view.boxes.items()}
                    photos.append({"photo": vars(photo), "boxes": boxes, "complete": view.complete, "label": view.label})
            torch.save({"align": self.eyes.align.state_dict(), "words": words.state_dict(), "names": names, "photos": photos}, kept)
        saved = torch.load(kept, weights_only=True)
        self.eyes.align.load_state_dict(saved["align"])
        self.words.load_state_dict(saved["words"])
        self.eyes.requires_grad_(False)
        self.names = saved["names"]
        self.photos = [Photo(**p["photo"]) for p in saved["photos"]]
        self.views = saved["photos"]
        self.with_class: dict[str, list[int]] = defaultdict(list)
        self.without_person: list[int] = []
        for i, view in enumerate(self.views):
            for label in view["boxes"]:
                self.with_class[label].append(i)
            if "person" not in view["boxes"]:
                self.without_person.append(i)
        with torch.no_grad():
            self.word_vectors = {w: self.words(v) for w, v in self.names.items()}
        # Words are as long as what they stand for: the mean length of a region's vector.
        self.length = float(torch.cat([p.regions[p.regions_there][:, :-GEOMETRY].norm(dim=-1) for p in self.photos]).mean())

    def embedded(self, phrases: list[str]) -> torch.Tensor:
        """(n, C): any phrases in the space of the tokens."""
        with torch.no_grad():
            return nn.functional.normalize(self.words(embed(self.encoder, self.word_reader, phrases)), dim=-1) * self.length

    def from_words(self, words: list[str], rng: np.random.Generator) -> Photo | None:
        """What a caption says, as if it had been seen. Where things are is unknown: zeros."""
        if not words:
            return None
        tokens = nn.functional.normalize(torch.stack([self.word_vectors[w] for w in words]), dim=-1)
        tokens = (tokens + noise(rng, tokens.shape, 1 / tokens.shape[1] ** 0.5)) * self.length
        placed = torch.cat([tokens, torch.zeros(len(words), GEOMETRY)], 1)[None]
        there = torch.ones(1, len(words), dtype=torch.bool)
        person = torch.tensor([[is_person(w) for w in words]])
        return Photo(placed, there, placed, there, person, tokens.mean(0)[None], torch.zeros(1, len(words), 4))

    def look_alike(self, words: list[str], rng: random.Random) -> Photo | None:
        """A photo of the rarest class that the caption names."""
        classes = [c for c in classes_of(words) if self.with_class.get(c)]
        if not classes:
            return None
        return self.photos[rng.choice(self.with_class[min(classes, key=lambda c: len(self.with_class[c]))])]

    def wrong(self, rng: random.Random) -> Photo:
        return rng.choice(self.photos)

    def dev(self) -> dict[str, Tweets]:
        return {name: self.sets[f"{name}/valid"] for name in SETS}
