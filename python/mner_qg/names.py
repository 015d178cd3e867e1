"""What each name found says of the photo for itself: its own place, whether it is there at all, what else it may be; and what to think of
the photo as a whole. Plain numbers, after spans are decoded. `src/systems/mner-qg/names.ts`, `places.ts` and `entity-grounding.ts` do
the same; the reference is `training/systems/mner_qg/entity_grounding.py`, `photo_facts.py` and `photo_heads.py`."""
from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Mapping, Optional, Sequence

import numpy as np

from .boxes import Grounding, Letterbox, Region, clip, overlaps
from .decode import Span, sigmoid
from .folder import Tensor
from .places import Detections, NameStanding, Places, detect, facts_of, gather_places
from .results import ImageKind
from .trunks import BOX, CLASSES
from .windows import believed_windows
from .work import Work

KEYS = 32
KINDS = ("photo", "drawing", "screenshot", "lettering")
ALTERNATIVES = 3
LEAST_ALTERNATIVE = 0.01
NEAR = 0.15  # two places this near in chance, and apart, are one of these
JOINTS = frozenset(("and", "&", ",", "+", "x", "/", "with"))
LEAST_TOTAL = 1e-6
LEAST_CHANCE = 1e-9
MOST_CHOICES = 8


@dataclass(frozen=True)
class PhotoFacts:
    """What decoding wants to know of a photo; cells of all scales in a row, coarsest first."""

    matched: np.ndarray  # [cells, d] what questions are matched against
    seen: Detections
    summary: np.ndarray  # of the photo as a whole: means of the towers, and the likeliest cell of every class


@dataclass(frozen=True)
class NamePlace:
    region: Optional[Region]
    not_in_photo: float
    alternatives: list[Region]
    ambiguous: bool


@dataclass(frozen=True)
class _Asked:
    """A name's own answer."""

    places: Places
    chances: np.ndarray
    none: float


class NameHeads:
    """The heads beside the network, as layers over rows of numbers."""

    def __init__(self, config: Mapping[str, Any], tensors: Mapping[str, Tensor]):
        self.config = config
        self.weights = {name: tensor.floats() for name, tensor in tensors.items()
                        if name.split(".")[0] in ("entity_grounding", "relatedness", "image_kind")}

    def layer(self, name: str, x: np.ndarray) -> np.ndarray:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def _own(self, name: str, *parts: np.ndarray) -> np.ndarray:
        return self.layer(f"entity_grounding.{name}", np.concatenate(parts, -1) if len(parts) > 1 else parts[0])

    # --- the heads -------------------------------------------------------------------------------------------------------

    def mention(self, hidden: np.ndarray, first: int, last: int, sentence: tuple[int, int]) -> np.ndarray:
        """hidden [L, D], a row with a name in it: what the name's own words, and what they look for in their sentence, say of it [d]."""
        ends = np.concatenate([hidden[first], hidden[last]])
        own = hidden[first : last + 1]
        around = np.array([at for at in range(*sentence) if not first <= at <= last], int)
        pooled = softmax(self._own("score", own)[:, 0]) @ own
        context = np.zeros(hidden.shape[1], np.float32)
        if len(around):
            looks = self._own("key", hidden[around]) @ self._own("query", ends) * KEYS**-0.5
            context = softmax(looks) @ hidden[around]
        return self._own("mention", ends, pooled, context)

    def shifts(self, mention: np.ndarray, query: np.ndarray, places: Places, facts: np.ndarray, scene: np.ndarray) -> tuple[np.ndarray, float]:
        """By how much a name's words shift each place's chance and that of «not in the photo», in nats."""
        e = query + self._own("own", mention, query)
        what = places.cells + self._own("place", places.geometry, self._own("classes", places.classes), places.ranks)
        match = what @ self._own("wanted", e) * what.shape[1] ** -0.5
        both = np.concatenate([e * what, what], 1)
        shift = self.weights["entity_grounding.beta"][0] * match + self._own("shift", relu(self._own("hidden", both)))[:, 0]
        none = self._own("none_shift", relu(self._own("none_hidden", e, self._own("classes", scene), facts)))
        return shift, float(none[0])

    def relatedness(self, summary: np.ndarray, text: np.ndarray) -> float:
        a, b = np.tanh(self.layer("relatedness.image", summary)), np.tanh(self.layer("relatedness.text", text))
        return sigmoid(float(self.layer("relatedness.weigh", np.concatenate([a * b, a, b]))[0]))

    def kinds(self, summary: np.ndarray) -> np.ndarray:
        return softmax(self.layer("image_kind.kinds", relu(self.layer("image_kind.hidden", summary))))

    # --- a photo ---------------------------------------------------------------------------------------------------------

    def facts(self, maps: Mapping[str, np.ndarray], photo: int, box: Letterbox) -> PhotoFacts:
        image = self.config["image"]
        scales = range(len(image["strides"]))
        rows = lambda name: np.concatenate([maps[f"{name}_{k}"][photo].reshape(maps[f"{name}_{k}"].shape[1], -1).T for k in scales])
        said = rows("said")
        boxes = []
        for k, stride in enumerate(image["strides"]):
            grid = image["size"] // stride
            y, x = np.divmod(np.arange(grid * grid), grid)
            boxes.append(np.stack([x + 0.5, y + 0.5, np.full(grid * grid, stride)], 1))
        x, y, stride = np.concatenate(boxes).T
        t = said[:, CLASSES:].astype(np.float64).T
        assert len(t) == BOX
        middle_x, middle_y, half_width, half_height = (x + t[0]) * stride, (y + t[1]) * stride, np.exp(t[2]) * stride / 2, np.exp(t[3]) * stride / 2
        x0, x1 = clip((middle_x - half_width - box.left) / box.scale, (middle_x + half_width - box.left) / box.scale, box.width)
        y0, y1 = clip((middle_y - half_height - box.top) / box.scale, (middle_y + half_height - box.top) / box.scale, box.height)
        seen = detect(np.stack([x0, y0, x1, y1], 1), said[:, :CLASSES], box.width, box.height)
        means = np.concatenate([maps[f"means_{k}"][photo] for k in scales])
        return PhotoFacts(rows("matched"), seen, np.concatenate([means, seen.scene]))

    def judge_photo(self, work: Work) -> tuple[Optional[float], ImageKind]:
        """Does the photo belong to the text, and what kind of picture is it?"""
        summary = work.seen.facts.summary
        kinds = self.kinds(summary)
        best = int(kinds.argmax())
        kind = ImageKind(KINDS[best], float(kinds[best]))
        if 0 not in work.seen.aware:
            return None, kind
        # The sentence and the [SEP] behind it, under the first question.
        return self.relatedness(summary, work.seen.aware[0][work.sequences.columns[0] :].mean(0)), kind

    # --- names -----------------------------------------------------------------------------------------------------------

    def place_names(self, work: Work, spans: Sequence[Span], groundings: Sequence[Grounding], none_threshold: float) -> list[Optional[NamePlace]]:
        """Places of the names, in their order; a name far back in a long text gets None, and with it its type's answer."""
        facts: PhotoFacts = work.seen.facts
        nones = [grounding.not_in_photo for grounding in groundings]
        of_question = [gather_places(grounding, facts.seen, facts.matched) for grounding in groundings]
        asked: list[Optional[_Asked]] = []
        for span, standing in zip(spans, _standings(spans, work)):
            places, row, query = of_question[span.query], self._row(span, work), work.seen.answers[span.query][3]
            if row is None or query is None or len(places.boxes) == 0:
                asked.append(None)
                continue
            shift, none = self.shifts(self.mention(*row), query, places, facts_of(nones, places, facts.seen, standing), facts.seen.scene)
            asked.append(_Asked(places, *shifted(places.chances, places.none, places.named, shift, none)))
        chosen = [int(one.chances.argmax()) if one else 0 for one in asked]
        price = float(self.weights["entity_grounding.price"][0])
        if price > 0:
            _share(spans, work.encoded.text, asked, chosen, price, none_threshold)
        return [one and _name_place(one, choice, none_threshold) for one, choice in zip(asked, chosen)]

    @staticmethod
    def _row(span: Span, work: Work) -> Optional[tuple[np.ndarray, int, int, tuple[int, int]]]:
        """The row that found a name, and where the name stands in it."""
        pieces, sequences = work.encoded.pieces, work.sequences
        first = next((index for index, piece in enumerate(pieces) if piece.start >= span.start), -1)
        last = next((index for index in reversed(range(len(pieces))) if pieces[index].end <= span.end), -1)
        if first < 0 or last < first:
            return None
        window = believed_windows(pieces, sequences.windows)[first]
        begin, end = sequences.windows[window]
        hidden = work.seen.aware.get(window * len(sequences.columns) + span.query)
        if hidden is None:
            return None
        column = sequences.columns[span.query]
        return hidden, column + first - begin, column + min(last, end - 1) - begin, (column, len(hidden))


def shifted(chances: np.ndarray, none: float, named: int, shift: np.ndarray, none_shift: float) -> tuple[np.ndarray, float]:
    """The same chances after the shifts, the first `named` of them the question's own. Shifts of exactly zero change not a bit. The other
    chances come on top of one, before and after: a shift moves chances about and makes none."""
    some, nothing = np.exp(shift.astype(np.float64)) - 1, float(np.exp(none_shift)) - 1
    change = float((chances * some).sum()) + none * nothing
    total = max(1 + change / (1 + float(chances[named:].sum())), LEAST_TOTAL)
    return chances * (1 + some) / total, none * (1 + nothing) / total


def assign_places(chances: Sequence[np.ndarray], price: float) -> list[int]:
    """One place for each of a few names of one type: the best sum of logarithms, less a price for each further name on a place. Names
    share places in one pair of five, so that a hard one-to-one would be wrong."""
    logs = [np.log(np.maximum(row, LEAST_CHANCE)) for row in chances]
    orders = [np.argsort(-np.asarray(row), kind="stable")[:MOST_CHOICES].tolist() for row in chances]
    ceilings = list(accumulate((float(log[order[0]]) for log, order in zip(logs[::-1], orders[::-1])), initial=0.0))[::-1]
    best, answer = -np.inf, [order[0] for order in orders]
    users: dict[int, int] = {}

    def go(name: int, total: float, taken: list[int]) -> None:
        nonlocal best, answer
        if total + ceilings[name] <= best:
            return
        if name == len(logs):
            best, answer = total, taken
            return
        for place in orders[name]:
            before = users.get(place, 0)
            users[place] = before + 1
            go(name + 1, total + float(logs[name][place]) - (price if before else 0), [*taken, place])
            users[place] = before

    go(0, 0.0, [])
    return answer


def _share(spans: Sequence[Span], text: str, asked: Sequence[Optional[_Asked]], chosen: list[int], price: float, none_threshold: float) -> None:
    """Settles places within each type; equal names are one."""
    for question in sorted({span.query for span in spans}):
        who: dict[str, list[int]] = {}
        for index, (span, one) in enumerate(zip(spans, asked)):
            if one is not None and span.query == question and one.none < none_threshold:
                who.setdefault(text[span.start : span.end].lower(), []).append(index)
        groups = list(who.values())
        if len(groups) < 2:
            continue
        for group, place in zip(groups, assign_places([asked[group[0]].chances for group in groups], price)):  # type: ignore[union-attr]
            for index in group:
                chosen[index] = place


def _name_place(asked: _Asked, chosen: int, none_threshold: float) -> NamePlace:
    at = lambda index: Region(tuple(map(float, asked.places.boxes[index])), float(asked.chances[index]))  # type: ignore[arg-type]
    best, shared = at(chosen), overlaps(asked.places.boxes[chosen], asked.places.boxes)
    order = [int(index) for index in np.argsort(-asked.chances, kind="stable") if index != chosen]
    apart = [index for index in order if asked.chances[index] >= LEAST_ALTERNATIVE and shared[index] < 0.5]
    further = [at(index) for index in apart]
    absent = asked.none >= none_threshold
    ambiguous = not absent and bool(apart) and best.score - further[0].score < NEAR and shared[apart[0]] == 0
    return NamePlace(None if absent else best, asked.none, ([best, *further] if absent else further)[:ALTERNATIVES], bool(ambiguous))


def _standings(spans: Sequence[Span], work: Work) -> list[NameStanding]:
    text, words = work.encoded.text, work.encoded.words
    standings = []
    for index, span in enumerate(spans):
        like = [other for other in range(len(spans)) if spans[other].query == span.query]
        joined = index > 0 and text[spans[index - 1].end : span.start].strip().lower() in JOINTS
        inside = sum(start >= span.start and end <= span.end for start, end in words)
        standings.append(NameStanding(like.index(index), len(like), inside, joined, text[span.start] in "@#"))
    return standings


def softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)
