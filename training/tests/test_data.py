"""Readers, photos, boxes, decoding, and that the network can learn at all."""
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training import metrics
from training.systems.mner_qg.inputs import Row, collate, tweet_rows
from training.encoders.config import ImageConfig
from training.systems.mner_qg.config import mini, tiny
from training.data.readers import Photos, Tweet, entity_spans, read_conll
from training.data.spans import Span, without_overlap
from training.systems.mner_qg.decode import decode_boxes, decode_query
from training.scoring import fit_calibration, ner_scores
from training.systems.mner_qg.evaluate import decode_all, predict_logits
from training.data.examples import LABELS, augment, make_example
from training.data.views import split
from training.systems.mner_qg.grounding import candidate_boxes, encode_boxes, grounding_loss, matching_candidates, total_candidates
from training.systems.mner_qg.loss import LossWeights, joint_loss
from training.systems.mner_qg.model import MnerQg
from training.data.photos import iou, letterbox, suppress
from training.data.text import find_words, word_shape

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"


def test_words_and_shapes():
    text = "RT @NASA: Collins's  O'Hare-trip… see https://t.co/x1 #Moon 🇫🇷👍🏽!"
    assert [text[a:b] for a, b in find_words(text)] == ["RT", "@NASA", ":", "Collins", "'s", "O'Hare-trip", "…", "see", "https://t.co/x1", "#Moon", "🇫🇷", "👍🏽", "!"]
    assert [word_shape(w) for w in ("12", "moon", "Moon", "A", "NASA", "iPhone")] == [0, 1, 2, 2, 3, 4]


def test_pieces_lie_on_their_characters(reader):
    encoded = reader.encode("Collins of NASA, www.x.org élan")
    for piece in encoded.pieces:
        assert 0 <= piece.start < piece.end
    link = [p for p in encoded.pieces if p.id == reader.link]
    assert len(link) == 1 and "Collins of NASA, www.x.org élan"[link[0].start : link[0].end] == "www.x.org"


@pytest.mark.parametrize("name,tweets,strict,lenient", [("twitter2015/train", 4000, 6166, 6352), ("twitter2015/valid", 1000, 1541, None),
                                                        ("twitter2017/train", 3373, 6049, None), ("twitter2017/valid", 723, 1324, None)])
def test_counts_of_the_corpora(name, tweets, strict, lenient):
    path = SHARED / f"{name}.txt"
    if not path.exists():
        pytest.skip("the corpora are not here: put them at ../shared/data to count them")
    read = read_conll(path)
    assert len(read) == tweets
    assert sum(len(entity_spans(t.tags, lenient=False)) for t in read) == strict
    if lenient:
        assert sum(len(entity_spans(t.tags, lenient=True)) for t in read) == lenient


def test_reads_conll_of_every_kind(tmp_path):
    (tmp_path / "a.txt").write_text("IMGID:17\nAcme\tB-MISC\r\nwins\tO\n\n-DOCSTART- -X- O\n\nParis I-location\nis O\n", encoding="utf-8")
    first, second = read_conll(tmp_path / "a.txt")
    assert (first.id, first.tags) == ("17", ["B-OTHER", "O"])
    assert second.tags == ["I-LOC", "O"]
    assert entity_spans(second.tags, lenient=True) == [(0, 1, "LOC")] and entity_spans(second.tags, lenient=False) == []


def test_missing_and_broken_photos_are_counted(tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"not a photo")
    Image.new("RGBA", (4, 2), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    photos = Photos(tmp_path)
    assert photos.open("gone.jpg") is None and photos.open("bad.jpg") is None
    assert photos.troubles == {"missing": 1, "broken": 1}
    assert (photos.open("clear.png") == 255).all()  # nothing over white is white


@pytest.mark.parametrize("width,height", [(320, 240), (31, 500), (1, 1), (640, 640), (333, 77)])
def test_letterbox_and_its_inverse(width, height):
    pixels, place = letterbox(np.zeros((height, width, 3), dtype=np.uint8), ImageConfig(size=320))
    assert pixels.shape == (3, 320, 320)
    box = np.array([[0.1 * width, 0.2 * height, 0.8 * width, 0.9 * height]])
    np.testing.assert_allclose(place.back(place.inside(box)), box, atol=1e-9)
    np.testing.assert_allclose(place.back([[-50, -50, 400, 400]]), [[0, 0, width, height]], atol=1)


def test_box_coding_round_trip():
    config = mini()
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 200, (50, 2))
    boxes = np.concatenate([low, low + rng.uniform(8, 110, (50, 2))], 1).astype(np.float32)
    for box in boxes:
        index, targets = matching_candidates(box[None], config)
        coded = encode_boxes(torch.from_numpy(targets), torch.from_numpy(index), config)
        candidates = torch.zeros(total_candidates(config), 5)
        candidates[index, :4] = coded
        decoded = candidate_boxes(candidates, config)[index].numpy()
        assert iou(box, decoded).min() > 0.97


def test_suppression_keeps_the_best():
    boxes = np.array([[0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]], dtype=float)
    assert suppress(boxes, np.array([0.5, 0.9, 0.1])) == [1, 2]


def test_none_wins_when_it_is_the_largest():
    from training.data.photos import Letterbox

    config = tiny()
    candidates = np.zeros((total_candidates(config), 5), dtype=np.float32)
    boxes = candidate_boxes(torch.from_numpy(candidates), config).numpy()
    candidates[7, 4] = 12
    place = Letterbox.fit(64, 64, 64)
    _, score, none, alternatives = decode_boxes(candidates, boxes, 0.0, place)
    assert score > 0.99 and none < 0.01 and len(alternatives) <= 3
    assert decode_boxes(candidates, boxes, 20.0, place)[2] > 0.99


def test_many_middling_candidates_outweigh_six_sharp_ones():
    """The likeliest place is not among the four likeliest candidates."""
    from training.data.photos import Letterbox

    boxes = np.array([[100.0 * i, 0, 100.0 * i + 50, 50] for i in range(6)] + [[0, 200 + i, 100, 300 + i] for i in range(8)], dtype=np.float32)
    candidates = np.zeros((len(boxes), 5), dtype=np.float32)
    candidates[:6, 4], candidates[6:, 4] = np.arange(1.5, 0.9, -0.1), 0.8
    box, score, none, alternatives = decode_boxes(candidates, boxes, 0.0, Letterbox(1.0, 0, 0, 640, 480))
    total = np.exp(candidates[:, 4].astype(float)).sum() + 1
    assert box.tolist() == [0, 200, 100, 300] and score == pytest.approx(8 * np.exp(np.float32(0.8)) / total) and none == pytest.approx(1 / total)
    assert [place.tolist() for place, _ in alternatives] == [[0, 0, 50, 50], [100, 0, 150, 50], [200, 0, 250, 50]]


def hand_made(reader):
    return make_example(Tweet("1", ["Eileen", "Collins", "visits", "Paris"], ["B-PER", "I-PER", "O", "B-LOC"]), reader)


def test_decoding_of_hand_made_logits(reader):
    example = hand_made(reader)
    count = len(example.ids)
    start, end = np.full(count, -5.0), np.full(count, -5.0)
    start[0], end[1], start[2], end[2] = 5, 5, 4, -4
    spans = decode_query(example, start, end, 3.0, 0)
    # "visits" starts nothing: no likely end comes at or after it
    assert [(s.start, s.end) for s in spans] == [(0, 1)] and spans[0].raw == pytest.approx(13 / 3)


def test_overlaps_go_to_the_best_total():
    span = lambda a, b, score: Span(a, b, 0, 0.0, score)
    assert without_overlap([span(0, 3, 0.9), span(0, 1, 0.6), span(2, 3, 0.6)]) == [span(0, 1, 0.6), span(2, 3, 0.6)]


def test_calibration_recovers_what_made_the_data():
    rng = np.random.default_rng(0)
    raw = rng.normal(0, 2, 20000)
    a, b = fit_calibration(raw, rng.random(20000) < 1 / (1 + np.exp(-(1.5 * raw - 0.7))))
    assert a == pytest.approx(1.5, abs=0.1) and b == pytest.approx(-0.7, abs=0.1)


def test_held_out_photos_are_a_fixed_fifth():
    index = [{"file": f"{i:03}.jpg"} for i in range(50)]
    train, held = split(index[::-1])
    assert len(held) == 10 and held[0]["file"] == "000.jpg" and not {p["file"] for p in held} & {p["file"] for p in train}


def test_augmentation_keeps_the_labels():
    tweet = Tweet("1", ["Sooo", "nice", "@NASA", "Paris"], ["O", "O", "B-ORG", "B-LOC"])
    rng = random.Random(0)
    for _ in range(100):
        changed = augment(tweet, rng)
        assert changed.tags == tweet.tags and len(changed.tokens) == 4


TWEETS = [
    (["Eileen", "Collins", "visits", "Paris"], ["B-PER", "I-PER", "O", "B-LOC"]), (["NASA", "wins", "today"], ["B-ORG", "O", "O"]),
    (["the", "Moon", "Prize"], ["O", "B-OTHER", "I-OTHER"]), (["nothing", "today"], ["O", "O"]),
    (["London", "and", "Paris"], ["B-LOC", "O", "B-LOC"]), (["Acme", "Corp", "in", "London"], ["B-ORG", "I-ORG", "O", "B-LOC"]),
    (["Collins", "joined", "NASA"], ["B-PER", "O", "B-ORG"]), (["a", "city", "of", "names"], ["O", "O", "O", "O"]),
]


def test_eight_examples_are_learnt_by_heart(reader):
    torch.manual_seed(0)
    config = tiny()
    config.queries = (("PER", "person names"), ("LOC", "location names"), ("ORG", "the corp"), ("OTHER", "the prize"))
    model = MnerQg(config, dropout=0.0)
    examples = [make_example(Tweet(str(i), *t), reader) for i, t in enumerate(TWEETS)]
    rows = [row for e in examples for row in tweet_rows(e, config.queries, None)]
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    first = None
    for _ in range(300):
        model.train()
        batch = collate(rows, reader)
        loss, parts = joint_loss(model(batch.ids, batch.segments, batch.shapes, batch.mask), batch, config, LossWeights())
        first = first or parts["span"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert parts["span"] < first / 20
    found = decode_all(examples, predict_logits(model, examples, reader))
    scores = ner_scores(examples, found)
    assert scores["strict"]["f1"] == 100 and scores["lenient"]["f1"] == 100


def test_grounding_learns_a_box_and_its_absence(reader):
    torch.manual_seed(0)
    config = tiny()
    model = MnerQg(config, dropout=0.0)
    model.image_encoder.eval()
    box = np.array([[12.0, 16.0, 40.0, 60.0]], dtype=np.float32)
    rows = [Row("person", None, photo=0, boxes=box), Row("city", None, photo=0, boxes=np.zeros((0, 4), dtype=np.float32)), Row("moon", None, photo=0)]
    batch = collate(rows, reader)
    pixels = torch.randn(1, 3, 64, 64)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(300):
        output = model(batch.ids, batch.segments, batch.shapes, batch.mask, model.encode_image(pixels), batch.photo)
        choice, boxes = grounding_loss(output.candidates, output.none, batch.targets, config)
        optimiser.zero_grad()
        (choice + boxes).backward()
        optimiser.step()
    best = output.candidates[0, :, 4].argmax()
    decoded = candidate_boxes(output.candidates, config)[0, best].detach().numpy()
    assert iou(decoded, box)[0, 0] > 0.8
    assert output.candidates[0, best, 4] > output.none[0] and output.none[1] > output.candidates[1, :, 4].max()
