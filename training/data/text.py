"""From raw text to word pieces with offsets, word shapes and words. `src/text/` does the same; a fixture holds them together."""
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import regex
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece

LINK = regex.compile(r"(?:https?://|www\.)\S+", regex.IGNORECASE)
WORD = regex.compile(r"[@#]?[\p{L}\p{N}\p{M}_]+(?:[.'’&\-][\p{L}\p{N}\p{M}_]+)*")
CLITIC = regex.compile(r"['’]s$", regex.IGNORECASE)
OTHER = regex.compile(r"\X")  # one grapheme cluster


@dataclass
class Piece:
    id: int
    start: int  # code points of the text, as the words below
    end: int
    shape: int
    word: int  # index into words; -1 for a piece outside any word


@dataclass
class Encoded:
    pieces: list[Piece]
    words: list[tuple[int, int]]


def word_shape(word: str) -> int:
    """0 no case, 1 all lower, 2 Capitalised, 3 ALL UPPER, 4 miXed."""
    upper = [c.lower() != c for c in word if c.lower() != c or c.upper() != c]
    if not upper:
        return 0
    if not any(upper):
        return 1
    if upper[0] and not any(upper[1:]):
        return 2
    return 3 if all(upper) else 4


def find_words(text: str) -> list[tuple[int, int]]:
    """The units that spans are made of: links, words with their @ or #, and every other visible character by itself."""
    words: list[tuple[int, int]] = []

    def plain(start: int, end: int) -> None:
        at = start
        while at < end:
            if text[at].isspace():
                at += 1
                continue
            match = WORD.match(text, at, end)
            if match:
                clitic = CLITIC.search(text, at, match.end())
                if clitic and clitic.start() > at:
                    words.append((at, clitic.start()))
                    words.append((clitic.start(), match.end()))
                else:
                    words.append((at, match.end()))
                at = match.end()
            else:
                stop = OTHER.match(text, at, end).end()
                words.append((at, stop))
                at = stop

    at = 0
    for link in LINK.finditer(text):
        plain(at, link.start())
        words.append(link.span())
        at = link.end()
    plain(at, len(text))
    return words


class TextReader:
    """Tokenises with the vocabulary of a BERT folder."""

    def __init__(self, vocabulary: str | Path):
        path = Path(vocabulary)
        path = path / "vocab.txt" if path.is_dir() else path
        tokens = path.read_text(encoding="utf-8").split("\n")
        self.vocabulary = {token: index for index, token in enumerate(tokens) if token}
        self.tokenizer = Tokenizer(WordPiece(self.vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
        self.tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        self.tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        self.splitter = pre_tokenizers.BertPreTokenizer()
        self.cls, self.sep, self.pad, self.mask = (self.vocabulary[t] for t in ("[CLS]", "[SEP]", "[PAD]", "[MASK]"))
        self.link = self.vocabulary["http"]

    def pieces(self, text: str, offset: int = 0) -> list[tuple[int, int, int, int]]:
        """(id, start, end, shape) of a text without links."""
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        shapes = {}
        for identity, (start, end), word in zip(encoding.ids, encoding.offsets, encoding.word_ids):
            first, last = shapes.get(word, (start, end))
            shapes[word] = (min(first, start), max(last, end))
        shape_of = {word: word_shape(text[start:end]) for word, (start, end) in shapes.items()}
        return [(i, s + offset, e + offset, shape_of[w]) for i, (s, e), w in zip(encoding.ids, encoding.offsets, encoding.word_ids)]

    def encode(self, text: str) -> Encoded:
        words = find_words(text)
        raw: list[tuple[int, int, int, int]] = []
        at = 0
        for link in LINK.finditer(text):
            raw += self.pieces(text[at : link.start()], at)
            raw.append((self.link, link.start(), link.end(), 0))
            at = link.end()
        raw += self.pieces(text[at:], at)
        pieces, w = [], 0
        for identity, start, end, shape in raw:
            while w < len(words) and words[w][1] <= start:
                w += 1
            inside = w < len(words) and words[w][0] <= start
            pieces.append(Piece(identity, start, end, shape, w if inside else -1))
        return Encoded(pieces, words)

    @lru_cache(maxsize=4096)
    def query(self, query: str) -> tuple[int, ...]:
        return tuple(identity for identity, *_ in self.pieces(query))
