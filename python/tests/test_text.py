"""Words, pieces, windows, spans and scores against the fixtures that hold TypeScript and training to the same answers."""
import json
import random
from itertools import combinations
from pathlib import Path

import pytest

from mner_qg.decode import Span, best_without_overlap
from mner_qg.errors import MnerError
from mner_qg.folder import ModelFolder
from mner_qg.results import Units
from mner_qg.text import TextReader, find_words
from mner_qg.windows import Query, believed_windows, build_sequences, cut_windows

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "test" / "fixtures"


@pytest.fixture(scope="module")
def reader():
    return TextReader.of(ModelFolder.open(ROOT / "public" / "models" / "mner-qg-mini"))


def test_words_and_pieces_fixture(reader):
    for case in json.loads((FIXTURES / "encode.json").read_text(encoding="utf-8")):
        encoded, units = reader.encode(case["text"]), Units(case["text"])
        pieces = [[piece.id, units.of(piece.start), units.of(piece.end), piece.shape] for piece in encoded.pieces]
        assert pieces == [row[:4] for row in case["pieces"]], case["text"]
        assert [[units.of(start), units.of(end)] for start, end in encoded.words] == case["words"], case["text"]


def test_words_never_split_what_is_one_to_the_reader():
    for text, words in (("🇫🇷🇩🇪 x", ["🇫🇷", "🇩🇪", "x"]), ("👩‍👩‍👧 ok", ["👩‍👩‍👧", "ok"]), ("❤️Anna's", ["❤️", "Anna", "'s"]),
                        ("see http://t.co/a,b now", ["see", "http://t.co/a,b", "now"]), ("@OU_Football #1st", ["@OU_Football", "#1st"])):
        assert [text[start:end] for start, end in find_words(text)] == words


def test_half_a_character_does_not_stop_anything(reader):
    encoded = reader.encode("Anna \ud83d in Paris")
    assert [encoded.text[piece.start : piece.end] for piece in encoded.pieces] == ["Anna", "in", "Paris"]


def test_windows_cover_everything_and_fit(reader):
    generator = random.Random(3)
    for _ in range(30):
        text = " ".join(generator.choice(["Paris", "extraordinarily", "a", "http://t.co/x", "#CapeMay2017", "x" * 90]) for _ in range(generator.randrange(1, 200)))
        pieces = reader.encode(text).pieces
        windows = cut_windows(pieces, 40, 10)
        assert windows[0][0] == 0 and windows[-1][1] == len(pieces)
        assert all(0 < end - first <= 40 for first, end in windows)
        assert all(one[0] < other[0] <= one[1] for one, other in zip(windows, windows[1:]))
        assert all(windows[window][0] <= piece < windows[window][1] for piece, window in enumerate(believed_windows(pieces, windows)))


def test_rows_are_laid_out_as_the_network_reads_them(reader):
    sequences = build_sequences(reader, reader.encode("Anna in Paris"), [Query("PER", "person"), Query("DOG", "which dogs are named")], 128)
    for row, column in zip(sequences.rows, sequences.columns):
        assert row.ids[0] == reader.cls and row.ids[column - 1] == row.ids[-1] == reader.sep
        assert row.segments.index(1) == column and row.shapes[column : column + 3] == [2, 1, 2]
    with pytest.raises(MnerError, match="too long"):
        build_sequences(reader, reader.encode("x"), [Query("A", "why " * 80)], 128)


def test_best_without_overlap_is_the_best():
    generator = random.Random(1)
    for _ in range(300):
        items = []
        for query in range(generator.randrange(1, 8)):
            start = generator.randrange(12)
            items.append(Span(start, start + generator.randrange(1, 6), generator.random(), query))
        apart = lambda chosen: all(a.end <= b.start or b.end <= a.start for a, b in combinations(chosen, 2))
        best = max(sum(item.score for item in chosen) for count in range(len(items) + 1) for chosen in combinations(items, count) if apart(chosen))
        kept = best_without_overlap(items)
        assert apart(kept) and sum(item.score for item in kept) == pytest.approx(best)
