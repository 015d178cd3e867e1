"""Places in a photo from candidates: what is pooled, what is kept, and how it comes back to the photo's pixels."""
import numpy as np
import pytest

from mner_qg.boxes import Letterbox, cells, decode_grounding
from mner_qg.errors import MnerError

CONFIG = {"image": {"size": 384, "strides": [64, 32, 16, 8]}, "anchors": [[[s, s], [s, s]] for s in (64, 32, 16, 8)]}
GRID = cells(CONFIG)
PLAIN = {"a": 1.0, "b": 0.0}


def candidate(x, y, k=2, anchor=0):
    """The index of the candidate at this cell of a scale."""
    grids = [384 // stride for stride in CONFIG["image"]["strides"]]
    return 2 * (sum(g * g for g in grids[:k]) + y * grids[k] + x) + anchor


def test_cells_are_counted_over_all_scales():
    assert len(GRID) == 2 * (36 + 144 + 576 + 2304) and GRID[-1, 5] == 36 + 144 + 576 + 2304 - 1
    assert GRID[candidate(3, 5, 1)].tolist() == [3.5, 5.5, 32, 32, 32, 36 + 5 * 12 + 3]


def test_many_middling_candidates_outweigh_six_sharp_ones():
    """The likeliest place is not among the four likeliest candidates: sixteen places are pooled."""
    box = Letterbox.fit(768, 768, 384)
    rows = np.full((len(GRID), 5), -40, np.float32)
    rows[:, :4] = 0
    sharp = [candidate(2 + 3 * i, 2) for i in range(6)]
    rows[sharp, 4] = np.arange(1.5, 0.9, -0.1)
    middling = [candidate(10 + i, 16, anchor=a) for i in (0, 1) for a in (0, 1)] + [candidate(10 + i, 17, anchor=a) for i in (0, 1) for a in (0, 1)]
    rows[middling, 4] = 0.8
    rows[middling, 2:4] = np.log(6)
    found = decode_grounding(rows, 0.0, GRID, box, PLAIN)
    total = np.exp(rows[:, 4].astype(float)).sum() + 1
    assert found.region.box == pytest.approx((240, 432, 432, 624))
    assert found.region.score == pytest.approx(8 * np.exp(np.float32(0.8)) / total) and found.not_in_photo == pytest.approx(1 / total)
    assert len(found.alternatives) == 3 and len(found.places) == 7 and found.places[0].cell == GRID[middling[0], 5]
    assert [place.score for place in found.places] == sorted((place.score for place in found.places), reverse=True)


def test_none_and_numbers_that_are_none():
    box = Letterbox.fit(100, 50, 384)
    rows = np.zeros((len(GRID), 5), np.float32)
    rows[7, 4] = 12
    assert decode_grounding(rows, 20.0, GRID, box, PLAIN).region is None
    assert decode_grounding(rows, 20.0, GRID, box, PLAIN).best is not None
    rows[7, 1] = np.nan
    assert decode_grounding(rows, 0.0, GRID, box, PLAIN).places[0].cell != GRID[7, 5]
    rows[:, 4] = np.nan
    empty = decode_grounding(rows, 0.0, GRID, box, PLAIN)
    assert empty.region is empty.best is None and empty.not_in_photo == 1 and empty.places == []
    with pytest.raises(MnerError) as caught:
        decode_grounding(rows[1:], 0.0, GRID, box, PLAIN)
    assert caught.value.code == "model-mismatch"


def test_boxes_stay_in_the_photo_and_are_never_too_thin():
    box, random = Letterbox.fit(640, 300, 384), np.random.RandomState(1)
    for _ in range(20):
        rows = (random.standard_normal((len(GRID), 5)) * [3, 3, 3, 3, 8]).astype(np.float32)
        found = decode_grounding(rows, 0.0, GRID, box, PLAIN)
        for place in found.places:
            x0, y0, x1, y1 = place.box
            assert 0 <= x0 <= x1 - 1 and x1 <= 640 and 0 <= y0 <= y1 - 1 and y1 <= 300 and 0 <= place.score <= 1
        assert sum(place.score for place in found.places) + found.not_in_photo <= 1 + 1e-9
