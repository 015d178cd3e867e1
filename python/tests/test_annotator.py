"""The package's answers against the command line's, and what bad input gets.

`answers*.jsonl` are what the command line and the engine in Node say of test/fixtures/tweets.json with the photos of the demo
(make_answers.sh).
"""
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compare import annotate_rows, differences
from folders import MODEL, make_folder
from mner_qg import Annotator, Failure, MnerError, Query
from mner_qg.photos import open_photo
from mner_qg.results import Units

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ROOT / "public" / "examples"


TESTS = Path(__file__).parent
ROWS = json.loads((ROOT / "test" / "fixtures" / "tweets.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def annotator():
    return Annotator(MODEL, threads=1)


def answers(name):
    rows = [json.loads(line) for line in (TESTS / name).read_text(encoding="utf-8").split("\n") if line]
    assert len(rows) == len(ROWS) >= 20
    return rows


def test_the_command_lines_answers(annotator):
    """To 1e-4 with its products in floats. In whole numbers of 16 bits, which it takes where they are faster, its own scores lie up to
    3e-4 from those."""
    exact, short, names = answers("answers.jsonl"), answers("answers-16bit.jsonl"), 0
    for ours, theirs, rough in zip(annotate_rows(annotator, ROWS, PHOTOS), exact, short):
        found = differences(ours, theirs)
        assert found["names"] == 0 and found["score"] <= 1e-4 and found["box"] <= 1, (ours, theirs)
        near = differences(ours, rough)
        assert near["names"] == 0 and near["score"] <= 5e-4 and near["box"] <= 1, (ours, rough)
        names += sum(entity["box"] is not None for entity in theirs["entities"])
    assert names >= 5


@pytest.mark.parametrize("kind", ["names", "bert-crf"])
def test_the_engines_answers_with_other_heads(tmp_path, kind):
    """Names that ask for themselves, relatedness and kind of picture; and a tagger: random heads, whole results."""
    other = Annotator(make_folder(kind, tmp_path / kind), threads=1)
    results = other.annotate([row["text"] for row in ROWS], [PHOTOS / row["image"] if row["image"] else None for row in ROWS])
    region = lambda one: None if one is None else {"box": pytest.approx(one.box, abs=1), "score": pytest.approx(one.score, abs=1e-4)}
    ambiguous = alternatives = shared = 0
    for result, theirs in zip(results, answers(f"answers-{kind}.jsonl")):
        units = Units(result.text)
        assert [(units.of(e.start), units.of(e.end), e.text, e.type) for e in result.entities] == [(e["start"], e["end"], e["text"], e["type"]) for e in theirs["entities"]]
        for ours, one in zip(result.entities, theirs["entities"]):
            assert one["score"] == pytest.approx(ours.score, abs=1e-4)
            assert one["region"] == region(ours.region)
            assert one.get("notInPhoto") == (None if ours.not_in_photo is None else pytest.approx(ours.not_in_photo, abs=1e-4))
            assert one.get("alternatives") == (None if ours.alternatives is None else list(map(region, ours.alternatives)))
            assert one.get("ambiguous", False) == ours.ambiguous
            ambiguous += ours.ambiguous
            alternatives += len(ours.alternatives or [])
        boxes = [e.region.box for e in result.entities if e.region]
        shared += len(boxes) - len(set(boxes))
        assert {query.type: pytest.approx(query.exists, abs=1e-4) for query in result.queries} == theirs["exists"]
        assert theirs.get("relatedness") == (None if result.relatedness is None else pytest.approx(result.relatedness, abs=1e-4))
        kind_of = result.image_kind
        assert theirs.get("imageKind") == (kind_of and {"kind": kind_of.kind, "score": pytest.approx(kind_of.score, abs=1e-4)})
        assert [notice.code for notice in result.notices] == [notice["code"] for notice in theirs["notices"]]
    if kind == "names":
        assert alternatives >= 20 and shared >= 1 and ambiguous >= 1, (alternatives, shared, ambiguous)


def test_a_tagger_answers_no_questions(tmp_path):
    tagger = Annotator(make_folder("bert-crf", tmp_path), threads=1)
    with pytest.raises(MnerError) as caught:
        tagger.annotate(["Anna"], queries=[Query("DOG", "which dogs")])
    assert caught.value.code == "query-invalid"
    text = "Then we walked on, and saw Anna. " * 60
    [long] = tagger.annotate([text])
    assert long.entities and max(entity.end for entity in long.entities) > len(text) - 40


def test_names_far_back_in_a_long_text_get_their_types_answer(tmp_path):
    other = Annotator(make_folder("names", tmp_path), threads=1)
    text = "Eileen Collins. " + "We walked and talked all day long about nothing at all. " * 60 + "Then Angela Merkel flew to Paris."
    [result] = other.annotate([text], [PHOTOS / "astronaut.jpg"])
    people = {entity.text: entity for entity in result.entities if entity.type == "PER"}
    assert people["Eileen Collins"].not_in_photo is not None and people["Angela Merkel"].not_in_photo is None
    assert people["Angela Merkel"].region == result.queries[0].region


def test_a_text_is_answered_alike_alone_and_among_others(annotator):
    together = annotator.annotate([row["text"] for row in ROWS])
    for row, one in zip(ROWS, together):
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


def test_a_photo_that_cannot_be_read_is_a_notice_or_for_the_strict_a_failure(annotator, tmp_path):
    photo = (PHOTOS / "astronaut.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(photo[: len(photo) // 2])
    (tmp_path / "not.jpg").write_bytes(b"<html></html>")

    def outside():
        raise MnerError("input-invalid", "The photo is not inside the photos' folder.")

    texts = ["  ", "Off to Paris with Anna", "Anna", "Anna", "Anna", "Eileen Collins"]
    images = [None, tmp_path / "half.jpg", tmp_path / "not.jpg", tmp_path / "gone.jpg", outside, photo]
    results = annotator.annotate(texts, images, errors=False)
    assert [getattr(result, "code", None) for result in results] == ["text-empty", None, None, None, "input-invalid", None]
    assert [result.notices[0].code for result in results[1:4]] == ["image-truncated", "image-unsupported", "image-unreadable"]
    assert results[1].size is None and results[1].entities == annotator.annotate([texts[1]])[0].entities
    assert not results[5].notices and results[5].entities[0].region is not None
    strict = annotator.annotate(texts, images, errors=False, strict_photo=True)
    assert [getattr(result, "code", None) for result in strict] == [
        "text-empty", "image-truncated", "image-unsupported", "image-unreadable", "input-invalid", None]
    assert isinstance(strict[1], Failure) and strict[5].entities == results[5].entities
    with pytest.raises(MnerError) as caught:
        annotator.annotate(["Anna"], [tmp_path / "gone.jpg"], strict_photo=True)
    assert caught.value.code == "image-unreadable"
    assert annotator.annotate(["Anna"], [tmp_path / "gone.jpg"])[0].entities


def test_of_an_animation_the_first_picture_is_looked_at(annotator):
    file = io.BytesIO()
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    [result] = annotator.annotate(["Anna"], [file.getvalue()])
    assert [notice.code for notice in result.notices] == ["image-animated"] and result.size == (60, 40)


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
