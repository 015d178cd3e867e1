"""The field's scores for tweets with gold tags: names (MNER), names with their places (GMNER), places alone (EEG).

Answers over raw text meet gold over tokens here; `src/corpus/tweet-scores.ts` does the same. Gold boxes: `{id: {width, height, boxes:
[{entity, type, box: [x0, y0, x1, y1]}]}}`, an id without an entry shows nothing.
"""
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Iterable, Optional, Sequence

from .corpus import Record, normalise_type, open_place
from .detokenise import join_tokens, span_to_tokens
from .errors import MnerError
from .metrics import score_eeg, score_existence, score_gmner, score_spans, spans_from_tags
from .results import Failure, Result

ALL_TYPES = ("PER", "LOC", "ORG", "OTHER")
ENOUGH_ENTITIES = 100  # in so many, a type that never occurs was not annotated, and finding one is no mistake
EXISTS = 0.5


@dataclass(frozen=True)
class Boxes:
    photos: dict[str, Any]

    @staticmethod
    @lru_cache(maxsize=4)
    def read(address: str) -> "Boxes":
        fs, path = open_place(address)
        try:
            with fs.open_input_stream(path, compression=None) as stream:
                photos = json.loads(stream.read())
        except (OSError, ValueError) as error:
            raise MnerError("input-unreadable", f"{address} cannot be read as JSON: {error}.") from error
        if not isinstance(photos, dict):
            raise MnerError("input-invalid", f"{address} must be an object of photos by id.")
        return Boxes(photos)

    def of(self, record: Record, words: str, size: tuple[int, int]) -> list[list[float]]:
        """Told by the entity's words; box files call an entity without the sign that tokens may carry."""
        photo = self.photos.get(record.image or "")
        if photo is None:
            return []
        plain = lambda name: re.sub(r"^[#@]\s*", "", name)
        x, y = size[0] / photo["width"], size[1] / photo["height"]
        return [[box[0] * x, box[1] * y, box[2] * x, box[3] * y]
                for box in (entry["box"] for entry in photo["boxes"] if entry["entity"] == words or plain(entry["entity"]) == plain(words))]


def scored_row(record: Record, result: Result | Failure, boxes: Optional[Boxes]) -> dict[str, Any]:
    """What scoring needs of one tweet, as plain data. A tweet that could not be read has found nothing."""
    tokens, tags = record.tokens or [], record.tags or []
    own = lambda kind: normalise_type(kind) or kind
    strict = spans_from_tags(tags, "strict")
    row: dict[str, Any] = {"strict": strict, "lenient": spans_from_tags(tags, "lenient"), "found": [], "exists": [], "seen": None}
    if isinstance(result, Failure):
        return row
    offsets = join_tokens(tokens)[1]
    for entity in result.entities:
        place = span_to_tokens(tokens, offsets, entity.start, entity.end)
        if place is not None:
            row["found"].append([place[0], place[1] + 1, own(entity.type), None if entity.region is None else list(entity.region.box)])
    row["exists"] = [own(query.type) for query in result.queries if query.exists > EXISTS]
    if boxes is not None and result.size is not None:
        size = result.size
        row["seen"] = [[start, end, kind, boxes.of(record, " ".join(tokens[start:end]), size)] for start, end, kind in strict]
    return row


def score_rows(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All scores, in percent. `gmner` and `eeg` are over the tweets whose photo was read; None when there is none of them."""
    total = sum(len(row["lenient"]) for row in rows)
    named = {kind for row in rows for _, _, kind in row["lenient"]}
    types = [kind for kind in ALL_TYPES if total < ENOUGH_ENTITIES or kind in named]
    only = lambda spans: [tuple(span[:3]) for span in spans if span[2] in types]
    found = [only(row["found"]) for row in rows]
    scores: dict[str, Any] = {"tweets": len(rows), "types": types, "gmner": None, "eeg": None}
    for mode in ("strict", "lenient"):
        scores[mode] = score_spans([only(row[mode]) for row in rows], found, types)
    scores["existence"] = score_existence([[span[2] for span in only(row["strict"])] for row in rows],
                                          [[kind for kind in row["exists"] if kind in types] for row in rows])
    seen = [row for row in rows if row["seen"] is not None]
    if seen:
        keep = lambda entities, name: [{"start": e[0], "end": e[1], "type": e[2], name: e[3]} for e in entities if e[2] in types]
        gold, ours = [keep(row["seen"], "boxes") for row in seen], [keep(row["found"], "box") for row in seen]
        scores["gmner"], scores["eeg"] = score_gmner(gold, ours), score_eeg(gold, ours)
    return scores


def describe(scores: dict[str, Any]) -> Iterable[str]:
    yield f"{scores['tweets']} tweets scored ({', '.join(scores['types'])}), in percent:"
    for title, name in (("names, strict", "strict"), ("names, lenient", "lenient"), ("existence", "existence"), ("GMNER", "gmner"), ("EEG", "eeg")):
        score = scores[name]
        if score is not None:
            yield f"  {title:<16} precision {score['precision']:.2f}  recall {score['recall']:.2f}  F1 {score['f1']:.2f}"
