"""Further masked-language pre-training of the text encoder on tweets, with the word shapes it has not seen before.

    python -m training.mlm --encoder FOLDER --tweets tweets.txt.gz [more.txt …] --out runs/mlm
"""
from __future__ import annotations

import argparse
import gzip
import random
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .data.examples import pad, token_batches
from .data.readers import read_conll
from .data.text import TextReader
from .encoders.bert import TextEncoder, load_hugging_face
from .encoders.config import TextConfig
from .loop import Plan, Recipe, run


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
    """One text a line from plain or gzipped files; from CoNLL files (a name with .conll/.train/.bio) the tokens."""
    texts = []
    for path in paths:
        if path.endswith((".gz", ".text")):
            opener = gzip.open if path.endswith(".gz") else open
            with opener(path, "rt", encoding="utf-8") as lines:
                texts += [line.strip() for line in lines if line.strip()]
        else:
            texts += [tweet.text for tweet in read_conll(path)]
    return texts


class Guessing(Recipe):
    """Of every text 15 % of the pieces are hidden (four fifths of those), replaced or left as they are, and all are guessed."""

    def __init__(self, args):
        self.out, self.tokens, self.rng = Path(args.out), args.tokens, random.Random(args.seed)
        self.noise = np.random.default_rng(args.seed)
        self.config, self.reader, self.rate = TextConfig(), TextReader(args.encoder), args.rate
        self.encoder, self.head = TextEncoder(self.config, dropout=0.0), Guess(self.config.width, self.config.vocabulary)
        load_hugging_face(self.encoder, args.encoder)
        self.learns = nn.ModuleDict({"encoder": self.encoder, "head": self.head})
        self.rows = []
        for text in dict.fromkeys(read_texts(args.tweets)):
            pieces = self.reader.encode(text).pieces[:94]
            if len(pieces) >= 5:
                ids = np.array([self.reader.cls, *(p.id for p in pieces), self.reader.sep])
                self.rows.append((ids, np.array([0, *(p.shape for p in pieces), 0])))
        print(f"{len(self.rows)} texts", flush=True)

    def groups(self):
        return [{"params": list(self.learns.parameters()), "lr": self.rate, "weight_decay": 0.01}]

    def epoch(self):
        return token_batches([len(ids) for ids, _ in self.rows], self.tokens, self.rng, spread=3)

    def loss(self, group):
        ids, shapes = (pad([self.rows[i][part] for i in group], fill) for part, fill in ((0, self.reader.pad), (1, 0)))
        mask = (ids != self.reader.pad).numpy()
        chosen = (self.noise.random(ids.shape) < 0.15) & mask & (ids != self.reader.cls).numpy() & (ids != self.reader.sep).numpy()
        chosen[0, 1] = True  # so that there is always something to guess
        fate = self.noise.random(ids.shape)
        noisy = np.where(chosen & (fate < 0.8), self.reader.mask, ids.numpy())
        noisy = np.where(chosen & (fate > 0.9), self.noise.integers(1000, self.config.vocabulary, ids.shape), noisy)
        to, where = (lambda t: t.to(self.device)), torch.from_numpy(chosen)
        with self.precision():
            hidden = self.encoder(to(torch.from_numpy(noisy)), to(torch.ones_like(ids)), to(shapes), to(torch.from_numpy(mask)))
            guessed = self.head(hidden[to(where)], self.encoder.embeddings.word.weight)
        loss = F.cross_entropy(guessed.float(), to(ids[where]))
        return loss, {"loss": float(loss.detach())}

    def look(self, average, final):
        torch.save(self.encoder.state_dict(), self.out / "encoder.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--tweets", nargs="+", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bf16", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    run(Guessing(args), Plan(Path(args.out), args.epochs, args.minutes, warmup=200, bf16=args.bf16))


if __name__ == "__main__":
    main()
