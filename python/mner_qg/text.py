"""From raw text to words and pieces: the words that spans are made of, and the pieces that the network reads.

`src/text/` does the same in TypeScript. Offsets are code points: `text[start:end]` is the word. A word is what one would call a word
in a tweet, each link is one, and everything else (punctuation, emoji) is a word of its own.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterable, Optional, Sequence

import regex
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece

from .errors import MnerError
from .folder import ModelFolder

Range = tuple[int, int]

LINK = regex.compile(r"(?:https?://|www\.)\P{White_Space}+", regex.IGNORECASE)
# Letters, digits, marks and underscores, with an optional @ or # before and . ' ’ & - inside; a flag; or any other character. A word
# does not begin with a mark: one without a letter before it belongs to what it follows, not to the letters after it.
WORD = regex.compile(r"[@#]?[\p{L}\p{N}_][\p{L}\p{N}\p{M}_]*(?:[.'’&\-][\p{L}\p{N}\p{M}_]+)*|\p{Regional_Indicator}{2}|\P{White_Space}")
POSSESSIVE = regex.compile(r".['’]s\Z", regex.IGNORECASE)

# Where two neighbouring characters are one to the reader, as far as words can disagree with Unicode's segmentation.
CONTINUES = regex.compile(r"[\p{M}\p{Grapheme_Extend}\p{Emoji_Modifier}\u0e33\u0eb3\u200d]")
PICTOGRAPH = regex.compile(r"\p{Extended_Pictographic}")
LETTER = regex.compile(r"\p{L}")
JOINED_LETTER = regex.compile(r"[\p{L}\p{M}]\u200d\Z")
PREFIX = regex.compile(
    "[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd\U000111c2\U000111c3\U000113d1\U0001193f\U00011941"
    "\U00011a3a\U00011a84-\U00011a89\U00011d46\U00011f02]")
SPACE = regex.compile(r"\p{Zs}")
FIRST_JOINING = "\u0300"  # below this nothing joins its neighbour
SURROGATE = regex.compile(r"[\ud800-\udfff]")

LINK_WORD = "http"  # a link counts as this word


@dataclass(frozen=True)
class Piece:
    """One row of the vocabulary, and the stretch of the text it stands for."""

    id: int
    start: int
    end: int
    shape: int
    word: int  # index of the word that holds the piece's first character


@dataclass(frozen=True)
class Encoded:
    text: str
    words: list[Range]
    pieces: list[Piece]


def _splits_grapheme(text: str, at: int) -> bool:
    """Whether a cut would split what a reader sees as one character. Neither side may be a space."""
    before, after = text[at - 1], text[at]
    if before < FIRST_JOINING and after < FIRST_JOINING:
        return False
    if CONTINUES.match(after):
        return True
    if before == "\u200d":
        return bool(PICTOGRAPH.match(after) or (LETTER.match(after) and JOINED_LETTER.search(text[max(0, at - 2) : at])))
    return bool(PREFIX.match(before))


def _sits_on_space(text: str, at: int) -> bool:
    """As an accent without a letter does."""
    return text[at] >= FIRST_JOINING and at > 0 and bool(SPACE.match(text[at - 1])) and bool(CONTINUES.match(text[at]))


def _reaches_over_space(text: str, at: int) -> bool:
    return text[at - 1] >= FIRST_JOINING and at < len(text) and bool(SPACE.match(text[at])) and bool(PREFIX.match(text[at - 1]))


def find_links(text: str) -> list[Range]:
    return [match.span() for match in LINK.finditer(text)]


def find_words(text: str, links: Optional[Sequence[Range]] = None) -> list[Range]:
    """Every word in order, without overlap; every character that is not a space is in one."""
    words: list[Range] = []
    at = 0
    for start, end in [*(find_links(text) if links is None else links), (len(text), len(text))]:
        for match in WORD.finditer(text[at:start]):
            first, last = match.start() + at, match.end() + at
            if POSSESSIVE.search(match.group()):
                words += [(first, last - 2), (last - 2, last)]
            else:
                words.append((first, last))
        if end > start:
            words.append((start, end))
        at = end
    return words if text.isascii() else _whole_graphemes(words, text)


def _whole_graphemes(words: Iterable[Range], text: str) -> list[Range]:
    """Makes one word of neighbours that share a grapheme, so that no span can ever split one."""
    whole: list[Range] = []
    for first, last in words:
        start = first - 1 if _sits_on_space(text, first) else first
        end = last + 1 if _reaches_over_space(text, last) else last
        if whole and (start < whole[-1][1] or (start == whole[-1][1] and _splits_grapheme(text, start))):
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return whole


def word_shape(word: str) -> int:
    """0 no case, 1 all lower, 2 Capitalised, 3 ALL UPPER, 4 miXed: what an uncased vocabulary loses."""
    upper = [c.lower() != c for c in word if c.lower() != c or c.upper() != c]
    if not upper:
        return 0
    if not any(upper):
        return 1
    if upper[0] and not any(upper[1:]):
        return 2
    return 3 if all(upper) else 4


class TextReader:
    """Tokenises with a BERT vocabulary: a folder with vocab.txt, or that file."""

    def __init__(self, vocabulary: str | Path, config: Optional[dict[str, Any]] = None):
        path = Path(vocabulary)
        self._start((path / "vocab.txt" if path.is_dir() else path).read_text(encoding="utf-8"), config or {})

    @staticmethod
    def of(folder: ModelFolder) -> "TextReader":
        vocabulary = folder.tokenizer_file("vocab.txt")
        if vocabulary is None:
            raise MnerError("model-mismatch", f"{folder.path} has no vocab.txt. Convert the model again.")
        reader = TextReader.__new__(TextReader)
        reader._start(vocabulary, json.loads(folder.tokenizer_file("tokenizer_config.json") or "{}"))
        return reader

    def _start(self, vocabulary: str, config: dict[str, Any]) -> None:
        lines = vocabulary.split("\n")
        self.vocabulary = {token.removesuffix("\r"): index for index, token in enumerate(lines) if token}
        flag = lambda name, otherwise: config[name] if isinstance(config.get(name), bool) else otherwise
        lower = flag("do_lower_case", True)
        self.tokenizer = Tokenizer(WordPiece(self.vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
        self.tokenizer.normalizer = normalizers.BertNormalizer(
            lowercase=lower, strip_accents=flag("strip_accents", lower), handle_chinese_chars=flag("tokenize_chinese_chars", True))
        self.tokenizer.pre_tokenizer = self.splitter = pre_tokenizers.BertPreTokenizer()
        self.cls, self.sep, self.pad = (self.vocabulary[token] for token in ("[CLS]", "[SEP]", "[PAD]"))
        self.mask = self.vocabulary.get("[MASK]", self.pad)
        self.link = self.vocabulary.get(LINK_WORD, self.vocabulary["[UNK]"])
        self.query = lru_cache(maxsize=4096)(self._query)

    def pieces(self, text: str, offset: int = 0) -> list[tuple[int, int, int, int]]:
        """(id, start, end, shape) of a text without links."""
        # Half a surrogate pair is no character; what stands for it is dropped like any other that cannot be read.
        encoding = self.tokenizer.encode(SURROGATE.sub("\ufffd", text), add_special_tokens=False)
        bounds: dict[int, Range] = {}
        for (start, end), word in zip(encoding.offsets, encoding.word_ids):
            first, last = bounds.get(word, (start, end))
            bounds[word] = (min(first, start), max(last, end))
        shapes = {word: word_shape(text[start:end]) for word, (start, end) in bounds.items()}
        return [(i, s + offset, e + offset, shapes[w]) for i, (s, e), w in zip(encoding.ids, encoding.offsets, encoding.word_ids)]

    def encode(self, text: str) -> Encoded:
        links = find_links(text)
        words = find_words(text, links)
        raw: list[tuple[int, int, int, int]] = []
        at = 0
        for start, end in links:
            raw += self.pieces(text[at:start], at)
            raw.append((self.link, start, end, 0))
            at = end
        raw += self.pieces(text[at:], at)
        pieces, word = [], 0
        for identity, start, end, shape in raw:
            while words[word][1] <= start:
                word += 1
            pieces.append(Piece(identity, start, end, shape, word))
        return Encoded(text, words, pieces)

    def _query(self, query: str) -> tuple[int, ...]:
        """The ids of a question, without special pieces."""
        return tuple(identity for identity, *_ in self.pieces(query))
