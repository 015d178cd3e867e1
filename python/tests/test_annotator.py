"""The package's answers against the command line's, and what bad input gets.

`answers.jsonl` is what the command line says of test/fixtures/tweets.json with the photos of the demo (make_answers.sh).
"""
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compare import annotate_rows, differences
from mner_qg import Annotator, Failure, MnerError, Query
from mner_qg.photos import open_photo

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ROOT / "public" / "examples"


@pytest.fixture(scope="module")
def annotator():
    return Annotator(ROOT / "public" / "models" / "mner-qg-mini", threads=1)


def test_the_command_lines_answers(annotator):
    theirs = [json.loads(line) for line in (Path(__file__).parent / "answers.jsonl").read_text(encoding="utf-8").split("\n") if line]
    rows = json.loads((ROOT / "test" / "fixtures" / "tweets.json").read_text(encoding="utf-8"))
    assert len(rows) == len(theirs) >= 20
    if not annotator.sees:
        kept = [at for at, row in enumerate(rows) if not row["image"]]
        rows, theirs = [rows[at] for at in kept], [theirs[at] for at in kept]
        assert len(rows) >= 5
    for ours, other in zip(annotate_rows(annotator, rows, PHOTOS), theirs):
        found = differences(ours, other)
        assert found["names"] == 0 and found["score"] <= 1e-4 and found["box"] <= 1, (ours, other)


def test_a_text_is_answered_alike_alone_and_among_others(annotator):
    rows = json.loads((ROOT / "test" / "fixtures" / "tweets.json").read_text(encoding="utf-8"))
    together = annotator.annotate([row["text"] for row in rows])
    for row, one in zip(rows, together):
        [alone] = annotator.annotate([row["text"]])
        assert [(e.start, e.end, e.type) for e in alone.entities] == [(e.start, e.end, e.type) for e in one.entities]
        assert [e.score for e in alone.entities] == pytest.approx([e.score for e in one.entities], abs=1e-5)


def test_a_long_text_keeps_its_last_name(annotator):
    text = "We walked and talked all day long about nothing at all. " * 40 + "Then Angela Merkel flew to Paris."
    [result] = annotator.annotate([text])
    assert {"Angela Merkel", "Paris"} <= {text[entity.start : entity.end] for entity in result.entities}


def test_own_questions(annotator):
    [result] = annotator.annotate(["Off to Paris with Anna"], queries=[Query("CITY", "location: names of cities")])
    assert [(entity.text, entity.type) for entity in result.entities] == [("Paris", "CITY")]


def test_names_are_found_beside_a_photo_that_cannot_be_seen(annotator):
    if annotator.sees:
        pytest.skip("this model's photos can be seen")
    with pytest.warns(UserWarning, match="without boxes"):
        [result] = annotator.annotate(["Off to Paris with Anna"], [PHOTOS / "astronaut.jpg"])
    assert [entity.text for entity in result.entities] == ["Paris", "Anna"] and all(entity.region is None for entity in result.entities)


def test_failures_are_answers_when_asked_for(annotator, tmp_path):
    if not annotator.sees:
        pytest.skip("this version does not see with the shipped model's image encoder")
    photo = (PHOTOS / "astronaut.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(photo[: len(photo) // 2])
    (tmp_path / "not.jpg").write_bytes(b"<html></html>")
    images = [None, tmp_path / "half.jpg", tmp_path / "not.jpg", tmp_path / "gone.jpg", photo]
    results = annotator.annotate(["  ", "Anna", "Anna", "Anna", "Eileen Collins"], images, errors=False)
    assert [getattr(result, "code", None) for result in results] == ["text-empty", "image-truncated", "image-unsupported", "image-unreadable", None]
    assert isinstance(results[1], Failure) and results[4].entities[0].region is not None
    with pytest.raises(MnerError) as caught:
        annotator.annotate(["Anna"], [tmp_path / "gone.jpg"])
    assert caught.value.code == "image-unreadable"


def test_photos_are_upright_opaque_and_bounded():
    wide = Image.new("RGB", (40, 20), "red")
    turned = io.BytesIO()
    exif = wide.getexif()
    exif[0x0112] = 6
    wide.save(turned, "JPEG", exif=exif)
    assert open_photo(turned.getvalue()).size == (20, 40)
    clear = np.zeros((2, 2, 4), np.uint8)
    clear[..., 3] = [[0, 51], [255, 0]]
    assert np.asarray(open_photo(clear))[..., 0].tolist() == [[255, 204], [0, 255]]
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    with pytest.raises(MnerError) as caught:
        open_photo(bomb.getvalue())
    assert caught.value.code == "image-too-large"
