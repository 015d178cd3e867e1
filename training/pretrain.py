"""Warms the text encoder up on names: plain tagging of sentences without queries, four types at once.

One pass reads each sentence once, where the query form reads it once a type: at a quarter of the cost the encoder learns
what names look like before it learns to answer questions.

    python -m training.pretrain --encoder FOLDER --data ../shared/data --out runs/pretrain --epochs 4
"""
from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import metrics
from .config import mini
from .data import read_conll
from .examples import LABELS, Example, augment, make_example, pad, token_batches
from .network.text_encoder import TextEncoder, load_hugging_face
from .optimise import Average, parameter_groups, save_atomically
from .text import TextReader

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
        config = mini().text
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", required=True, help="a Hugging Face BERT folder with its vocabulary")
    parser.add_argument("--start", help="encoder.pt of training.mlm to start from instead")
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop (with the rate at zero) after this long")
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    out, data = Path(args.out), Path(args.data)
    out.mkdir(parents=True, exist_ok=True)
    reader = TextReader(args.encoder)
    model = Tagger()
    load_hugging_face(model.text_encoder, args.encoder)
    if args.start:
        model.text_encoder.load_state_dict(torch.load(args.start, weights_only=True))
    corpora = [(read_conll(data / path), share, known) for path, share, known in CORPORA if (data / path).exists()]
    dev = {name: [make_example(t, reader) for t in read_conll(data / name / "valid.txt")] for name in ("twitter2015", "twitter2017")}
    average = Average(model, 0.998)
    groups = parameter_groups(model, model.text_encoder, args.rate, 0.85, 1e-3)
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    started, step, epoch, total, log, mean = time.time(), 0, 0, None, open(out / "log.jsonl", "w"), 0.0
    progress = 0.0
    while progress < 1:
        chosen = [(t, known) for tweets, share, known in corpora for t in rng.sample(tweets, int(len(tweets) * share))]
        examples = [make_example(augment(t, rng), reader, known) for t, known in chosen]
        examples = [e for e in examples if len(e.ids)]
        order = token_batches([len(e.ids) + 2 for e in examples], args.tokens, rng)
        total = total or len(order) * args.epochs
        for group in order:
            progress = max(step / total, (time.time() - started) / (args.minutes * 60))
            if progress >= 1:
                break
            model.train()
            for g in optimiser.param_groups:
                g["lr"] = g["base"] * min(1.0, (step + 1) / 150) * (1 - progress)
            ids, segments, shapes, mask, target, weight = collate([examples[i] for i in group], reader)
            loss = F.binary_cross_entropy_with_logits(model(ids, segments, shapes, mask), target, weight, reduction="sum") / weight.sum() * 8
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            average.update(model)
            mean = loss.item() if step == 0 else 0.98 * mean + 0.02 * loss.item()
            step += 1
            if step % 50 == 0:
                print(f"epoch {epoch} step {step}/{total:.0f} loss {mean:.4f} {time.time() - started:.0f}s", flush=True)
        epoch += 1
        scores = {name: evaluate(average.model, examples_, reader) for name, examples_ in dev.items()}
        row = {"epoch": epoch, "step": step, "loss": round(mean, 4), "seconds": round(time.time() - started),
               **{name: {"f1": s["f1"], **{k: v["f1"] for k, v in s["perType"].items()}} for name, s in scores.items()}}
        print(json.dumps(row), flush=True)
        log.write(json.dumps(row) + "\n")
        log.flush()
        save_atomically(average.model.text_encoder.state_dict(), out / "encoder.pt")


if __name__ == "__main__":
    main()
