"""BERT+CRF: one pass over the text, a score for every tag of every word, and a chain over the words. It looks at no photo and answers no
questions. The reference of the chain is `training/systems/bert_crf/crf.py`."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Mapping, Sequence

import numpy as np

from .decode import lay_out, logit_of, sigmoid
from .errors import MnerError
from .folder import ModelFolder, Tensor
from .results import Entity, QueryResult, Result
from .sessions import Sessions
from .text import Encoded, TextReader
from .windows import Query, Sequences, believed_windows, build_sequences, pad
from .work import Asked, Work, by_length

FORBIDDEN = -1e4  # what no sequence of tags may do costs so much that none does
CERTAIN = 1e-6  # a chance this near to 0 or 1 is taken as it is, as in training

TaggedName = tuple[int, int, int]  # first word, last word, label


def log_sum(terms: np.ndarray, axis: int = 0) -> np.ndarray:
    most = terms.max(axis, keepdims=True)
    safe = np.where(np.isfinite(most), most, 0)
    with np.errstate(divide="ignore"):
        return np.squeeze(safe, axis) + np.log(np.exp(terms - safe).sum(axis))


@dataclass(frozen=True)
class Crf:
    """A linear chain of tags, O, then B- and I- of each label; rules included."""

    moves: np.ndarray  # [from, to]
    start: np.ndarray
    end: np.ndarray

    @staticmethod
    def of(tensors: Mapping[str, Tensor], name: str = "crf") -> "Crf":
        moves, start, end = (tensors[f"{name}.{part}"].floats().astype(np.float64) for part in ("transitions", "start", "end"))
        for inside in range(2, len(start), 2):
            start[inside] += FORBIDDEN
            allowed = (np.arange(len(start)) == inside) | (np.arange(len(start)) == inside - 1)
            moves[~allowed, inside] += FORBIDDEN
        return Crf(moves, start, end)

    def best(self, emissions: np.ndarray) -> list[int]:
        """The best tag of each word (Viterbi); of equal sequences the one with the lower tag."""
        if len(emissions) == 0:
            return []
        score, back = self.start + emissions[0], []
        for word in emissions[1:]:
            ways = score[:, None] + self.moves
            back.append(ways.argmax(0))
            score = ways.max(0) + word
        path = [int((score + self.end).argmax())]
        for come in reversed(back):
            path.append(int(come[path[-1]]))
        return path[::-1]

    def alpha(self, emissions: np.ndarray) -> np.ndarray:
        """The log of the sum over all beginnings that end in a tag at a word: [words, tags]."""
        rows = [self.start + emissions[0]]
        for word in emissions[1:]:
            rows.append(log_sum(rows[-1][:, None] + self.moves) + word)
        return np.stack(rows)

    def beta(self, emissions: np.ndarray) -> np.ndarray:
        """The same over all ways to go on behind a tag at a word."""
        rows = [self.end]
        for word in emissions[:0:-1]:
            rows.append(log_sum(self.moves + word + rows[-1], 1))
        return np.stack(rows[::-1])

    def partition(self, emissions: np.ndarray) -> float:
        return float(log_sum(self.alpha(emissions)[-1] + self.end))

    def chances(self, emissions: np.ndarray, names: Sequence[TaggedName]) -> list[float]:
        """The chance of each name as a whole: begun, gone on and ended just there."""
        alpha, beta = self.alpha(emissions), self.beta(emissions)
        whole = float(log_sum(alpha[-1] + self.end))
        found = []
        for first, last, label in names:
            tag, inside = 1 + 2 * label, 2 + 2 * label
            before = log_sum(alpha[first - 1] + self.moves[:, tag]) if first else self.start[tag]
            score = float(before) + emissions[first, tag]
            for word in range(first + 1, last + 1):
                score += self.moves[tag, inside] + emissions[word, inside]
                tag = inside
            if last + 1 == len(emissions):
                score += self.end[tag]
            else:
                onward = self.moves[tag] + emissions[last + 1] + beta[last + 1]
                onward[inside] = -np.inf  # one word more is another name
                score += float(log_sum(onward))
            found.append(math.exp(score - whole))
        return found

    def chance_of_any(self, emissions: np.ndarray, label: int) -> float:
        """The chance that any name has this label: all sequences but those that never begin one."""
        without = emissions.copy()
        without[:, 1 + 2 * label] = FORBIDDEN
        return max(0.0, 1 - math.exp(self.partition(without) - self.partition(emissions)))


def names_of(tags: Sequence[int]) -> list[TaggedName]:
    """What the tags say. The rules allow no I- without its B-."""
    names: list[TaggedName] = []
    for word, tag in enumerate(tags):
        if tag % 2:
            names.append((word, word, tag // 2))
        elif tag:
            names[-1] = (names[-1][0], word, names[-1][2])
    return names


class Tagger:
    sees = False
    own_queries = False

    def __init__(self, folder: ModelFolder, tensors: Mapping[str, Tensor], reader: TextReader, sessions: Sessions):
        self.config, self.reader, self.sessions = folder.config, reader, sessions
        self.labels = [query["label"] for query in self.config["queries"]]
        self._span = folder.manifest.get("calibration", {}).get("span", {"a": 1.0, "b": 0.0})
        self.crf = Crf.of(tensors)

    def sequences(self, encoded: Encoded, queries: Sequence[Query]) -> Sequences:
        return build_sequences(self.reader, encoded, [None], self.config["maxPieces"])

    def read_texts(self, works: Sequence[Work]) -> None:
        for places, rows in by_length(works):
            inputs = pad(rows, self.reader.pad)
            del inputs["query"]
            emissions = self.sessions.run("text", ("emissions",), inputs)["emissions"]
            for index, (work, at) in enumerate(places):
                work.rows[at] = emissions[index]

    def read_photos(self, works: Sequence[Work], pixels: np.ndarray) -> None:
        raise MnerError("internal", "BERT+CRF was given a photo. Please report it.")

    def decode(self, work: Work, asked: Asked) -> Result:
        encoded, text = work.encoded, work.encoded.text
        words, windows = lay_out(encoded), work.sequences.windows
        believed = believed_windows(encoded.pieces, windows)
        # Each word's scores are those of its first piece in the window that is believed there.
        column = work.sequences.columns[0]
        emissions = np.stack([work.rows[believed[word.first]][column + word.first - windows[believed[word.first]][0]] for word in words]).astype(np.float64)
        names = names_of(self.crf.best(emissions))
        entities = []
        for (first, last, label), chance in zip(names, self.crf.chances(emissions, names)):
            score = sigmoid(self._span["a"] * logit_of(min(max(chance, CERTAIN), 1 - CERTAIN)) + self._span["b"])
            start, end = words[first].start, words[last].end
            if score >= asked.threshold:
                entities.append(Entity(start, end, text[start:end], self.labels[label], score, None))
        exists = [self.crf.chance_of_any(emissions, self.labels.index(query.label)) if query.label in self.labels else 0.0 for query in asked.queries]
        results = [QueryResult(query.label, query.query, exists[index], None, 1.0, [], 0.0) for index, query in enumerate(asked.queries)]
        return Result(text, None, entities, results, work.notices)
