"""Files of tweets: cut anywhere they are read the same, what cannot be used says why, and tags are scored as the command line scores them."""
import json
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from mner_qg.corpus import Record, cut_file, normalise_tag, read_part
from mner_qg.errors import MnerError
from mner_qg.parts import encode_rows, find_photo
from mner_qg.boxes import Region
from mner_qg.results import Entity, Failure, QueryResult, Result
from mner_qg.scores import Boxes, score_rows, scored_row

FS = pafs.LocalFileSystem()
CONLL = """IMGID:1
Eileen\tB-PER
Collins\tI-PER
at\tO
NASA\tB-ORG

IMGID:2
Off\tO
to\tO
Paris\tB-location

no\tO
photo\tO
IMGID:3
@\tO
USA\tB-LOC
x\tI-SONG
"""


def read_all(path, kind, rows):
    return [record for part in cut_file(FS, str(path), kind, rows) for record in read_part(FS, part)]


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_conll_is_the_same_however_it_is_cut(tmp_path, rows):
    (tmp_path / "a.txt").write_text(CONLL, encoding="utf-8")
    records = read_all(tmp_path / "a.txt", "conll", rows)
    assert [(r.line, r.id, r.text) for r in records] == [(1, "1", "Eileen Collins at NASA"), (7, "2", "Off to Paris"), (12, None, "no photo"), (14, "3", "@USA x")]
    assert records[1].tags == ["O", "O", "B-LOC"] and records[3].tags == ["O", "B-LOC", "O"]
    assert normalise_tag("I-misc") == "I-OTHER"


@pytest.mark.parametrize("rows", [1, 2, 5, 100])
def test_json_lines_are_the_same_however_they_are_cut(tmp_path, rows):
    lines = [b'{"text": "a", "id": 7, "image": ""}', b"", b'{"text": 3}', b"[]", b'{"text": "\xff"}', b'{"text": NaN}', b'{"text": "b", "id": 1.5, "image": "x.jpg"}',
             b'{"text": " "}', b"[" * 10_000]
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines))
    records = read_all(tmp_path / "a.jsonl", "jsonl", rows)
    assert [(r.line, r.text, r.id, r.image) for r in records if r.problem is None] == [(1, "a", "7", None), (7, "b", "1.5", "x.jpg")]
    assert [r.problem for r in records if r.problem is not None] == [
        'Line 3 has no "text".', "Line 4 is not a JSON object.", "Line 5 is not UTF-8 text.", "Line 6 is not valid JSON.", "Line 8 has no text.", "Line 9 is not valid JSON."]


def test_parquet_rows_cross_row_groups(tmp_path):
    pq.write_table(pa.table({"text": [f"t{i}" for i in range(25)], "id": list(range(25))}), tmp_path / "a.parquet", row_group_size=7)
    assert [(r.line, r.text, r.id) for r in read_all(tmp_path / "a.parquet", "parquet", 4)] == [(i + 1, f"t{i}", str(i)) for i in range(25)]


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n')
    [part] = cut_file(FS, str(tmp_path / "a.jsonl"), "jsonl", 5)
    (tmp_path / "a.jsonl").write_text('{"text": "b"}\n')
    with pytest.raises(MnerError, match="changed"):
        read_part(FS, part)


def test_photos_are_found_in_their_folder_only(tmp_path):
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    for name in ("secret.jpg", "photos/1.jpg", "photos/sub/b.png"):
        (tmp_path / name).write_bytes(b"photo")
    folder = str(tmp_path / "photos")
    assert find_photo(FS, folder, "1") == f"{folder}/1.jpg"
    assert find_photo(FS, folder, "sub/../sub/b.png") == f"{folder}/sub/b.png"
    for name in ("../secret.jpg", "sub/../../secret.jpg", str(tmp_path / "secret.jpg"), "..", "a\0.jpg", "https://example.org/a.jpg", "file:///etc/hosts", "..\\secret.jpg"):
        with pytest.raises(MnerError) as caught:
            find_photo(FS, folder, name)
        assert caught.value.code == "input-invalid", name
    for name in ("missing", "sub"):
        with pytest.raises(MnerError) as caught:
            find_photo(FS, folder, name)
        assert caught.value.code == "image-unreadable"


def test_the_fields_three_scores(tmp_path):
    (tmp_path / "boxes.json").write_text(json.dumps({"1": {"width": 100, "height": 100, "boxes": [{"entity": "Eileen Collins", "type": "PER", "box": [10, 10, 50, 90]}]}}))
    boxes = Boxes.read(str(tmp_path / "boxes.json"))
    tokens = ["Eileen", "Collins", "at", "NASA"]
    record = Record(1, "Eileen Collins at NASA", "1", "1", tokens, ["B-PER", "I-PER", "O", "B-ORG"])
    seen = lambda box: None if box is None else Region(box, 0.9)
    asked = [QueryResult("PER", "", 0.9, None, 0.5, [], 0.1)]
    answer = lambda box: Result(record.text, (200, 200), [Entity(0, 14, "Eileen Collins", "PER", 0.9, seen(box)), Entity(18, 22, "NASA", "LOC", 0.8, None)], asked)
    right = score_rows([scored_row(record, answer((20, 20, 100, 180)), boxes)])
    assert (right["strict"]["correct"], right["gmner"]["correct"], right["eeg"]["correct"]) == (1, 1, 2)
    wrong = score_rows([scored_row(record, answer(None), boxes), scored_row(record, Failure("text-empty", ""), boxes)])
    assert (wrong["gmner"]["correct"], wrong["eeg"]["correct"], wrong["gmner"]["gold"], wrong["strict"]["gold"]) == (0, 1, 2, 4)


def test_rows_survive_both_forms():
    rows = [{"line": 1, "text": "half \ud83d", "entities": [], "exists": {"PER": 0.5}}, {"line": 2, "error": {"code": "x", "message": "y"}}]
    assert len(encode_rows(rows, "jsonl").split(b"\n")) == 3
    table = pq.read_table(pa.BufferReader(encode_rows(rows, "parquet")))
    assert table.num_rows == 2 and table["error"][1].as_py() == {"code": "x", "message": "y"}
