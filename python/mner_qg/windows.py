"""Lays pieces and questions out as the network reads them, `[CLS] question [SEP] text [SEP]`, a long text as overlapping windows; and
says which window to believe where two have read the same word."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional, Sequence

import numpy as np

from .errors import MnerError
from .text import Encoded, Piece, TextReader

SPECIAL_PIECES = 2  # [CLS], and the [SEP] behind the text
OVERLAP = 0.25
Window = tuple[int, int]  # first piece, end piece


@dataclass(frozen=True)
class Query:
    """A question to the text: a label for its answers, and the words that ask."""

    label: str
    query: str


@dataclass(frozen=True)
class Row:
    """One question put to one window. The three lists are of one length."""

    query: int
    window: int
    ids: list[int]
    segments: list[int]
    shapes: list[int]


@dataclass(frozen=True)
class Sequences:
    """All rows of a text: row `window * queries + query`."""

    windows: list[Window]
    columns: list[int]  # per query: where the text's first piece stands in its rows
    rows: list[Row]


def _end_of_word(pieces: Sequence[Piece], first: int) -> int:
    end = first + 1
    while end < len(pieces) and pieces[end].word == pieces[first].word:
        end += 1
    return end


def cut_windows(pieces: Sequence[Piece], capacity: int, overlap: int) -> list[Window]:
    """Windows of at most `capacity` pieces over all pieces, neighbours sharing about `overlap` of them. Cuts fall between words; only
    a word that fits into no window is cut inside."""
    count = len(pieces)
    if count <= capacity:
        return [(0, count)]
    cuts: list[int] = []
    first = 0
    while first < count:
        end = _end_of_word(pieces, first)
        cuts += range(first, end) if end - first > capacity else [first]
        first = end
    cuts.append(count)
    windows: list[Window] = []
    at = 0
    while True:
        end_at = at + 1
        while end_at + 1 < len(cuts) and cuts[end_at + 1] <= cuts[at] + capacity:
            end_at += 1
        end = cuts[end_at]
        windows.append((cuts[at], end))
        if end == count:
            return windows
        # Step back for the overlap, but never so far that the next word would not fit after it.
        following, then = cuts[end_at + 1], end_at
        while then - 1 > at and cuts[then] > end - overlap and following - cuts[then - 1] <= capacity:
            then -= 1
        at = then


def believed_windows(pieces: Sequence[Piece], windows: Sequence[Window]) -> list[int]:
    """Per piece the window to believe: the one in which its word stands farther from a cut. A window that holds only part of a word is
    believed last."""
    believed = [0] * len(pieces)
    if len(windows) == 1:
        return believed
    best = [-math.inf] * len(pieces)
    for index, (begin, stop) in enumerate(windows):
        cut_before, cut_after = begin > 0, stop < len(pieces)

        def distance(first: int, last: int) -> float:
            return min(first - begin if cut_before else math.inf, stop - 1 - last if cut_after else math.inf)

        first = begin
        while first < stop:
            end = min(_end_of_word(pieces, first), stop)
            word = pieces[first].word
            whole = (first > begin or not cut_before or pieces[first - 1].word != word) and (
                end < stop or not cut_after or pieces[end].word != word)
            of_word = distance(first, end - 1)
            for piece in range(first, end):
                value = of_word if whole else distance(piece, piece) - len(pieces) - 1
                if value > best[piece]:
                    best[piece], believed[piece] = value, index
            first = end
    return believed


def build_sequences(reader: TextReader, encoded: Encoded, queries: Sequence[Optional[Query]], most_pieces: int) -> Sequences:
    """None stands for a row without a question. Fails with `query-invalid` when a question leaves the text too little room."""
    if not queries:
        raise MnerError("query-invalid", "There is no query. Ask for at least one type of name.")
    # Between [CLS] and the text: the question and its [SEP].
    prompts = [[] if query is None else [*reader.query(query.query), reader.sep] for query in queries]
    if any(query is not None and len(prompt) == 1 for query, prompt in zip(queries, prompts)):
        raise MnerError("query-invalid", "A query has no words. Write what to look for, for example “a sports team”.")
    longest = max(range(len(prompts)), key=lambda index: len(prompts[index]))
    query, capacity = queries[longest], most_pieces - SPECIAL_PIECES - len(prompts[longest])
    if query is not None and (capacity < most_pieces / 2 - SPECIAL_PIECES - 1 or capacity < 1):
        raise MnerError("query-invalid", f"The query “{query.label}” is too long ({len(prompts[longest]) - 1} pieces): it would leave the "
                        f"text too little room. Shorten it to under {max(1, most_pieces // 2)} pieces.")
    windows = cut_windows(encoded.pieces, capacity, math.floor(capacity * OVERLAP))
    rows = []
    for index, (first, end) in enumerate(windows):
        own = [piece.id for piece in encoded.pieces[first:end]]
        shapes = [piece.shape for piece in encoded.pieces[first:end]]
        for number, prompt in enumerate(prompts):
            before = len(prompt) + 1
            rows.append(Row(number, index, [reader.cls, *prompt, *own, reader.sep], [0] * before + [1] * (len(own) + 1), [0] * before + shapes + [0]))
    return Sequences(windows, [len(prompt) + 1 for prompt in prompts], rows)


def pad(rows: Sequence[Row], padding: int) -> dict[str, np.ndarray]:
    """Rows as one batch [B, L]: ids, segments, shapes, mask, and `query`, 1 at each question's own pieces."""
    length = max(len(row.ids) for row in rows)
    batch = {name: np.zeros((len(rows), length), np.int64) for name in ("ids", "segments", "shapes")}
    batch["ids"].fill(padding)
    mask, query = np.zeros((len(rows), length), np.float32), np.zeros((len(rows), length), np.float32)
    for index, row in enumerate(rows):
        used = len(row.ids)
        batch["ids"][index, :used], batch["segments"][index, :used], batch["shapes"][index, :used] = row.ids, row.segments, row.shapes
        mask[index, :used] = 1
        query[index, 1 : max(1, row.segments.index(1) - 1)] = 1
    return {**batch, "mask": mask, "query": query}
