"""What the teacher says of every text, written to files that `training.distil` learns from.

    python -m training.label --teacher runs/teacher --data data --out runs/labels [--texts 20000] [--bf16]

A labelled set's sentences are judged in the convention of Twitter2015 or Twitter2017: these two in their own, every other text in
one of them by lot. Finished files are left alone, so a stopped run goes on.
"""
from __future__ import annotations

import argparse
import copy
import gzip
import random
from pathlib import Path

import numpy as np
import torch

from .data.corpora import CORPORA, NAMES, read_corpus
from .data.examples import make_example
from .data.readers import Tweet
from .data.soft import Item, blank
from .loop import save_atomically
from .teacher import emit, load_teacher, posteriors

CONVENTIONS = ("t15", "t17")


def texts_to_label(data: Path, most: int, rng: random.Random) -> list[tuple[str, list[str]]]:
    """(name, texts) in the order in which they are wanted."""
    groups = [(c.name, [t.text for t in read_corpus(data, c)]) for c in CORPORA if c.name != "idrisi"]
    pairs: list[str] = []
    for name in ("tweets", "events"):
        path = data / "pairs" / f"{name}.tsv"
        if path.exists():
            pairs += [line.split("\t", 1)[1] for line in path.read_text(encoding="utf-8").splitlines() if "\t" in line]
    groups.append(("pairs", pairs))
    path = data / "tweets.txt.gz"
    if path.exists() and most:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            tweets = list({line.strip(): None for line in lines if len(line) > 20})
        groups.append(("tweets", rng.sample(tweets, min(most, len(tweets)))))
    return groups


@torch.no_grad()
def judge(model, reader, texts: list[str], conventions: list[str], bf16: bool) -> list[dict]:
    """Per text: start and end (W, 4) and existence (4), in 255ths."""
    texts, conventions = zip(*((t, c) for t, c in zip(texts, conventions) if t.strip()))
    examples = [make_example(Tweet("", [text], ["O"], text, [(0, len(text))]), reader) for text in texts]
    answers = [{"text": text, "convention": c} for text, c in zip(texts, conventions)]
    usable = [i for i, e in enumerate(examples) if e.first.any()]
    chain = copy.deepcopy(model.crf).cpu()
    byte = lambda p: torch.from_numpy(np.round(np.clip(p, 0, 1) * 255).astype(np.uint8))
    for group, emissions, mask in emit(model, [examples[i] for i in usable], [NAMES.index(conventions[i]) for i in usable], reader, bf16):
        tags, exists = (t.numpy() for t in posteriors(chain, emissions, mask))
        for row, at in enumerate(group):
            i = usable[at]
            count = int(examples[i].first.sum())
            start, inside = tags[row, :count, 1::2], tags[row, :count, 2::2]
            goes_on = np.concatenate([inside[1:], np.zeros((1, 4), dtype=inside.dtype)])
            answers[i] |= {"start": byte(start), "end": byte(start + inside - goes_on), "exists": byte(exists[row])}
    return [a for a in answers if "start" in a]


def to_item(answer: dict) -> Item:
    """Words beyond what the teacher read (very long texts) count as no names."""
    item = blank(answer["text"])
    count = min(len(item.words), len(answer["start"]))
    item.start[:count], item.end[:count] = answer["start"][:count].numpy() / 255, answer["end"][:count].numpy() / 255
    item.exists = answer["exists"].numpy().astype(np.float32) / 255
    return item


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--texts", type=int, default=20000, help="how many of tweets.txt.gz")
    parser.add_argument("--shard", type=int, default=2000, help="texts a file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bf16", action="store_true")
    args = parser.parse_args()
    rng, out = random.Random(args.seed), Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    model, reader = load_teacher(Path(args.teacher))
    model = model.to("cuda" if torch.cuda.is_available() else "cpu")
    for name, texts in texts_to_label(Path(args.data), args.texts, rng):
        for number, at in enumerate(range(0, len(texts), args.shard)):
            part = texts[at : at + args.shard]
            conventions = [name if name in CONVENTIONS else rng.choice(CONVENTIONS) for _ in part]
            path = out / f"{name}-{number:03}.pt"
            if not path.exists():
                save_atomically(judge(model, reader, part, conventions, args.bf16), path)
                print(path.name, len(part), flush=True)


if __name__ == "__main__":
    main()
