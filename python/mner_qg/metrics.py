"""All scores of the project, in one place and free of any framework, so that training and product mean the same by each word.

`src/metrics/` holds the same functions under the same names in TypeScript; `test/fixtures/metrics.json` holds both to the
last digit. For that reason everything here is counting in whole numbers first and dividing once, and sums run in order.

Shapes: a span is (start, end, type) with end exclusive, in any unit (tokens in evaluation); a box is (x0, y0, x1, y1). Rates are
percentages (area under ROC and calibration error are fractions, as is usual); an empty denominator gives 0.
"""

from __future__ import annotations

from typing import Any, Iterable, Literal, Optional, Sequence

Span = tuple[int, int, str]
Box = Sequence[float]
Mode = Literal["strict", "lenient"]

CALIBRATION_BINS = 10


# --- names in the text ---------------------------------------------------------------------------------------------------


def spans_from_tags(tags: Sequence[str], mode: Mode) -> list[Span]:
    """Spans of BIO tags. strict: only B- opens a span. lenient (seqeval's default): I- opens one too, after O or another type."""
    spans: list[Span] = []
    start, kind = -1, ""
    for index, tag in enumerate(tags):
        prefix, tag_kind = (tag[0], tag[2:]) if tag[:2] in ("B-", "I-") else ("O", "")
        continues = prefix == "I" and kind == tag_kind and start >= 0
        if continues:
            continue
        if start >= 0:
            spans.append((start, index, kind))
            start, kind = -1, ""
        if prefix == "B" or (prefix == "I" and mode == "lenient"):
            start, kind = index, tag_kind
    if start >= 0:
        spans.append((start, len(tags), kind))
    return spans


def make_score(correct: int, predicted: int, gold: int) -> dict[str, float]:
    """Precision, recall and F1 in percent, with the counts they come from."""
    return {
        "precision": 100 * correct / predicted if predicted else 0.0,
        "recall": 100 * correct / gold if gold else 0.0,
        "f1": 200 * correct / (predicted + gold) if predicted + gold else 0.0,
        "correct": correct,
        "predicted": predicted,
        "gold": gold,
    }


def _score_sets(gold: Sequence[Iterable[tuple]], predicted: Sequence[Iterable[tuple]]) -> dict[str, float]:
    correct = predicted_count = gold_count = 0
    for gold_items, predicted_items in zip(gold, predicted, strict=True):
        gold_set, predicted_set = set(gold_items), set(predicted_items)
        correct += len(gold_set & predicted_set)
        predicted_count += len(predicted_set)
        gold_count += len(gold_set)
    return make_score(correct, predicted_count, gold_count)


def score_spans(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]], types: Sequence[str]) -> dict[str, Any]:
    """Exact span and type, micro-averaged over all tweets and types, and each type by itself."""
    per_type = {}
    for kind in types:
        per_type[kind] = _score_sets(
            [[span for span in spans if span[2] == kind] for spans in gold],
            [[span for span in spans if span[2] == kind] for spans in predicted],
        )
    return {**_score_sets([map(tuple, spans) for spans in gold], [map(tuple, spans) for spans in predicted]), "perType": per_type}


def score_existence(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict[str, float]:
    """Over (tweet, type) pairs: does the tweet name such an entity at all."""
    return _score_sets([[(kind,) for kind in kinds] for kinds in gold], [[(kind,) for kind in kinds] for kinds in predicted])


def confusion_table(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]], types: Sequence[str]) -> list[list[int]]:
    """Counts of gold type (row) against predicted type (column) for spans with the same boundaries; the last row and column
    stand for "no such span"."""
    none = len(types)
    row_of = {kind: index for index, kind in enumerate(types)}
    table = [[0] * (none + 1) for _ in range(none + 1)]
    for gold_spans, predicted_spans in zip(gold, predicted, strict=True):
        gold_at = {(start, end): kind for start, end, kind in gold_spans}
        found = set()
        for start, end, kind in predicted_spans:
            found.add((start, end))
            gold_kind = gold_at.get((start, end))
            table[none if gold_kind is None else row_of[gold_kind]][row_of[kind]] += 1
        for place, kind in gold_at.items():
            if place not in found:
                table[row_of[kind]][none] += 1
    return table


# --- boxes in the photo --------------------------------------------------------------------------------------------------


def intersection_over_union(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    intersection = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - intersection
    return intersection / union if union > 0 else 0.0


def best_overlap(box: Optional[Box], gold: Sequence[Box]) -> float:
    """The box's best IoU with any of the gold boxes; 0 without a box."""
    best = 0.0
    if box is not None:
        for other in gold:
            best = max(best, intersection_over_union(box, other))
    return best


def score_grounding(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Each item: `gold` (boxes; empty when it is not in the photo), `box` (the best box, whether or not "none" won) and `none`
    (true when the answer was "not in the photo"). Accuracy and mean IoU are over the items that are in the photo."""
    present = hits_50 = hits_75 = 0
    total_overlap = 0.0
    none_correct = none_predicted = none_gold = 0
    for item in items:
        if item["none"]:
            none_predicted += 1
        if not item["gold"]:
            none_gold += 1
            none_correct += 1 if item["none"] else 0
            continue
        present += 1
        overlap = best_overlap(item["box"], item["gold"])
        total_overlap += overlap
        hits_50 += 1 if overlap >= 0.5 else 0
        hits_75 += 1 if overlap >= 0.75 else 0
    return {
        "n": present,
        "accAt50": 100 * hits_50 / present if present else 0.0,
        "accAt75": 100 * hits_75 / present if present else 0.0,
        "meanIou": 100 * total_overlap / present if present else 0.0,
        "none": make_score(none_correct, none_predicted, none_gold),
    }


def area_under_roc(scores: Sequence[float], positive: Sequence[bool]) -> Optional[float]:
    """Chance (0 to 1) that a positive scores above a negative, ties counted half. None when one class is empty."""
    order = sorted(range(len(scores)), key=lambda index: scores[index])
    positives = sum(1 for flag in positive if flag)
    negatives = len(scores) - positives
    if positives == 0 or negatives == 0:
        return None
    twice_wins = below = start = 0
    while start < len(order):
        end = start
        tied_positive = tied_negative = 0
        while end < len(order) and scores[order[end]] == scores[order[start]]:
            if positive[order[end]]:
                tied_positive += 1
            else:
                tied_negative += 1
            end += 1
        twice_wins += tied_positive * (2 * below + tied_negative)
        below += tied_negative
        start = end
    return twice_wins / (2 * positives * negatives)


# --- names and boxes together --------------------------------------------------------------------------------------------


def is_grounded_right(box: Optional[Box], gold: Sequence[Box]) -> bool:
    """The GMNER paper's rule: nothing to see asks for no box; else IoU of at least 0.5 with any gold box."""
    return box is None if not gold else best_overlap(box, gold) >= 0.5


def _score_grounded(gold: Sequence[Sequence[dict]], predicted: Sequence[Sequence[dict]], with_type: bool) -> dict[str, float]:
    def key(entity: dict) -> tuple:
        return (entity["start"], entity["end"], entity["type"]) if with_type else (entity["start"], entity["end"])

    correct = predicted_count = gold_count = 0
    for gold_entities, predicted_entities in zip(gold, predicted, strict=True):
        boxes_of = {key(entity): entity["boxes"] for entity in gold_entities}
        box_of: dict[tuple, Optional[Box]] = {}
        for entity in predicted_entities:  # the first of equal keys counts
            box_of.setdefault(key(entity), entity["box"])
        correct += sum(1 for place, box in box_of.items() if place in boxes_of and is_grounded_right(box, boxes_of[place]))
        predicted_count += len(box_of)
        gold_count += len(boxes_of)
    return make_score(correct, predicted_count, gold_count)


def score_gmner(gold: Sequence[Sequence[dict]], predicted: Sequence[Sequence[dict]]) -> dict[str, float]:
    """Triples of span, type and box. Gold entities carry `boxes` (maybe empty), predicted ones `box` (maybe None)."""
    return _score_grounded(gold, predicted, True)


def score_eeg(gold: Sequence[Sequence[dict]], predicted: Sequence[Sequence[dict]]) -> dict[str, float]:
    """Span and box, whatever the type."""
    return _score_grounded(gold, predicted, False)


# --- trust in the scores -------------------------------------------------------------------------------------------------


def expected_calibration_error(scores: Sequence[float], correct: Sequence[bool], bins: int = CALIBRATION_BINS) -> float:
    """Mean distance between confidence and accuracy over equal bins of confidence, as a fraction (not percent)."""
    score_sum, correct_sum = [0.0] * bins, [0] * bins
    for score, right in zip(scores, correct, strict=True):
        index = max(0, min(bins - 1, int(score * bins)))
        score_sum[index] += score
        correct_sum[index] += 1 if right else 0
    error = 0.0
    for index in range(bins):
        error += abs(correct_sum[index] - score_sum[index])
    return error / len(scores) if scores else 0.0
