"""From tweets to labelled word pieces, and from word pieces to padded batches."""
from __future__ import annotations

import random
import re
from dataclasses import dataclass

import numpy as np
import torch

from .readers import Tweet, entity_spans
from .text import TextReader

LABELS = ("PER", "LOC", "ORG", "OTHER")


@dataclass
class Example:
    """A sentence in pieces; `spans` are (first piece, last piece, label index), on whole words."""

    ids: np.ndarray
    shapes: np.ndarray
    first: np.ndarray  # is this piece the first of its word?
    last: np.ndarray
    words: np.ndarray  # word of each piece, -1 outside
    spans: list[tuple[int, int, int]]
    tweet: Tweet
    known: tuple[bool, ...] = (True, True, True, True)  # which labels this corpus annotates at all
    offsets: list[tuple[int, int]] | None = None  # of each piece in the text


def augment(tweet: Tweet, rng: random.Random) -> Tweet:
    """Towards raw tweets: other case, lengthened words, lost spaces. Labels move along because tokens keep their order."""
    roll = rng.random()
    tokens = tweet.tokens
    if roll < 0.08:
        tokens = [t.lower() for t in tokens]
    elif roll < 0.12:
        tokens = [t.upper() if not t.startswith(("http", "@")) else t for t in tokens]
    elif roll < 0.16:
        tokens = [t[:1].upper() + t[1:] if t[:1].isalpha() else t for t in tokens]
    elif roll < 0.22:
        tokens = [re.sub(r"([aeiou])(?=\W*$)", lambda m: m.group(1) * rng.randint(2, 4), t) if tag == "O" and rng.random() < 0.1 else t
                  for t, tag in zip(tokens, tweet.tags)]
    else:
        return tweet
    return Tweet(tweet.id, tokens, tweet.tags)


def make_example(tweet: Tweet, reader: TextReader, known=(True,) * 4, limit: int = 110, lenient: bool = False) -> Example:
    encoded = reader.encode(tweet.text)
    pieces = encoded.pieces[:limit]
    words = np.array([p.word for p in pieces], dtype=np.int64)
    first = np.array([w >= 0 and (i == 0 or words[i - 1] != w) for i, w in enumerate(words)], dtype=bool)
    last = np.array([w >= 0 and (i + 1 == len(words) or words[i + 1] != w) for i, w in enumerate(words)], dtype=bool)
    first_of, last_of = {}, {}
    for i, w in enumerate(words):
        first_of.setdefault(int(w), i)
        last_of[int(w)] = i
    at_character = {}
    for w, (start, end) in enumerate(encoded.words):
        for c in range(start, end):
            at_character[c] = w
    spans = []
    for a, b, label in entity_spans(tweet.tags, lenient):
        begin, end = tweet.offsets[a][0], tweet.offsets[b - 1][1]
        inside = [at_character[c] for c in range(begin, end) if c in at_character]
        if inside and inside[0] in first_of and inside[-1] in last_of:
            spans.append((first_of[inside[0]], last_of[inside[-1]], LABELS.index(label)))
    return Example(np.array([p.id for p in pieces], dtype=np.int64), np.array([p.shape for p in pieces], dtype=np.int64), first, last,
                   words, spans, tweet, tuple(known), [(p.start, p.end) for p in pieces])


def pad(rows: list[np.ndarray], fill=0) -> torch.Tensor:
    out = np.full((len(rows), max(len(r) for r in rows)), fill, dtype=rows[0].dtype)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return torch.from_numpy(out)


def token_batches(lengths, tokens: int, rng: random.Random, spread: float = 4.0) -> list[list[int]]:
    """Index groups of similar length with about `tokens` padded pieces each, in random order."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] + rng.random() * spread)
    groups, group, longest = [], [], 0
    for i in order:
        longest = max(longest, int(lengths[i]))
        if group and longest * (len(group) + 1) > tokens:
            groups.append(group)
            group, longest = [], int(lengths[i])
        group.append(i)
    if group:
        groups.append(group)
    rng.shuffle(groups)
    return groups
