"""The student: MNER-QG's text side learns gold and a teacher's soft answers, from many more texts than are labelled.

    python -m training.distil --run public/models/mner-qg-mini --data data --labels runs/labels --out runs/student

Each step reads two kinds of rows: questions put to sentences, as the product does, and sentences without any question (all four
types at once through a head that is thrown away): these cost a quarter, so most texts are read that way. Photo parts stay as they
are; a small loss holds what a question says to them in place. Without `--labels` it learns from gold alone. A stopped run goes on.
"""
from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .batches import Row, collate
from .corpora import CORPORA, read_corpus
from .evaluate import dev_examples, evaluate_all, load_run, summary
from .examples import LABELS, pad, token_batches
from .grounding import class_words
from .label import to_item
from .losses import span_loss
from .optimise import Average, parameter_groups, save_atomically
from .photos import COCO_CLASSES
from .soft import Item, Reading, from_gold, mix, read_item, rewrite, without_handles
from .text import TextReader
from .train import PARAPHRASES

# How often a run of one pass reads each set: asked with questions, and without. "pairs" and "tweets" have the teacher's labels only.
ASKED = {"t15": 2.2, "t17": 2.2, "tweebank": 1.2, "btc": 0.6, "wnut17": 0.6, "wnut16": 0.8, "ewt": 0.5, "wikigold": 0.8, "idrisi": 0.12,
         "pairs": 0.6, "tweets": 0.15}
PLAIN = {"t15": 1.0, "t17": 1.0, "tweebank": 1.0, "btc": 1.0, "wnut17": 1.0, "wnut16": 1.0, "ewt": 1.0, "wikigold": 1.0, "idrisi": 0.15,
         "pairs": 1.0, "tweets": 1.0}
# Whose OTHER is the product's: that of the two main sets. The rest call other things so (nationalities, say).
TRUSTED = {"t15": (True,) * 4, "t17": (True,) * 4, "idrisi": (False, True, False, False)}
# Sets in which an @handle can be a name.
HANDLES = ("btc", "wnut17", "wnut16", "tweebank")


class Texts:
    """All items by set: gold mixed with the teacher's answers where there are any."""

    def __init__(self, data: Path, labels: Path | None, share: float):
        self.data, self.labels, self.share = data, labels, share
        self.gold: dict[str, list[Item]] = {}
        for corpus in CORPORA:
            items = [from_gold(t, corpus.known) for t in read_corpus(data, corpus)]
            self.gold[corpus.name] = [without_handles(i) for i in items] if corpus.name in HANDLES else items

    def items(self) -> dict[str, list[Item]]:
        """Reads the label files that are there by now."""
        soft: dict[str, dict[str, Item]] = defaultdict(dict)
        for path in sorted(self.labels.glob("*.pt")) if self.labels else ():
            for answer in torch.load(path, weights_only=True):
                soft[path.stem.rsplit("-", 1)[0]][answer["text"]] = to_item(answer)
        out = {}
        for name, items in self.gold.items():
            trusted = TRUSTED.get(name, (True, True, True, False))
            own = soft.pop(name, {})
            out[name] = []
            for item in items:
                item = Item(item.text, item.words, item.start, item.end, item.exists, item.weight * np.array(trusted, dtype=np.float32))
                out[name].append(mix(item, own[item.text], self.share) if item.text in own else item)
        return out | {name: list(items.values()) for name, items in soft.items()}


def draw(items: dict[str, list[Item]], passes: dict[str, float], share: float, reader: TextReader, rng: random.Random) -> list[Reading]:
    """`share` of what a whole run reads, rewritten by chance."""
    chosen = []
    for name, own in items.items():
        wanted = passes.get(name, 1.0) * share * len(own)
        count = int(wanted) + (rng.random() < wanted % 1)
        while count > 0:
            chosen += rng.sample(own, min(count, len(own)))
            count -= len(own)
    readings = (read_item(rewrite(item, rng), reader) for item in chosen)
    return [r for r in readings if r is not None]


def questions(reading: Reading, queries, rng: random.Random) -> list[tuple[int, str, float]]:
    """(label, question, weight): types that may be there and one of the others, weighted up to stand for all that are left out."""
    known = [label for label in range(4) if reading.weight[label] > 0]
    asked = [(label, 1.0) for label in known if reading.exists[label] > 0.15]
    rest = [label for label in known if reading.exists[label] <= 0.15]
    if rest:
        asked.append((rng.choice(rest), float(len(rest))))
    other_words = rng.random() < 0.06
    return [(label, rng.choice(PARAPHRASES[LABELS[label]]) if other_words else queries[label][1], weight) for label, weight in asked]


def question_batch(readings: list[Reading], queries, reader: TextReader, rng: random.Random):
    """A padded batch of questions with soft targets."""
    rows, soft = [], []
    for reading in readings:
        for label, query, weight in questions(reading, queries, rng):
            rows.append(Row(query, reading.example, label, [], weight))
            soft.append((reading, label))
    if not rows:
        return None
    batch = collate(rows, reader)
    for i, (reading, label) in enumerate(soft):
        at = slice(batch.offset[i], batch.offset[i] + len(reading.example.ids))
        batch.starts[i, at] = torch.from_numpy(reading.start[:, label])
        batch.ends[i, at] = torch.from_numpy(reading.end[:, label])
        batch.exists[i] = float(reading.exists[label])
    return batch


def plain_batch(readings: list[Reading], reader: TextReader):
    """Sentences without a question: (B, L, 8) targets and weights, four starts and four ends."""
    zero = np.zeros(1, dtype=np.int64)
    ids = pad([np.concatenate([[reader.cls], r.example.ids, [reader.sep]]) for r in readings], reader.pad)
    shapes = pad([np.concatenate([zero, r.example.shapes, zero]) for r in readings])
    mask = pad([np.ones(len(r.example.ids) + 2, dtype=np.int64) for r in readings])
    target, weight = (np.zeros((*ids.shape, 8), dtype=np.float32) for _ in range(2))
    for row, r in enumerate(readings):
        inside = slice(1, len(r.example.ids) + 1)
        target[row, inside] = np.concatenate([r.start, r.end], 1)
        weight[row, inside, :4] = r.example.first[:, None] * r.weight
        weight[row, inside, 4:] = r.example.last[:, None] * r.weight
    segments = mask.clone()
    segments[:, 0] = 0
    return ids, segments, shapes, mask, torch.from_numpy(target), torch.from_numpy(weight)


class Student:
    """One run: model, texts, optimiser, and how far it has come."""

    def __init__(self, args):
        self.args, self.out, self.data = args, Path(args.out), Path(args.data)
        self.out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(args.seed)
        self.rng = random.Random(args.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model, self.reader = load_run(Path(args.run))
        self.model.to(self.device)
        self.model.text_encoder.dropout = args.dropout
        self.names = self.questions_in_words()
        self.before = self.question_vectors(self.model.eval()).detach()
        for part in ("image_encoder", "common_width", "cross_modality", "grounding_head"):
            getattr(self.model, part).requires_grad_(False)
        self.head = nn.Linear(self.model.config.text.width, 8).to(self.device)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, -4.0)
        self.texts = Texts(self.data, Path(args.labels) if args.labels else None, args.gold)

    def questions_in_words(self):
        """The questions whose meaning the photo side knows: classes by name, types in all their words."""
        fixed = random.Random(0)
        words = [class_words(c, fixed) for c in COCO_CLASSES] + [q for _, q in self.model.config.queries] + [p for ps in PARAPHRASES.values() for p in ps]
        return collate([Row(w, None) for w in words], self.reader)

    def question_vectors(self, model, chosen=None):
        b = self.names
        chosen = torch.arange(len(b.ids)) if chosen is None else chosen
        length = b.mask[chosen].sum(-1, keepdim=True)
        width = int(length.max())
        take = lambda t: t[chosen, :width].to(self.device)
        hidden = model.text_encoder(take(b.ids), take(b.segments), take(b.shapes), take(b.mask))
        place = torch.arange(width)[None]
        return model.query_vector(hidden, ((place > 0) & (place < length - 1)).to(self.device))

    def loss(self, asked: list[Reading], plain: list[Reading]):
        model, args, parts = self.model, self.args, {}
        on = lambda t: t.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=args.bf16 or self.device.type == "cuda"):
            batch = question_batch(asked, model.config.queries, self.reader, self.rng)
            output = model(on(batch.ids), on(batch.segments), on(batch.shapes), on(batch.mask)) if batch else None
            if plain:
                ids, segments, shapes, mask, target, weight = map(on, plain_batch(plain, self.reader))
                tagged = self.head(model.text_encoder(ids, segments, shapes, mask))
            chosen = torch.tensor(self.rng.sample(range(len(self.before)), 12))
            drift = self.question_vectors(model, chosen) - self.before[chosen]
        if output:
            parts["span"] = span_loss(output.start.float(), on(batch.starts), on(batch.start_weight), args.positive) \
                + span_loss(output.end.float(), on(batch.ends), on(batch.end_weight), args.positive)
            known = on(batch.exists_weight)
            parts["existence"] = args.existence * F.binary_cross_entropy_with_logits(output.existence.float(), on(batch.exists), known, reduction="sum") / known.sum()
        if plain:
            parts["plain"] = args.plain * F.binary_cross_entropy_with_logits(tagged.float(), target, weight * (1 + (args.positive - 1) * target), reduction="sum") \
                / weight.amax(1).sum().clamp(min=1) * 2  # per sentence and type, starts and ends: as above
        parts["question"] = args.hold * drift.float().pow(2).mean() / self.before.pow(2).mean()
        return sum(parts.values()), {k: float(v.detach()) for k, v in parts.items()}

    def run(self) -> None:
        args, model = self.args, self.model
        groups = parameter_groups(model, model.text_encoder, args.rate, args.decay, args.head_rate)
        groups.append({"params": list(self.head.parameters()), "lr": 1e-3, "base": 1e-3, "weight_decay": 0.0})
        optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)
        average = Average(model, 0.998)
        checkpoint, segment, at, step, spent = self.out / "checkpoint.pt", 0, 0, 0, 0.0
        if checkpoint.exists():
            saved = torch.load(checkpoint, map_location=self.device, weights_only=False)
            model.load_state_dict(saved["model"])
            average.model.load_state_dict(saved["average"])
            self.head.load_state_dict(saved["head"])
            optimiser.load_state_dict(saved["optimiser"])
            average.steps, segment, step, spent = saved["step"], saved["segment"], saved["step"], saved["spent"]
            print(f"resumed at segment {segment}, step {step}", flush=True)
        (self.out / "config.json").write_text(model.config.to_json())
        (self.out / "arguments.json").write_text(json.dumps(vars(args), indent=2))
        (self.out / "vocab.txt").write_text("\n".join(self.reader.vocabulary) + "\n", encoding="utf-8")
        log, started, kept, mean = open(self.out / "log.jsonl", "a"), time.time() - spent, time.time(), defaultdict(float)
        total, progress, sentences = None, 0.0, 0
        for number in range(segment, args.segments):
            self.rng.seed(f"{args.seed} {number}")
            items = self.texts.items()
            asked = draw(items, ASKED, args.passes / args.segments, self.reader, self.rng)
            plain = draw(items, PLAIN, args.passes / args.segments, self.reader, self.rng) if args.plain else []
            # A tweet is read once a question of it: about 2.2 times, each time with 14 pieces more.
            batches = token_batches([len(r.example.ids) + 14 for r in asked], args.tokens, self.rng)
            rest = token_batches([len(r.example.ids) + 2 for r in plain], -(-sum(len(r.example.ids) + 3 for r in plain) // max(1, len(batches))), self.rng)
            total = total or len(batches) * args.segments
            print(f"segment {number}: {len(asked)} asked, {len(plain)} plain, {len(batches)} steps; " + ", ".join(f"{k} {len(v)}" for k, v in items.items()), flush=True)
            for index, group in enumerate(batches):
                fraction = (number + index / len(batches)) / args.segments
                progress = max(fraction, (time.time() - started) / (args.minutes * 60))
                if progress >= 1:
                    break
                model.train()
                model.image_encoder.eval()
                for g in optimiser.param_groups:
                    g["lr"] = g["base"] * min(1.0, (step + 1) / 100) * (1 - progress)
                loss, parts = self.loss([asked[i] for i in group], [plain[i] for i in rest[index]] if index < len(rest) else [])
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
                average.update(model)
                step += 1
                sentences += len(group) + (len(rest[index]) if index < len(rest) else 0)
                for key, value in parts.items():
                    mean[key] += 0.02 * (value - mean[key]) if mean[key] else value
                if step % 25 == 0:
                    row = {"step": step, "progress": round(progress, 3), "sentences": sentences, "seconds": round(time.time() - started), **{k: round(v, 4) for k, v in mean.items()}}
                    log.write(json.dumps(row) + "\n")
                    log.flush()
                    print(" ".join(f"{k} {v}" for k, v in row.items()), flush=True)
            if progress >= 1:
                break
            if time.time() - kept > args.keep * 60:
                save_atomically({"model": model.state_dict(), "average": average.model.state_dict(), "head": self.head.state_dict(), "optimiser": optimiser.state_dict(),
                                 "segment": number + 1, "step": step, "spent": time.time() - started}, checkpoint)
                kept = time.time()
                if args.watch:
                    report = evaluate_all(average.model, self.data, self.reader, {k: v[:250] for k, v in dev_examples(self.data, self.reader).items()}, photos=False)
                    print(summary(report), flush=True)
        self.finish(average.model, step, time.time() - started)
        checkpoint.unlink(missing_ok=True)

    def finish(self, model, step: int, seconds: float) -> None:
        from safetensors.torch import save_file

        save_file({k: v.contiguous().cpu() for k, v in model.state_dict().items()}, self.out / "model.safetensors")
        save_atomically(self.head.state_dict(), self.out / "plain-head.pt")
        report = evaluate_all(model.float().cpu(), self.data, self.reader, photos=False)
        (self.out / "report.json").write_text(json.dumps(report, indent=2))
        print(f"{step} steps, {seconds:.0f} s | {summary(report)}", flush=True)


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--run", required=True, help="a run or a converted model folder to go on from")
    p.add_argument("--data", required=True)
    p.add_argument("--labels", help="folder of training.label; without it gold alone is learnt")
    p.add_argument("--out", required=True)
    p.add_argument("--gold", type=float, default=0.5, help="share of the gold where both gold and the teacher answer")
    p.add_argument("--passes", type=float, default=1.0, help="times what ASKED and PLAIN say")
    p.add_argument("--minutes", type=float, default=1e9, help="stop (with the rate at zero) after this long")
    p.add_argument("--segments", type=int, default=12, help="parts of a run; label files are looked up anew at each")
    p.add_argument("--tokens", type=int, default=512, help="pieces of the sentences of a step, each counted once")
    p.add_argument("--rate", type=float, default=1.5e-4)
    p.add_argument("--decay", type=float, default=0.9)
    p.add_argument("--head-rate", type=float, default=5e-4)
    p.add_argument("--dropout", type=float, default=0.1)
    p.add_argument("--positive", type=float, default=2.0)
    p.add_argument("--existence", type=float, default=1.0)
    p.add_argument("--plain", type=float, default=1.0, help="weight of the rows without a question; 0 leaves them out")
    p.add_argument("--hold", type=float, default=0.3, help="weight of what holds the questions' vectors in place")
    p.add_argument("--keep", type=float, default=5, help="minutes between checkpoints")
    p.add_argument("--watch", action="store_true", help="score a part of dev at each checkpoint")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--bf16", action="store_true", help="bfloat16 on a CPU that has it (a GPU always takes it)")
    return p


if __name__ == "__main__":
    Student(parser().parse_args()).run()
