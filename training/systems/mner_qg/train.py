"""How MNER-QG is trained: on mixed batches of tweets with a photo, tweets alone, photos alone."""
from __future__ import annotations

import argparse
import json
import random
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ...data.examples import Example, augment, make_example, token_batches
from ...data.photos import COCO_CLASSES
from ...data.readers import read_boxes, read_conll
from ...data.text import TextReader
from ...data.views import PARAPHRASES, UNSEEN, View, class_words, make_views, questions, teacher_scores
from ...encoders.bert import load_hugging_face
from ...encoders.csp_darknet import CspDarknetPan, load_yolox
from ...encoders.darknet53 import Darknet53Fpn, load_darknet
from ...loop import Recipe, parameter_groups, save_weights
from ...run import load_run
from ...scoring import SETS, dev_examples
from .config import PRESETS
from .evaluate import evaluate_all, summary
from .heads import start_from_detector
from .inputs import Row, collate, tweet_rows
from .loss import LossWeights, joint_loss
from .model import MnerQg


class Tweets:
    """The training tweets of an epoch, with who of them is known to be seen in the tweet's own photo."""

    def __init__(self, data: Path, reader: TextReader, extra: float):
        self.reader = reader
        self.sets = [(read_conll(data / name / "train.txt"), 1.0, (True,) * 4) for name in SETS]
        for path, known in (("extra/tweebank/train.bio", (True,) * 4), ("extra/btc/btc.train", (True, True, True, False))):
            if extra and (data / path).exists():
                self.sets.append((read_conll(data / path), extra, known))
        boxes = read_boxes(data / "boxes.json") if (data / "boxes.json").exists() else {}
        self.visible: dict[str, set[str]] = {}
        self.annotated = set(boxes)
        for identity, entry in boxes.items():
            self.visible[identity] = {b["type"] for b in entry["boxes"]}

    def epoch(self, rng: random.Random) -> list[Example]:
        examples = []
        for tweets, share, known in self.sets:
            for tweet in rng.sample(tweets, int(len(tweets) * share)):
                example = make_example(augment(tweet, rng), self.reader, known)
                if len(example.ids):
                    examples.append(example)
        return examples


def answer_in(view: View, label: str, visible: bool) -> np.ndarray | None:
    """What a type's query must answer on a stand-in photo, chosen so that it shows (or does not show) what the tweet's own did."""
    none = np.zeros((0, 4), dtype=np.float32)
    if label == "PER":
        return view.boxes.get("person", none) if view.complete else None
    return none if not visible and view.kind == "coco" else None


class Training(Recipe):
    def __init__(self, args):
        self.args = args
        self.data, self.out = Path(args.data), Path(args.out)
        self.rng = random.Random(args.seed)
        if args.start and Path(args.start).is_dir():
            # A whole network: a run, or a converted model folder (its float32 is lost, what its 8 bits say is not).
            start = load_run(args.start)
            self.model, self.reader, self.config = start.model, start.reader, start.model.config
        else:
            self.config = PRESETS[args.config]()
            self.reader = TextReader(args.encoder)
            self.model = MnerQg(self.config)
            load_hugging_face(self.model.text_encoder, args.encoder)
            if args.start:
                state = torch.load(args.start, map_location="cpu", weights_only=True)
                target = self.model.text_encoder if "embeddings.word.weight" in state else self.model
                target.load_state_dict(state, strict=target is self.model.text_encoder)
        self.weights = LossWeights(existence=args.existence)
        self.predictors, self.views = {}, []
        if not args.text_only:
            self.prepare_photos()
        self.tweets = Tweets(self.data, self.reader, args.extra)
        self.dev = dev_examples(self.data, self.reader)
        self.looked = 0
        # Beside the network learn a scale and a bias of the match against the teacher.
        self.learns = nn.ModuleDict({"model": self.model, "distil": nn.ParameterList([torch.tensor([1.0, -8.0])])})
        (self.out / "config.json").write_text(self.config.to_json())
        (self.out / "losses.json").write_text(json.dumps(asdict(self.weights), indent=2))
        (self.out / "vocab.txt").write_text("\n".join(self.reader.vocabulary) + "\n", encoding="utf-8")

    def groups(self):
        groups = parameter_groups(self.model, self.model.text_encoder, self.args.rate, 0.85, self.args.head_rate)
        return [*groups, {"params": list(self.learns["distil"]), "lr": 1e-2, "weight_decay": 0.0}]

    def prepare_photos(self) -> None:
        encoder = self.model.image_encoder
        if self.args.trunk and isinstance(encoder, CspDarknetPan):
            self.predictors = load_yolox(encoder, self.args.trunk)
            head = self.model.grounding_head
            if not any(conv.weight.any() for conv in head.objects):
                start_from_detector(head, self.predictors, self.config)
            head.objects.requires_grad_(False)  # for the same reason as the trunk below; `training.ground` moves it a little
        elif self.args.trunk and isinstance(encoder, Darknet53Fpn):
            print(f"trunk: {load_darknet(encoder, self.args.trunk)} numbers read from {self.args.trunk}", flush=True)
        # The trunk is frozen: a few hundred photos would only unteach it what it learnt from a hundred thousand.
        encoder.requires_grad_(False)
        folder = self.data / "photos"
        if not (folder / "coco.json").exists():
            print("no photos: text only", flush=True)
            return
        cache = self.out / f"views-{self.config.image.size}-{self.args.views}.pt"
        if cache.exists():
            self.views = torch.load(cache, weights_only=False)
        else:
            self.views = make_views(folder, encoder.eval(), self.predictors, self.config.image, self.args.views, 0)
            torch.save(self.views, cache)
        self.with_person = [v for v in self.views if v.complete and "person" in v.boxes]
        self.without_person = [v for v in self.views if v.complete and "person" not in v.boxes]
        print(f"{len(self.views)} views of photos, {len(self.with_person)} with people", flush=True)

    def photo_rows(self, photos: list[View]) -> list[Row]:
        """Photos without a tweet: classes by name and the entity types' own questions."""
        rows = []
        queries = dict(self.config.queries)
        for _ in range(self.args.photos):
            view = self.rng.choice(self.views)
            ask = lambda label: self.rng.choice([queries[label], queries[label], queries[label], *PARAPHRASES[label]])
            for query, boxes in questions(view, self.rng, ask, set() if self.args.all_classes else UNSEEN):
                # Some with a tweet beside them that has nothing to do with it: a query must ground in any company.
                example = self.rng.choice(self.company) if self.rng.random() < 0.15 else None
                rows.append(Row(query, example, photo=len(photos), boxes=boxes))
            photos.append(view)
        return rows

    def text_rows(self, examples: list[Example], photos: list[View]) -> list[Row]:
        rows = []
        for example in examples:
            asked = tweet_rows(example, self.config.queries, self.rng)
            if self.rng.random() < 0.08:
                asked = [Row(self.rng.choice(PARAPHRASES[self.config.queries[r.label][0]]), r.example, r.label, r.spans, r.weight) for r in asked]
            if self.views and self.rng.random() < self.args.paired:
                seen = self.tweets.visible.get(example.tweet.id, set())
                people = "PER" in seen or (example.tweet.id not in self.tweets.annotated and self.rng.random() < 0.3)
                view = self.rng.choice(self.with_person if people else self.without_person)
                for row in asked:
                    label = self.config.queries[row.label][0]
                    row.photo = len(photos)
                    row.boxes = answer_in(view, label, label in seen) if row.spans else None
                photos.append(view)
            rows += asked
        return rows

    def match_loss(self, maps, features) -> torch.Tensor:
        """The inner product of class name and cell learns the detector's opinion of every class at every cell."""
        keep = [i for i, c in enumerate(COCO_CLASSES) if self.args.all_classes or c not in UNSEEN]
        keep = sorted(self.rng.sample(keep, 24))  # every class comes round soon enough
        names = [class_words(COCO_CLASSES[i], self.rng) for i in keep]
        batch = collate([Row(n, None) for n in names], self.reader).to(self.device)
        model = self.model
        q = model.ask(model.read(batch.ids, batch.segments, batch.shapes, batch.mask))
        wanted = model.grounding_head.match_query(q)
        distil, loss = self.learns["distil"][0], 0.0
        for cells, u, target in zip(model.grounding_head.match_cells, maps, teacher_scores(features, self.predictors, self.config.image)):
            match = torch.einsum("tc,pchw->pthw", wanted, cells(u)) * model.grounding_head.scale
            target = target[:, keep].to(self.device)
            each = F.binary_cross_entropy_with_logits(match.float() * distil[0] + distil[1], target, reduction="none")
            loss = loss + (each * (1 + 20 * target)).sum() / len(target)
        return loss

    def epoch(self):
        examples = self.company = self.tweets.epoch(self.rng)
        order = token_batches([len(e.ids) + 14 for e in examples], self.args.tokens, self.rng)  # 14: a query and its marks
        return [[examples[i] for i in group] for group in order]

    def begin_step(self):
        self.learns.train()
        self.model.image_encoder.eval()

    def loss(self, examples: list[Example]):
        model = self.model
        photos: list[View] = []
        rows = self.text_rows(examples, photos)
        if self.views:
            rows += self.photo_rows(photos)
        batch = collate(rows, self.reader).to(self.device)
        features = [torch.stack([p.features[k] for p in photos]).float() for k in range(len(self.config.image.strides))] if photos else []
        with self.precision():
            seen = model.prepare_photos([f.to(self.device) for f in features]) if photos else None
            output = model(batch.ids, batch.segments, batch.shapes, batch.mask, seen, batch.photo if photos else None)
            loss, parts = joint_loss(output.float(), batch, self.config, self.weights)
            if photos and self.predictors and self.weights.match:
                match = self.weights.match * self.match_loss(seen.maps, features)
                parts["match"] = float(match.detach())
                loss = loss + match
        return loss, parts

    def look(self, average, final):
        self.looked += 1
        if not final and self.looked % self.args.dev_every:
            return None
        report = evaluate_all(average["model"], self.data, self.reader, self.dev)
        print(summary(report), flush=True)
        save_weights(average["model"], self.out / "model.safetensors")
        (self.out / "report.json").write_text(json.dumps(report, indent=2))
        return report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--text-only", action="store_true", help="no photos: what looks at them stays as it was started from")
    parser.add_argument("--existence", type=float, default=LossWeights.existence, help="weight of the existence loss")
    parser.add_argument("--dev-every", type=int, default=1, help="epochs between two looks at dev")
    parser.add_argument("--trunk", help="yolox-nano .npz (mini) or yolov3.weights (base)")
    parser.add_argument("--photos", type=int, default=3, help="photos without a tweet a batch")
    parser.add_argument("--paired", type=float, default=0.12, help="share of tweets that get a photo")
    parser.add_argument("--views", type=int, default=5, help="looks at every training photo")
    parser.add_argument("--extra", type=float, default=0.1, help="share of the extra corpora in an epoch")
    parser.add_argument("--all-classes", action="store_true", help="ask for every class by name, also those kept back to test unseen queries")
