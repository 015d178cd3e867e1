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
from ...data.photos import COCO_CLASSES, iou
from ...data.readers import read_captions, read_conll
from ...data.text import TextReader
from ...data.views import OTHER_WORDS
from ...encoders.bert import TextEncoder, load_hugging_face
from ...run import load_run
from ...scoring import SETS
from ..bert_crf.model import BertCrf
from ..mner_qg.ground_nanodet import make_views
from .align import Seen, train_alignment
from .config import Config
from .photo import GEOMETRY, Eyes, Photo
from .text import read_all
from .words import VOCABULARY, classes_of, embed, is_person, noise, seen_words

RIGHT = 0.5  # overlap from which a region is a right answer


@dataclass
class Tweets:
    examples: list[Example]
    hidden: list[torch.Tensor]
    words: list[list[str]]  # what the caption of the tweet's own photo says of it, from the closed list


@dataclass
class Look:
    """One look at one photo, as tokens, with the boxes in input pixels of what is known to be there."""

    photo: Photo
    boxes: dict[str, np.ndarray]
    complete: bool
    kind: str
    held: bool

    def regions_of(self, label: str) -> list[int] | None:
        """Which places answer a name of this type: 0 is "not in the photo", then the regions. None: nobody knows.

        People are boxed wherever all things are, and logos on photos of their own. An everyday photo shows no other name.
        """
        wanted = self.boxes.get({"PER": "person", "ORG": "logo"}.get(label, ""))
        if wanted is None:
            return [0] if self.complete else None
        right = (iou(self.photo.boxes[0].numpy(), wanted) >= RIGHT).any(1) & self.photo.regions_there[0].numpy()
        return [1 + int(i) for i in np.nonzero(right)[0]] or None


class Shelf:
    """`tagger`: a run or folder of BERT+CRF. `trunk`: a run or folder of MNER-QG, whose image encoder is used. Kept in `folder`."""

    def __init__(self, folder: Path, data: Path, tagger: Path, trunk: Path, words: Path, copies: int = 2):
        folder.mkdir(parents=True, exist_ok=True)
        run = load_run(tagger)
        self.tagger, self.reader = run.model, run.reader
        assert isinstance(self.tagger, BertCrf)
        self.sight = load_run(trunk).model.eval()
        self.image_encoder, self.image = self.sight.image_encoder, self.sight.config.image
        self.encoder = TextEncoder(self.tagger.config.text, 0.0)
        load_hugging_face(self.encoder, words)  # untouched: the space of words
        self.word_reader = TextReader(words)
        self.eyes = Eyes(self.config("")).eval()
        self.photos_of(folder, data, copies)
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

    def look(self, folder: Path, copies: int, held: bool) -> list[Seen]:
        """What logos and lettering are of has no part in this: both are what they are."""
        found = []
        for view in make_views(folder, self.sight, copies, 0, held):
            boxes, view.features = view.boxes, [f[None].float() for f in view.features]
            if view.kind == "logo":
                brands = [b for label, b in boxes.items() if label != "person"]
                boxes = {label: b for label, b in boxes.items() if label == "person"} | ({"logo": np.concatenate(brands)} if brands else {})
            elif view.kind == "sign":
                boxes = {{"lettering": "text"}.get(label, label): b for label, b in boxes.items()}
            found.append(Seen(self.eyes.pick(view.features), boxes, view.complete, view.kind, view.label))
            view.features = []
        return found

    def photos_of(self, folder: Path, data: Path, copies: int) -> None:
        """Aligns words and tokens once, and turns every view of every training photo into tokens."""
        kept, width = folder / "photos.pt", self.encoder.embeddings.word.weight.shape[1]
        self.words = nn.Linear(width, self.config("").visual, bias=False)
        if not kept.exists():
            views, held = self.look(data / "photos", copies, False), self.look(data / "photos", 1, True)
            labels = {v.label for v in views if v.label}
            phrases = sorted({*COCO_CLASSES, *labels, *VOCABULARY, *(w for words in OTHER_WORDS.values() for w in words)})
            names = dict(zip(phrases, embed(self.encoder, self.word_reader, phrases)))
            words = train_alignment(self.eyes, views, names, folder)
            self.eyes.eval()
            with torch.no_grad():
                photos = [{"photo": vars(self.eyes.tokens(view.picked)), "boxes": {label: torch.from_numpy(b) for label, b in view.boxes.items()},
                           "complete": view.complete, "label": view.label, "kind": view.kind, "held": place >= len(views)} for place, view in enumerate([*views, *held])]
            torch.save({"align": self.eyes.align.state_dict(), "words": words.state_dict(), "names": names, "photos": photos}, kept)
        saved = torch.load(kept, weights_only=True)
        self.eyes.align.load_state_dict(saved["align"])
        self.words.load_state_dict(saved["words"])
        self.eyes.requires_grad_(False)
        self.names = saved["names"]
        every = [Look(Photo(**p["photo"]), {label: b.numpy() for label, b in p["boxes"].items()}, p["complete"], p["kind"], p["held"]) for p in saved["photos"]]
        self.looks, self.held = [p for p in every if not p.held], [p for p in every if p.held]
        self.with_class: dict[str, list[Look]] = defaultdict(list)
        for one in self.looks:
            for label in one.boxes:
                self.with_class[label].append(one)
        with torch.no_grad():
            self.word_vectors = {w: self.words(v) for w, v in self.names.items()}
        # Words are as long as what they stand for: the mean length of a region's vector.
        self.length = float(torch.cat([p.photo.regions[p.photo.regions_there][:, :-GEOMETRY].norm(dim=-1) for p in self.looks]).mean())

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

    def look_alike(self, words: list[str], rng: random.Random) -> Look | None:
        """A photo of the rarest class that the caption names."""
        classes = [c for c in classes_of(words) if self.with_class.get(c)]
        if not classes:
            return None
        return rng.choice(self.with_class[min(classes, key=lambda c: len(self.with_class[c]))])

    def wrong(self, rng: random.Random) -> Look:
        return rng.choice(self.looks)

    def dev(self) -> dict[str, Tweets]:
        return {name: self.sets[f"{name}/valid"] for name in SETS}
