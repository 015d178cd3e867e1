"""Warms the text encoder up on names: plain tagging of sentences without queries, four types at once.

One pass reads each sentence once, where the query form reads it once a type: at a quarter of the cost the encoder learns
what names look like before it learns to answer questions.

    python -m training.pretrain --encoder FOLDER --data ../shared/data --out runs/pretrain --epochs 4
"""
from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import metrics
from .data.examples import LABELS, Example, augment, make_example, pad, token_batches
from .data.readers import read_conll
from .data.text import TextReader
from .encoders.bert import TextEncoder, load_hugging_face
from .encoders.config import TextConfig
from .loop import Plan, Recipe, parameter_groups, run, save_atomically
from .scoring import dev_examples

CORPORA = (  # path, weight in an epoch, labels it annotates
    ("twitter2015/train.txt", 1.0, (True,) * 4),
    ("twitter2017/train.txt", 1.0, (True,) * 4),
    ("extra/btc/btc.train", 0.6, (True, True, True, False)),
    ("extra/wnut17/train.conll", 0.6, (True,) * 4),
    ("extra/tweebank/train.bio", 1.0, (True,) * 4),
    ("extra/wikigold/train.conll", 0.5, (True,) * 4),
)


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        config = TextConfig()
        self.text_encoder = TextEncoder(config)
        self.head = nn.Linear(config.width, 2 * len(LABELS))

    def forward(self, ids, segments, shapes, mask):
        return self.head(self.text_encoder(ids, segments, shapes, mask))  # (B, L, 8): four starts, four ends


def collate(examples: list[Example], reader: TextReader):
    zero = np.zeros(1, dtype=np.int64)
    ids = pad([np.concatenate([[reader.cls], e.ids, [reader.sep]]) for e in examples], reader.pad)
    shapes = pad([np.concatenate([zero, e.shapes, zero]) for e in examples])
    mask = pad([np.ones(len(e.ids) + 2, dtype=np.int64) for e in examples])
    target, weight = np.zeros((*ids.shape, 8), dtype=np.float32), np.zeros((*ids.shape, 8), dtype=np.float32)
    for row, e in enumerate(examples):
        known = np.array(e.known, dtype=np.float32)
        weight[row, 1 : len(e.ids) + 1, :4] = e.first[:, None] * known
        weight[row, 1 : len(e.ids) + 1, 4:] = e.last[:, None] * known
        for a, b, label in e.spans:
            target[row, a + 1, label] = target[row, b + 1, 4 + label] = 1
    segments = mask.clone()
    segments[:, 0] = 0  # [CLS] belongs to the query part when there is one
    return ids, segments, shapes, mask, torch.from_numpy(target), torch.from_numpy(weight)


@torch.no_grad()
def evaluate(model: Tagger, examples: list[Example], reader: TextReader) -> dict:
    """F1 over words (not CoNLL tokens): quick, and close to the real figure that `training.evaluate` gives."""
    model.eval()
    gold, predicted = [], []
    for at in range(0, len(examples), 64):
        part = examples[at : at + 64]
        ids, segments, shapes, mask, *_ = collate(part, reader)
        probability = model(ids, segments, shapes, mask).sigmoid().numpy()
        for row, e in enumerate(part):
            found = []
            for label in range(4):
                starts = [i for i in range(len(e.ids)) if e.first[i] and probability[row, i + 1, label] > 0.5]
                ends = [i for i in range(len(e.ids)) if e.last[i] and probability[row, i + 1, 4 + label] > 0.5]
                for s in starts:
                    t = next((t for t in ends if t >= s), None)
                    if t is not None:
                        found.append((s, t, LABELS[label]))
            predicted.append(found)
            gold.append([(a, b, LABELS[l]) for a, b, l in e.spans])
    return metrics.score_spans(gold, predicted, LABELS)


class Tagging(Recipe):
    def __init__(self, args):
        self.out, self.args, self.rng, data = Path(args.out), args, random.Random(args.seed), Path(args.data)
        self.reader, self.learns = TextReader(args.encoder), Tagger()
        load_hugging_face(self.learns.text_encoder, args.encoder)
        if args.start:
            self.learns.text_encoder.load_state_dict(torch.load(args.start, weights_only=True))
        self.corpora = [(read_conll(data / path), share, known) for path, share, known in CORPORA if (data / path).exists()]
        self.dev = dev_examples(data, self.reader)

    def groups(self):
        return parameter_groups(self.learns, self.learns.text_encoder, self.args.rate, 0.85, 1e-3)

    def epoch(self):
        chosen = [(t, known) for tweets, share, known in self.corpora for t in self.rng.sample(tweets, int(len(tweets) * share))]
        examples = [make_example(augment(t, self.rng), self.reader, known) for t, known in chosen]
        examples = [e for e in examples if len(e.ids)]
        return [[examples[i] for i in group] for group in token_batches([len(e.ids) + 2 for e in examples], self.args.tokens, self.rng)]

    def loss(self, examples):
        ids, segments, shapes, mask, target, weight = (t.to(self.device) for t in collate(examples, self.reader))
        with self.precision():
            logits = self.learns(ids, segments, shapes, mask)
        loss = F.binary_cross_entropy_with_logits(logits.float(), target, weight, reduction="sum") / weight.sum() * 8
        return loss, {"loss": float(loss.detach())}

    def look(self, average, final):
        scores = {name: evaluate(average, examples, self.reader) for name, examples in self.dev.items()}
        save_atomically(average.text_encoder.state_dict(), self.out / "encoder.pt")
        report = {name: {"f1": s["f1"], **{k: v["f1"] for k, v in s["perType"].items()}} for name, s in scores.items()}
        print(report, flush=True)
        return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", required=True, help="a Hugging Face BERT folder with its vocabulary")
    parser.add_argument("--start", help="encoder.pt of training.mlm to start from instead")
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop (with the rate at zero) after this long")
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bf16", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    run(Tagging(args), Plan(Path(args.out), args.epochs, args.minutes, bf16=args.bf16))


if __name__ == "__main__":
    main()
