"""Trains the network on mixed batches: tweets with a photo, tweets alone, photos alone.

    python -m training.train --config mini --encoder BERT_FOLDER --start runs/pretrain/encoder.pt \\
        --data ../shared/data --trunk ../shared/init/yolox-nano.npz --out runs/mini

Runs on one CPU or GPU as it stands, on several GPUs through `accelerate launch -m training.train …`. A stopped run goes on
where it was: give the same command again.
"""
from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .batches import Row, collate, tweet_rows
from .config import PRESETS
from .data import entity_spans, read_boxes, read_conll
from .evaluate import dev_examples, evaluate_all, load_run, summary
from .examples import Example, augment, make_example, token_batches
from .grounding import UNSEEN, View, class_words, make_views, questions, teacher_scores
from .losses import LossWeights, joint_loss
from .network.heads import start_from_detector
from .network.image_encoder import CspDarknetPan, Darknet53Fpn, load_darknet, load_yolox
from .network.model import MnerQg
from .network.text_encoder import load_hugging_face
from .optimise import Average, parameter_groups, save_atomically
from .photos import COCO_CLASSES
from .text import TextReader

# The same four questions in other words, so that the words are read and not only recognised.
PARAPHRASES = {
    "PER": ("people", "names of persons", "who is it about", "person"),
    "LOC": ("places", "cities, countries and regions", "where", "location"),
    "ORG": ("organisations", "companies and sports teams", "organization", "brands and institutions"),
    "OTHER": ("other names", "titles of works and names of events", "products and brands of things", "miscellaneous names"),
}


class Tweets:
    """The training tweets of an epoch, with who of them is known to be seen in the tweet's own photo."""

    def __init__(self, data: Path, reader: TextReader, extra: float):
        self.reader = reader
        self.sets = [(read_conll(data / name / "train.txt"), 1.0, (True,) * 4) for name in ("twitter2015", "twitter2017")]
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


class Trainer:
    def __init__(self, args):
        self.args = args
        self.data, self.out = Path(args.data), Path(args.out)
        self.out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(args.seed)
        self.rng = random.Random(args.seed)
        self.accelerator = None
        if args.accelerate:
            from accelerate import Accelerator

            self.accelerator = Accelerator(mixed_precision="bf16")
        self.device = self.accelerator.device if self.accelerator else torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if args.start and Path(args.start).is_dir():
            # A whole network: a run, or a converted model folder (its float32 is lost, what its 8 bits say is not).
            self.model, self.reader = load_run(Path(args.start))
            self.config = self.model.config
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
        self.distil = nn.Parameter(torch.tensor([1.0, -8.0], device=self.device))  # scale and bias of the match against the teacher

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
            self.views = make_views(folder, encoder.eval(), self.predictors, self.config, self.args.views, 0)
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

    def match_loss(self, model, maps, features) -> torch.Tensor:
        """The inner product of class name and cell learns the detector's opinion of every class at every cell."""
        keep = [i for i, c in enumerate(COCO_CLASSES) if self.args.all_classes or c not in UNSEEN]
        keep = sorted(self.rng.sample(keep, 24))  # every class comes round soon enough
        names = [class_words(COCO_CLASSES[i], self.rng) for i in keep]
        batch = collate([Row(n, None) for n in names], self.reader)
        to = lambda t: t.to(self.device)
        hidden = model.text_encoder(to(batch.ids), to(batch.segments), to(batch.shapes), to(batch.mask))
        length = batch.mask.sum(-1, keepdim=True)
        place = torch.arange(batch.ids.shape[1])[None]
        q = model.query_vector(hidden, to((place > 0) & (place < length - 1)))
        wanted = model.grounding_head.match_query(q)
        loss = 0.0
        for cells, u, target in zip(model.grounding_head.match_cells, maps, teacher_scores(features, self.predictors, self.config)):
            match = torch.einsum("tc,pchw->pthw", wanted, cells(u)) * model.grounding_head.scale
            target = to(target[:, keep])
            each = F.binary_cross_entropy_with_logits(match * self.distil[0] + self.distil[1], target, reduction="none")
            loss = loss + (each * (1 + 20 * target)).sum() / len(target)
        return loss

    def step_loss(self, model, examples: list[Example]):
        photos: list[View] = []
        rows = self.text_rows(examples, photos)
        if self.views:
            rows += self.photo_rows(photos)
        batch = collate(rows, self.reader)
        for name, value in vars(batch).items():
            if isinstance(value, torch.Tensor):
                setattr(batch, name, value.to(self.device))
        seen = None
        if photos:
            features = [torch.stack([p.features[k] for p in photos]).float().to(self.device) for k in range(3)]
            seen = model.prepare_photos(features)
        precision = torch.autocast("cuda", torch.bfloat16) if self.device.type == "cuda" else nullcontext()
        with precision:
            output = model(batch.ids, batch.segments, batch.shapes, batch.mask, seen, batch.photo if photos else None)
        loss, parts = joint_loss(output, batch, self.config, self.weights)
        if photos and self.predictors and self.weights.match:
            match = self.weights.match * self.match_loss(model, seen.maps, [f.cpu() for f in features])
            parts["match"] = float(match.detach())
            loss = loss + match
        return loss, parts

    def run(self) -> None:
        args, model = self.args, self.model.to(self.device)
        groups = parameter_groups(model, model.text_encoder, args.rate, 0.85, args.head_rate)
        groups.append({"params": [self.distil], "lr": 1e-2, "base": 1e-2, "weight_decay": 0.0})
        optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98))
        average = Average(model, 0.998)
        step, epoch, spent, history = 0, 0, 0.0, []
        checkpoint = self.out / "checkpoint.pt"
        if checkpoint.exists():
            saved = torch.load(checkpoint, map_location=self.device, weights_only=False)
            model.load_state_dict(saved["model"])
            average.model.load_state_dict(saved["average"])
            average.steps = saved["average_steps"]
            optimiser.load_state_dict(saved["optimiser"])
            self.rng.setstate(saved["rng"])
            step, epoch, spent, history = saved["step"], saved["epoch"], saved["spent"], saved["history"]
            print(f"resumed at epoch {epoch}, step {step}", flush=True)
        step_model = model
        if self.accelerator:
            step_model, optimiser = self.accelerator.prepare(model, optimiser)
        (self.out / "config.json").write_text(self.config.to_json())
        (self.out / "arguments.json").write_text(json.dumps({**vars(args), "weights": asdict(self.weights)}, indent=2))
        (self.out / "vocab.txt").write_text("\n".join(self.reader.vocabulary) + "\n", encoding="utf-8")
        dev = dev_examples(self.data, self.reader)
        log = open(self.out / "log.jsonl", "a")
        started, mean, total = time.time() - spent, defaultdict(float), None
        progress = 0.0
        while progress < 1 and epoch < args.epochs:
            examples = self.tweets.epoch(self.rng)
            self.company = examples
            order = token_batches([len(e.ids) + 14 for e in examples], args.tokens, self.rng)  # 14: a query and its marks
            total = total or len(order) * args.epochs
            for group in order:
                progress = max(step / total, (time.time() - started) / (args.minutes * 60))
                if progress >= 1:
                    break
                model.train()
                model.image_encoder.eval()
                for g in optimiser.param_groups:
                    g["lr"] = g["base"] * min(1.0, (step + 1) / 150) * max(0.0, 1 - progress)
                loss, parts = self.step_loss(model, [examples[i] for i in group])
                optimiser.zero_grad(set_to_none=True)
                (self.accelerator.backward if self.accelerator else torch.Tensor.backward)(loss)
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
                average.update(model)
                step += 1
                for key, value in parts.items():
                    mean[key] += 0.02 * (value - mean[key]) if step > 1 else value
                if step % 25 == 0:
                    bar = "#" * int(20 * progress)
                    row = {"epoch": epoch, "step": step, "seconds": round(time.time() - started), **{k: round(v, 4) for k, v in mean.items()}}
                    log.write(json.dumps(row) + "\n")
                    log.flush()
                    print(f"[{bar:20}] {step}/{total} {' '.join(f'{k} {v:.3f}' for k, v in mean.items())} {row['seconds']}s", flush=True)
                if step % 200 == 0:
                    save_atomically({"model": model.state_dict(), "average": average.model.state_dict(), "average_steps": average.steps,
                                     "optimiser": optimiser.state_dict(), "rng": self.rng.getstate(), "step": step, "epoch": epoch,
                                     "spent": time.time() - started, "history": history}, checkpoint)
            epoch += 1
            if progress < 1 and epoch % args.dev_every:
                continue
            report = evaluate_all(average.model, self.data, self.reader, dev)
            history.append({"epoch": epoch, "step": step, **report})
            log.write(json.dumps({"dev": history[-1]}) + "\n")
            log.flush()
            print(f"epoch {epoch}: {summary(report)}", flush=True)
            self.save(average.model, report)
        plot(self.out)

    def save(self, model: MnerQg, report: dict) -> None:
        from safetensors.torch import save_file

        weights = {k: v.contiguous().cpu() for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
        save_file(weights, self.out / "model.safetensors.tmp")
        (self.out / "model.safetensors.tmp").replace(self.out / "model.safetensors")
        (self.out / "report.json").write_text(json.dumps(report, indent=2))


def plot(out: Path) -> None:
    """Curves of the losses and of dev, as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    steps = [r for r in rows if "dev" not in r]
    dev = [r["dev"] for r in rows if "dev" in r]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    for key in ("span", "existence", "choice", "box", "match"):
        points = [(r["step"], r[key]) for r in steps if key in r]
        if points:
            left.plot(*zip(*points), label=key)
    left.set(xlabel="step", ylabel="weighted loss", yscale="log", title="Training")
    left.legend()
    for name, colour in (("twitter2015", "#1f77b4"), ("twitter2017", "#d62728")):
        for mode, style in (("strict", "-"), ("lenient", ":")):
            right.plot([d["step"] for d in dev], [d[name][mode]["f1"] for d in dev], style, color=colour, marker=".", label=f"{name} {mode}")
    right.set(xlabel="step", ylabel="F1", title="Dev")
    right.legend()
    figure.tight_layout()
    figure.savefig(out / "curves.png", dpi=110)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", choices=sorted(PRESETS), default="mini")
    parser.add_argument("--encoder", help="a Hugging Face BERT folder of the config's size, with vocab.txt; not needed to go on from a network")
    parser.add_argument("--start", help="encoder.pt of training.pretrain or training.mlm, or a run or model folder to go on from")
    parser.add_argument("--text-only", action="store_true", help="no photos: what looks at them stays as it was started from")
    parser.add_argument("--existence", type=float, default=LossWeights.existence, help="weight of the existence loss")
    parser.add_argument("--dev-every", type=int, default=1, help="epochs between two looks at dev")
    parser.add_argument("--trunk", help="yolox-nano .npz (mini) or yolov3.weights (base)")
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=1e9, help="finish within this time: the learning rate reaches zero then")
    parser.add_argument("--tokens", type=int, default=512, help="word pieces of tweets and one query a batch; about twice that are read")
    parser.add_argument("--photos", type=int, default=3, help="photos without a tweet a batch")
    parser.add_argument("--paired", type=float, default=0.12, help="share of tweets that get a photo")
    parser.add_argument("--views", type=int, default=5, help="looks at every training photo")
    parser.add_argument("--extra", type=float, default=0.1, help="share of the extra corpora in an epoch")
    parser.add_argument("--all-classes", action="store_true", help="ask for every class by name, also those kept back to test unseen queries")
    parser.add_argument("--rate", type=float, default=1.2e-4)
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--accelerate", action="store_true", help="under `accelerate launch`: several GPUs, bf16")
    return parser


def main() -> None:
    Trainer(parser().parse_args()).run()


if __name__ == "__main__":
    main()
