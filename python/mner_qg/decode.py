"""Turns logits into names: whole words of the text, with a type and a calibrated score. Pure numbers in and out."""
from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Protocol, Sequence, TypeVar

import numpy as np

from .text import Encoded
from .windows import Query, Sequences, believed_windows


@dataclass(frozen=True)
class Span:
    start: int
    end: int
    score: float
    query: int


@dataclass(frozen=True)
class RowLogits:
    """What the network says of one row: one start and one end per column, one existence."""

    start: np.ndarray
    end: np.ndarray
    existence: float


class Weighted(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def score(self) -> float: ...


Item = TypeVar("Item", bound=Weighted)


def best_without_overlap(items: Sequence[Item]) -> list[Item]:
    """The subset without overlap that has the highest sum of scores (weighted interval scheduling), in order of position."""
    if len(items) < 2:
        return list(items)
    by_end = sorted(items, key=lambda item: (item.end, item.start, -item.score))
    ends = [item.end for item in by_end]
    before = [bisect_right(ends, item.start) for item in by_end]
    best = [0.0]
    for index, item in enumerate(by_end):
        best.append(max(best[index], best[before[index]] + item.score))
    kept, count = [], len(by_end)
    while count > 0:
        if best[count] == best[count - 1]:
            count -= 1
        else:
            kept.append(by_end[count - 1])
            count = before[count - 1]
    return kept[::-1]


@dataclass(frozen=True)
class _Word:
    word: int  # index among all words: lengths count those without pieces too
    first: int
    last: int
    start: int
    end: int


def lay_out(encoded: Encoded) -> list[_Word]:
    """Per word that has pieces. A piece can reach beyond the word it begins in, and its span then takes in what it reaches into."""
    words, pieces = encoded.words, encoded.pieces
    layout: list[_Word] = []
    reached = first = 0
    while first < len(pieces):
        word, stop = pieces[first].word, first + 1
        while stop < len(pieces) and pieces[stop].word == word:
            stop += 1
        reached = max(reached, word)
        while reached + 1 < len(words) and words[reached + 1][0] <= pieces[stop - 1].end - 1:
            reached += 1
        layout.append(_Word(word, first, stop - 1, words[word][0], max(words[word][1], words[reached][1])))
        first = stop
    return layout


def sigmoid(logit: float) -> float:
    if logit < 0:
        power = math.exp(max(logit, -700.0))
        return power / (1 + power)
    return 1 / (1 + math.exp(-logit))


def logit_of(probability: float) -> float:
    if probability <= 0 or probability >= 1:
        return -math.inf if probability <= 0 else math.inf
    return math.log(probability / (1 - probability))


def merge_windows(encoded: Encoded, sequences: Sequences, rows: Sequence[RowLogits]) -> list[RowLogits]:
    """One answer per question: per piece that of the window to believe, and the highest existence, for a name anywhere is a name."""
    count = len(sequences.columns)
    believed = believed_windows(encoded.pieces, sequences.windows)
    merged = []
    for query, column in enumerate(sequences.columns):
        own = rows[query::count]
        if len(own) == 1:
            span = slice(column, column + len(encoded.pieces))
            merged.append(RowLogits(own[0].start[span], own[0].end[span], own[0].existence))
            continue
        at = [column + piece - sequences.windows[window][0] for piece, window in enumerate(believed)]
        start, end = (np.array([getattr(own[window], side)[place] for window, place in zip(believed, at)], np.float32) for side in ("start", "end"))
        merged.append(RowLogits(start, end, max(row.existence for row in own)))
    return merged


def _spans_of_query(layout: Sequence[_Word], logits: RowLogits, most_words: int, least_start: float, least_end: float) -> list[tuple[int, int, float]]:
    """Each start takes the nearest end at or after it, if one comes within the limit: (start, end, logit)."""
    if not (logits.start >= least_start).any():
        return []
    spans = []
    nearest = None
    for here in reversed(layout):
        if logits.end[here.last] >= least_end:
            nearest = here
        if nearest is None or not logits.start[here.first] >= least_start or nearest.word - here.word >= most_words:
            continue
        logit = (float(logits.start[here.first]) + float(logits.end[nearest.last]) + logits.existence) / 3
        spans.append((here.start, nearest.end, logit))
    return spans


def decode_spans(encoded: Encoded, sequences: Sequences, queries: Sequence[Query], rows: Sequence[RowLogits], config: dict[str, Any],
                 calibration: dict[str, float], least_score: float, nested: bool) -> tuple[list[Span], list[float]]:
    """Names in order of position, then of question; and per question the probability that the text names such a thing at all."""
    merged = merge_windows(encoded, sequences, rows)
    layout = lay_out(encoded)
    decode = config.get("decode", {})
    least_start, least_end = (logit_of(decode.get(name, 0.5)) for name in ("startThreshold", "endThreshold"))
    found: list[Span] = []
    for query, logits in enumerate(merged):
        spans = [Span(start, end, sigmoid(calibration["a"] * logit + calibration["b"]), query)
                 for start, end, logit in _spans_of_query(layout, logits, config["maxSpanWords"], least_start, least_end)]
        # Two starts can take the same end: one question never gives overlapping answers, nested or not.
        found += [span for span in best_without_overlap(spans) if span.score >= least_score]
    kept = found if nested else best_without_overlap(found)
    return sorted(kept, key=lambda span: (span.start, span.end, span.query)), [sigmoid(logits.existence) for logits in merged]
