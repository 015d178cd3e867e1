"""A sentence with soft answers: how likely each word begins or ends a name of each type, and whether the type is named at all.

Gold and a teacher's opinion become the same thing here, and both survive rewriting of the text: answers are tied to words, and
words are found again in the rewritten text by where they begin and end.
"""
from __future__ import annotations

import random
import re
from dataclasses import dataclass

import numpy as np

from .examples import LABELS, Example, make_example
from .readers import Tweet, entity_spans
from .text import TextReader, find_words


@dataclass
class Item:
    """`start`, `end`: (W, 4) over the words of `text`; `exists` (4); `weight` (4): 0 where nobody knows."""

    text: str
    words: list[tuple[int, int]]
    start: np.ndarray
    end: np.ndarray
    exists: np.ndarray
    weight: np.ndarray


def blank(text: str, known=(True,) * 4) -> Item:
    words = find_words(text)
    zeros = lambda: np.zeros((len(words), 4), dtype=np.float32)
    return Item(text, words, zeros(), zeros(), np.zeros(4, dtype=np.float32), np.array(known, dtype=np.float32))


def from_gold(tweet: Tweet, known=(True,) * 4) -> Item:
    """A tweet's own labels, on the whole words that its names touch."""
    item = blank(tweet.text, known)
    for a, b, label in entity_spans(tweet.tags, lenient=False):
        begin, end = tweet.offsets[a][0], tweet.offsets[b - 1][1]
        inside = [i for i, (s, e) in enumerate(item.words) if s < end and e > begin]
        if inside:
            at = LABELS.index(label)
            item.start[inside[0], at] = item.end[inside[-1], at] = item.exists[at] = 1
    return item


def mix(gold: Item | None, soft: Item, share: float, trusted=(True,) * 4) -> Item:
    """`share` of the gold, the rest the teacher's; of types that the gold does not know or is not trusted with, all the teacher's."""
    if gold is None:
        return soft
    part = (gold.weight * np.array(trusted) * share).astype(np.float32)
    blend = lambda g, s: part * g + (1 - part) * s
    return Item(gold.text, gold.words, blend(gold.start, soft.start), blend(gold.end, soft.end), blend(gold.exists, soft.exists),
                np.maximum(gold.weight, soft.weight))


def keep_handles(gold: Item, mixed: Item) -> Item:
    """Sets disagree whether `@somebody` names a person, and the teacher answers in the convention of another set: on handles, the
    set's own word is kept."""
    own = np.array([gold.text[s] == "@" for s, _ in gold.words], dtype=bool)[:, None]
    exists = np.maximum(mixed.exists, (gold.start * own).max(0, initial=0))
    return Item(gold.text, gold.words, np.where(own, gold.start, mixed.start), np.where(own, gold.end, mixed.end), exists, mixed.weight)


ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


def rewrite(item: Item, rng: random.Random, rate: float = 0.3) -> Item:
    """Towards what people type: other case, hashtags, lengthened words, lost spaces, curly quotes, HTML entities."""
    if rng.random() > rate or not item.words:
        return item
    words = [item.text[s:e] for s, e in item.words]
    ends = [0, *(e for _, e in item.words)]
    gaps = [item.text[ends[i] : s] for i, (s, _) in enumerate(item.words)]
    named = item.start.max(1) > 0.5, item.end.max(1) > 0.5
    inside, deep = [], False  # is this word part of a name?
    for begins, stops in zip(*named):
        deep = deep or bool(begins)
        inside.append(deep)
        deep = deep and not stops
    plain = lambda w: not w.lower().startswith(("http", "www.", "@"))
    roll = rng.random()
    if roll < 0.28:
        words = [w.lower() if plain(w) else w for w in words]
    elif roll < 0.40:
        words = [w.upper() if plain(w) else w for w in words]
    elif roll < 0.50:
        words = [w[:1].upper() + w[1:] if plain(w) else w for w in words]
    elif roll < 0.60:
        words = [w.lower() if name and plain(w) else w for w, name in zip(words, inside)]
    elif roll < 0.74:  # a name becomes one hashtag
        for i, begins in enumerate(named[0]):
            if begins and words[i][0].isalnum() and rng.random() < 0.6:
                words[i] = "#" + words[i]
                j = i
                while not named[1][j] and j + 1 < len(words) and inside[j + 1] and words[j + 1].isalnum():
                    j += 1
                    gaps[j] = ""
                    words[j] = words[j][:1].upper() + words[j][1:]
    elif roll < 0.84:
        words = [re.sub(r"([aeiou])(?=\W*$)", lambda m: m.group(1) * rng.randint(2, 5), w) if not name and plain(w) and rng.random() < 0.2 else w
                 for w, name in zip(words, inside)]
    elif roll < 0.92:  # lost spaces, after signs only: words that run together have no boundary left to learn
        gaps = [g if i == 0 or words[i - 1].isalnum() or rng.random() < 0.5 or not plain(words[i - 1]) else "" for i, g in enumerate(gaps)]
    else:
        words = ["’" if w == "'" else rng.choice("“”") if w == '"' else w.replace("'", "’") if plain(w) else w for w in words]
        for sign, entity in ENTITIES:
            words = [w.replace(sign, entity) if plain(w) else w for w in words]
    text, places = "", []
    for gap, word in zip(gaps, words):
        text += gap
        places.append((len(text), len(text) + len(word)))
        text += word
    return moved(item, text + item.text[ends[-1] :], places)


def moved(item: Item, text: str, places: list[tuple[int, int]]) -> Item:
    """The item over another text, in which its words stand at `places`."""
    begin, stop = {s: i for i, (s, _) in enumerate(places)}, {e: i for i, (_, e) in enumerate(places)}
    new = blank(text)
    for k, (s, e) in enumerate(new.words):
        if s in begin:
            new.start[k] = item.start[begin[s]]
        if e in stop:
            new.end[k] = item.end[stop[e]]
    new.exists, new.weight = item.exists, item.weight
    return new


@dataclass
class Reading:
    """An item in word pieces: `start` and `end` (pieces, 4) are zero but on first and last pieces of words."""

    example: Example
    start: np.ndarray
    end: np.ndarray
    exists: np.ndarray
    weight: np.ndarray


def read_item(item: Item, reader: TextReader, limit: int = 110) -> Reading | None:
    """None when there is nothing to read."""
    example = make_example(Tweet("", [item.text], ["O"], item.text, [(0, len(item.text))]), reader, limit=limit)
    if not example.first.any():
        return None
    start, end = (np.zeros((len(example.ids), 4), dtype=np.float32) for _ in range(2))
    first, last = np.nonzero(example.first)[0], np.nonzero(example.last)[0]
    start[first], end[last] = item.start[example.words[first]], item.end[example.words[last]]
    return Reading(example, start, end, item.exists, item.weight)
