"""MNER-QG: every type of name is a question, and each question has its own spans and its own place in the photo."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Optional, Sequence

import numpy as np

from .boxes import Grounding, cells, decode_grounding
from .decode import RowLogits, Span, decode_spans
from .folder import ModelFolder, Tensor
from .names import NameHeads, PhotoFacts
from .network import shared_maps
from .results import Entity, QueryResult, Result
from .sessions import Sessions
from .text import Encoded, TextReader
from .windows import Query, Sequences, build_sequences, pad
from .work import Asked, Place, Work, by_length, row_of

PHOTO_ROWS = 16  # in one batch with photos
ALTERNATIVES = 3
WINDOWS_WITH_NAMES = 8  # of a long text; names further back get their type's answer, which bounds the memory
LOGITS = ("start", "end", "existence")


@dataclass
class Seen:
    """What the network said of a text's photo."""

    # Per question of the window that is surest of it: candidates, none, relevance, and the question as a vector.
    answers: list[tuple[np.ndarray, float, float, Optional[np.ndarray]]]
    facts: Optional[PhotoFacts]
    aware: dict[int, np.ndarray] = field(default_factory=dict)  # per row of the first windows: what the heads saw, [L, D]


class Questions:
    sees = True
    own_queries = True

    def __init__(self, folder: ModelFolder, tensors: Mapping[str, Tensor], reader: TextReader, sessions: Sessions):
        self.config, self.reader, self.sessions = folder.config, reader, sessions
        calibration, plain = folder.manifest.get("calibration", {}), {"a": 1.0, "b": 0.0}
        self._span, self._none = calibration.get("span", plain), calibration.get("none", plain)
        self._least_none: float = self.config.get("decode", {}).get("noneThreshold", 0.5)
        self._cells = cells(self.config)
        self.heads = NameHeads(self.config, tensors) if self.config.get("nameHeads") else None
        scales = range(len(self.config["image"]["strides"]))
        self._shared = [f"{name}_{k}" for k in scales for name in shared_maps(self.config)]
        self._trunk = [*self._shared, *(f"means_{k}" for k in scales)] if self.heads else self._shared
        self._photo = [*LOGITS, "candidates", "none", "relevance", *(("aware", "asked") if self.heads else ())]

    def sequences(self, encoded: Encoded, queries: Sequence[Query]) -> Sequences:
        return build_sequences(self.reader, encoded, queries, self.config["maxPieces"])

    # --- reading ---------------------------------------------------------------------------------------------------------

    def read_texts(self, works: Sequence[Work]) -> None:
        for places, rows in by_length(works):
            inputs = pad(rows, self.reader.pad)
            del inputs["query"]
            self._keep(places, self.sessions.run("text", LOGITS, inputs))

    def read_photos(self, works: Sequence[Work], pixels: np.ndarray) -> None:
        """Trunk, then the network with the photo over all rows of these texts, a bounded number at a time."""
        maps = self.sessions.run("trunk", self._trunk, {"pixels": pixels})
        shared = {name: maps[name] for name in self._shared}
        photos = {work.index: number for number, work in enumerate(works)}
        for number, work in enumerate(works):
            facts = self.heads.facts(maps, number, work.box) if self.heads and work.box else None
            work.seen = Seen([(np.empty((0, 5), np.float32), 0.0, 0.0, None)] * len(work.sequences.columns), facts)
        places = [(work, at) for work in works for at in range(len(work.sequences.rows))]
        for first in range(0, len(places), PHOTO_ROWS):
            batch = places[first : first + PHOTO_ROWS]
            inputs = pad([row_of(place) for place in batch], self.reader.pad)
            asked = inputs.pop("query")
            hidden = self.sessions.run("text", ("hidden",), inputs)["hidden"]
            output = self.sessions.run("photo", self._photo, {
                "hidden": hidden, "mask": inputs["mask"], "query": asked,
                "photo": np.array([photos[work.index] for work, _ in batch], np.int64), **shared})
            self._keep(batch, output)
            for index, place in enumerate(batch):
                self._see(place, output, index)

    @staticmethod
    def _keep(places: Sequence[Place], output: Mapping[str, np.ndarray]) -> None:
        for index, (work, at) in enumerate(places):
            work.rows[at] = RowLogits(output["start"][index], output["end"][index], float(output["existence"][index]))

    def _see(self, place: Place, output: Mapping[str, np.ndarray], index: int) -> None:
        """Of several windows, the one that is surest of such a name tells best where it is seen."""
        work, at = place
        seen: Seen = work.seen
        count = len(work.sequences.columns)
        query = at % count
        if self.heads and at < WINDOWS_WITH_NAMES * count:
            seen.aware[at] = output["aware"][index, : len(row_of(place).ids)]
        if any(work.rows[other].existence >= work.rows[at].existence for other in range(query, at, count)):
            return
        asked = output["asked"][index] if self.heads else None
        seen.answers[query] = (output["candidates"][index], float(output["none"][index]), float(output["relevance"][index]), asked)

    # --- answers ---------------------------------------------------------------------------------------------------------

    def decode(self, work: Work, asked: Asked) -> Result:
        spans, exists = decode_spans(work.encoded, work.sequences, asked.queries, work.rows, self.config, self._span, asked.threshold, asked.nested)
        text, seen = work.encoded.text, work.seen
        if seen is None or work.box is None:
            results = [QueryResult(query.label, query.query, exists[index], None, 1.0, [], 0.0) for index, query in enumerate(asked.queries)]
            return Result(text, None, [self._entity(text, span, results[span.query]) for span in spans], results, work.notices)
        groundings = [decode_grounding(candidates, none, self._cells, work.box, self._none, self._least_none)
                      for candidates, none, _, _ in seen.answers]
        results = [self._answer(query, exists[index], groundings[index], seen.answers[index][2]) for index, query in enumerate(asked.queries)]
        entities = [self._entity(text, span, results[span.query]) for span in spans]
        relatedness, kind = None, None
        if self.heads and seen.facts is not None:
            places = self.heads.place_names(work, spans, groundings, self._least_none)
            entities = [entity if place is None else Entity(entity.start, entity.end, entity.text, entity.type, entity.score, place.region,
                                                            place.not_in_photo, place.alternatives, place.ambiguous)
                        for entity, place in zip(entities, places)]
            relatedness, kind = self.heads.judge_photo(work)
        return Result(text, (work.box.width, work.box.height), entities, results, work.notices, relatedness, kind)

    @staticmethod
    def _answer(query: Query, exists: float, place: Grounding, relevance: float) -> QueryResult:
        further = place.alternatives
        if place.region is None and place.best is not None:
            further = [place.best, *further]  # what is more likely not in the photo still has a likeliest place
        return QueryResult(query.label, query.query, exists, place.region, place.not_in_photo, further[:ALTERNATIVES], relevance)

    @staticmethod
    def _entity(text: str, span: Span, answer: QueryResult) -> Entity:
        return Entity(span.start, span.end, text[span.start : span.end], answer.type, span.score, answer.region)
