"""Further masked-language pre-training of the text encoder on tweets, with the word shapes it has not seen before.

    python -m training.mlm --encoder FOLDER --tweets tweets.txt.gz [more.txt …] --out runs/mlm
"""
from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .config import mini
from .network.text_encoder import TextEncoder, load_hugging_face
from .text import TextReader


class Guess(nn.Module):
    """BERT's language-model head, its output matrix tied to the word embedding."""

    def __init__(self, width: int, vocabulary: int):
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, x, words):
        return self.norm(F.gelu(self.dense(x))) @ words.T + self.bias


def read_texts(paths: list[str]) -> list[str]:
    """One text a line from plain or gzipped files; from CoNLL files (a name with .conll/.train/.bio or tabs) the tokens."""
    from .data import read_conll

    texts = []
    for path in paths:
        if path.endswith((".gz", ".text")):
            opener = gzip.open if path.endswith(".gz") else open
            with opener(path, "rt", encoding="utf-8") as lines:
                texts += [line.strip() for line in lines if line.strip()]
        else:
            texts += [tweet.text for tweet in read_conll(path)]
    return texts


def batches(lengths: np.ndarray, tokens: int, rng: random.Random):
    """Groups of similar length with about `tokens` pieces each, in random order."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] + rng.random() * 3)
    groups, group, longest = [], [], 0
    for i in order:
        longest = max(longest, int(lengths[i]))
        if group and longest * (len(group) + 1) > tokens:
            groups.append(group)
            group, longest = [], int(lengths[i])
        group.append(i)
    groups.append(group)
    rng.shuffle(groups)
    return groups


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--tweets", nargs="+", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    np_rng = np.random.default_rng(args.seed)
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)

    config = mini().text
    encoder = TextEncoder(config, dropout=0.0)
    load_hugging_face(encoder, args.encoder)
    reader = TextReader(args.encoder)
    head = Guess(config.width, config.vocabulary)
    seen, rows = set(), []
    for text in read_texts(args.tweets):
        if text in seen:
            continue
        seen.add(text)
        pieces = reader.encode(text).pieces[:94]
        if len(pieces) >= 5:
            rows.append((np.array([reader.cls, *(p.id for p in pieces), reader.sep]), np.array([0, *(p.shape for p in pieces), 0])))
    print(f"{len(rows)} texts", flush=True)
    lengths = np.array([len(r[0]) for r in rows])
    parameters = [*encoder.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=args.rate, betas=(0.9, 0.98), weight_decay=0.01)
    groups = batches(lengths, args.tokens, rng)
    total = int(len(groups) * args.epochs)
    started, step, mean = time.time(), 0, None
    log = open(out / "log.jsonl", "w")
    while step < total:
        for group in batches(lengths, args.tokens, rng):
            # Time decides, not only steps: the rate falls to zero at whichever ends first.
            done = max(step / total, (time.time() - started) / (args.minutes * 60))
            if done >= 1:
                step = total
                break
            rate = args.rate * min(1.0, (step + 1) / 200) * (1 - done)
            for g in optimiser.param_groups:
                g["lr"] = rate
            length = int(lengths[group].max())
            ids = np.full((len(group), length), reader.pad)
            shapes = np.zeros((len(group), length), dtype=np.int64)
            for row, i in enumerate(group):
                ids[row, : lengths[i]], shapes[row, : lengths[i]] = rows[i]
            mask = ids != reader.pad
            chosen = (np_rng.random(ids.shape) < 0.15) & mask & (ids != reader.cls) & (ids != reader.sep)
            fate = np_rng.random(ids.shape)
            noisy = np.where(chosen & (fate < 0.8), reader.mask, ids)
            noisy = np.where(chosen & (fate > 0.9), np_rng.integers(1000, config.vocabulary, ids.shape), noisy)
            if not chosen.any():
                continue
            hidden = encoder(torch.from_numpy(noisy), torch.ones(ids.shape, dtype=torch.long), torch.from_numpy(shapes), torch.from_numpy(mask))
            where = torch.from_numpy(chosen)
            loss = F.cross_entropy(head(hidden[where], encoder.embeddings.word.weight), torch.from_numpy(ids)[where])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
            step += 1
            if step % 50 == 0:
                log.write(json.dumps({"step": step, "loss": round(mean, 4), "seconds": round(time.time() - started)}) + "\n")
                log.flush()
            if step % 400 == 0:
                print(f"{step}/{total} loss {mean:.3f} perplexity {math.exp(mean):.1f} {time.time() - started:.0f}s", flush=True)
                torch.save(encoder.state_dict(), out / "encoder.pt")
    torch.save(encoder.state_dict(), out / "encoder.pt")
    print(f"done: {step} steps, loss {mean:.3f}", flush=True)


if __name__ == "__main__":
    main()
