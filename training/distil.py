"""The student: MNER-QG's text side learns gold and a teacher's soft answers, from many more texts than are labelled.

    python -m training.distil --run public/models/mner-qg-mini --data data --labels runs/labels --out runs/student

Each step reads two kinds of rows: questions put to sentences, as the product does, and sentences without any question (all four
types at once through a head that is thrown away): these cost a quarter, so most texts are read that way. Photo parts stay as they
are; a small loss holds what a question says to them in place. Without `--labels` it learns from gold alone. A stopped run goes on.

With `--one-way n` the student reads questions one way (`docs/decisions/one-way.md`), sentences without them in the lower n layers. The network
it started from goes on reading both together, and the student learns its answers and what it makes of each piece as well.
"""
from __future__ import annotations

import argparse
import copy
import json
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .data.corpora import CORPORA, read_corpus
from .data.examples import LABELS, pad, token_batches
from .data.photos import COCO_CLASSES
from .data.soft import Item, Reading, from_gold, keep_handles, mix, read_item, rewrite
from .data.text import TextReader
from .data.views import PARAPHRASES, class_words
from .label import to_item
from .loop import Plan, Recipe, parameter_groups, run, save_atomically, save_weights
from .run import load_run
from .scoring import dev_examples
from .systems.mner_qg.config import OneWayConfig
from .systems.mner_qg.evaluate import evaluate_all, summary
from .systems.mner_qg.inputs import Row, collate
from .systems.mner_qg.loss import span_loss

# How often a run of one pass reads each set: asked with questions, and without. "pairs" and "tweets" have the teacher's labels only.
ASKED = {"t15": 2.2, "t17": 2.2, "tweebank": 1.2, "btc": 0.6, "wnut17": 0.6, "wnut16": 0.8, "ewt": 0.5, "wikigold": 0.8, "idrisi": 0.12,
         "pairs": 0.6, "tweets": 0.15}
PLAIN = {"t15": 1.0, "t17": 1.0, "tweebank": 1.0, "btc": 1.0, "wnut17": 1.0, "wnut16": 1.0, "ewt": 1.0, "wikigold": 1.0, "idrisi": 0.15,
         "pairs": 1.0, "tweets": 1.0}
# Whose OTHER is the product's: that of the two main sets. The rest call other things so (nationalities, say).
TRUSTED = {"t15": (True,) * 4, "t17": (True,) * 4, "idrisi": (False, True, False, False)}


class Texts:
    """All items by set: gold mixed with the teacher's answers where there are any."""

    def __init__(self, data: Path, labels: Path | None, share: float):
        self.data, self.labels, self.share = data, labels, share
        self.gold: dict[str, list[Item]] = {}
        for corpus in CORPORA:
            self.gold[corpus.name] = [from_gold(t, corpus.known) for t in read_corpus(data, corpus)]

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
                out[name].append(keep_handles(item, mix(item, own[item.text], self.share)) if item.text in own else item)
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


def unlikeness(hidden, wanted, batch) -> torch.Tensor:
    """How far what is made of the sentence's pieces and of [CLS] is from what was wanted, as a part of how large that is."""
    read = batch.segments.bool() & batch.mask.bool()
    read[:, 0] = True
    return (hidden - wanted)[read].pow(2).mean() / wanted[read].pow(2).mean()


class Distilling(Recipe):
    def __init__(self, args):
        self.args, self.out, self.rng = args, Path(args.out), random.Random(args.seed)
        start = load_run(args.run)
        self.model, self.reader = start.model, start.reader
        self.two_way = self.read_together()
        self.model.text_encoder.dropout = args.dropout
        self.names = self.questions_in_words()
        with torch.no_grad():
            self.before = self.question_vectors(range(len(self.names.ids)))
        for part in ("image_encoder", "common_width", "cross_modality", "grounding_head"):
            getattr(self.model, part).requires_grad_(False)
        plain = nn.Linear(self.model.config.text.width, 2 * len(LABELS))  # for the sentences without a question
        nn.init.normal_(plain.weight, std=0.02)
        nn.init.constant_(plain.bias, -4.0)
        self.learns = nn.ModuleDict({"model": self.model, "plain": plain})
        self.start = {n: p.detach().clone() for n, p in self.model.named_parameters() if p.requires_grad}
        self.texts = Texts(Path(args.data), Path(args.labels) if args.labels else None, args.gold)
        self.dev = dev_examples(Path(args.data), self.reader)
        (self.out / "config.json").write_text(self.model.config.to_json())
        (self.out / "vocab.txt").write_text("\n".join(self.reader.vocabulary) + "\n", encoding="utf-8")

    def read_together(self):
        """The network to agree with: it reads question and sentence together, and the student, from now on, does not."""
        args, model = self.args, self.model
        teacher = load_run(args.two_way).model if args.two_way else model if model.config.oneWay is None else None
        if args.one_way is not None:
            teacher = copy.deepcopy(teacher)
            model.ask_one_way(OneWayConfig(args.one_way))
        if model.config.oneWay is None or teacher is None:
            return None
        if teacher.config.oneWay is not None:
            raise ValueError(f"{args.two_way} reads its questions one way: --two-way names a network that does not")
        return teacher.eval().requires_grad_(False)

    def groups(self):
        groups = parameter_groups(self.model, self.model.text_encoder, self.args.rate, self.args.decay, self.args.head_rate)
        return [*groups, {"params": list(self.learns["plain"].parameters()), "lr": 1e-3, "weight_decay": 0.0}]

    def begin_step(self):
        self.learns.train()
        self.model.image_encoder.eval()

    def questions_in_words(self):
        """The questions whose meaning the photo side knows: classes by name, types in all their words."""
        fixed = random.Random(0)
        words = [class_words(c, fixed) for c in COCO_CLASSES] + [q for _, q in self.model.config.queries] + [p for ps in PARAPHRASES.values() for p in ps]
        return collate([Row(w, None) for w in words], self.reader)

    def question_vectors(self, chosen):
        rows = torch.tensor(list(chosen))
        width = int(self.names.mask[rows].sum(-1).max())
        ids, segments, shapes, mask = (t[rows, :width].to(self.device) for t in (self.names.ids, self.names.segments, self.names.shapes, self.names.mask))
        return self.model.ask(self.model.read(ids, segments, shapes, mask))

    def epoch(self):
        """One segment: its share of every set, batches of like length, each with as many sentences without a question as fit a run."""
        items, args, rng = self.texts.items(), self.args, self.rng
        share = args.passes / args.segments
        asked = draw(items, ASKED, share, self.reader, rng)
        plain = draw(items, PLAIN, share, self.reader, rng) if args.plain else []
        batches = token_batches([len(r.example.ids) + 14 for r in asked], args.tokens, rng)  # 14: a question and its marks
        most = -(-sum(len(r.example.ids) + 3 for r in plain) // max(1, len(batches)))
        rest = token_batches([len(r.example.ids) + 2 for r in plain], most, rng)
        print(f"{len(asked)} asked, {len(plain)} plain; " + ", ".join(f"{k} {len(v)}" for k, v in items.items()), flush=True)
        return [([asked[i] for i in group], [plain[i] for i in rest[at]] if at < len(rest) else []) for at, group in enumerate(batches)]

    def loss(self, texts):
        asked, plain = texts
        args, model, parts = self.args, self.model, {}
        batch = question_batch(asked, model.config.queries, self.reader, self.rng)
        chosen = self.rng.sample(range(len(self.before)), min(12, len(self.before)))
        with self.precision():
            if batch:
                batch = batch.to(self.device)
                rows, length = (batch.ids, batch.segments, batch.shapes, batch.mask), batch.ids.shape[1]
                text = model.read(*rows)
                start, end, exists = (t.float() for t in model.tell(text, length))
                if self.two_way is not None:
                    with torch.no_grad():
                        other = self.two_way.to(self.device).read(*rows)
                        wanted = [t.float() for t in self.two_way.tell(other, length)]
            if plain:
                ids, segments, shapes, mask, target, weight = (t.to(self.device) for t in plain_batch(plain, self.reader))
                tagged = self.learns["plain"](model.read_plain(ids, segments, shapes, mask)).float()
            drift = (self.question_vectors(chosen) - self.before[chosen].to(self.device)).float()
        if batch:
            known = batch.exists_weight
            spans = lambda starts, ends: span_loss(start, starts, batch.start_weight, args.positive) + span_loss(end, ends, batch.end_weight, args.positive)
            existence = lambda right: args.existence * F.binary_cross_entropy_with_logits(exists, right, known, reduction="sum") / known.sum()
            parts["span"], parts["existence"] = spans(batch.starts, batch.ends), existence(batch.exists)
            if self.two_way is not None:
                starts, ends, right = (t.sigmoid() for t in wanted)
                parts["agree"] = args.agree * (spans(starts, ends) + existence(right))
                parts["alike"] = args.alike * unlikeness(text.spread(text.hidden, length).float(), other.hidden.float(), batch)
        if plain:
            each = F.binary_cross_entropy_with_logits(tagged, target, weight * (1 + (args.positive - 1) * target), reduction="sum")
            parts["plain"] = args.plain * each / weight.amax(1).sum().clamp(min=1) * 2  # per sentence and type, starts and ends: as above
        parts["question"] = args.hold * drift.pow(2).mean() / self.before.pow(2).mean()
        return sum(parts.values()), {k: float(v.detach()) for k, v in parts.items()}

    def look(self, average, final):
        if not final:
            return None
        model = average["model"]
        old = self.args.old if self.args.old is not None else 0.4 if self.args.one_way is None else 0.0
        with torch.no_grad():  # a straight line between old and new: dev is better there than at either end
            for name, parameter in model.named_parameters():
                if name in self.start:
                    parameter.lerp_(self.start[name].to(parameter.device), old)
        save_weights(model, self.out / "model.safetensors")
        save_atomically(average["plain"].state_dict(), self.out / "plain-head.pt")
        report = evaluate_all(model.cpu(), Path(self.args.data), self.reader, self.dev, photos=False)
        (self.out / "report.json").write_text(json.dumps(report, indent=2))
        print(summary(report), flush=True)
        return report


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--run", required=True, help="a run or a converted model folder to go on from")
    p.add_argument("--data", required=True)
    p.add_argument("--labels", help="folder of training.label; without it gold alone is learnt")
    p.add_argument("--out", required=True)
    p.add_argument("--gold", type=float, default=0.5, help="share of the gold where both gold and the teacher answer")
    p.add_argument("--passes", type=float, default=1.0, help="times what ASKED and PLAIN say")
    p.add_argument("--minutes", type=float, default=1e9, help="stop (with the rate at zero) after this long")
    p.add_argument("--segments", type=int, default=16, help="parts of a run; label files are looked up anew at each")
    p.add_argument("--tokens", type=int, default=512, help="pieces of the sentences of a step, each counted once")
    p.add_argument("--rate", type=float, default=1.2e-4)
    p.add_argument("--decay", type=float, default=0.9)
    p.add_argument("--head-rate", type=float, default=5e-4)
    p.add_argument("--dropout", type=float, default=0.1)
    p.add_argument("--positive", type=float, default=2.0)
    p.add_argument("--existence", type=float, default=1.0)
    p.add_argument("--plain", type=float, default=1.0, help="weight of the rows without a question; 0 leaves them out")
    p.add_argument("--hold", type=float, default=0.3, help="weight of what holds the questions' vectors in place")
    p.add_argument("--one-way", type=int, metavar="N", help="read questions one way, sentences without them in the lower N layers")
    p.add_argument("--two-way", metavar="RUN", help="the network to agree with then; that of --run unless said")
    p.add_argument("--agree", type=float, default=1.0, help="weight of that network's answers, where gold and labels weigh 1")
    p.add_argument("--alike", type=float, default=1.0, help="weight of what that network makes of each piece")
    p.add_argument("--old", type=float, help="share of the network that was started from in the final weights: 0.4, and 0 where that read otherwise")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--bf16", action="store_true", help="16-bit products: on a GPU, or on a CPU that has them")
    return p


def main() -> None:
    args = parser().parse_args()
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    (out / "arguments.json").write_text(json.dumps(vars(args), indent=2))
    run(Distilling(args), Plan(out, args.segments, args.minutes, warmup=100, bf16=args.bf16))


if __name__ == "__main__":
    main()
