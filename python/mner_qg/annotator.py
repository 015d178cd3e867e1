"""The one class to use: a model folder in, names with scores and boxes out."""
from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, Optional, Sequence, Union

import numpy as np

from .boxes import Grounding, Letterbox, cells, decode_grounding
from .decode import RowLogits, decode_spans
from .errors import MnerError
from .folder import ModelFolder
from .photos import ImageInput, letterbox, open_photo
from .results import Entity, Failure, QueryResult, Result
from .sessions import Device, Sessions
from .text import Encoded, TextReader
from .trunks import knows_trunk
from .windows import Query, Row, Sequences, build_sequences, pad

# Pieces in one batch: enough to fill the processor, few enough to stay in its cache.
TEXT_PIECES = 1024
PHOTO_ROWS = 8
MOST_CHARACTERS = 100_000
LOGITS = ("start", "end", "existence")

Photo = Union[ImageInput, Callable[[], bytes], None]


@dataclass
class _Work:
    """One text on its way. `rows` are filled in as the network answers."""

    index: int
    encoded: Encoded
    sequences: Sequences
    photo: Photo
    rows: list[RowLogits]
    box: Optional[Letterbox] = None
    seen: Optional[list[tuple[np.ndarray, float, float]]] = None  # per question: candidates, none, relevance

    @property
    def length(self) -> int:
        return max(len(row.ids) for row in self.sequences.rows)


class Annotator:
    """Finds names in texts, and where their photos show them.

    >>> annotator = Annotator("public/models/mner-qg-mini")
    >>> [result] = annotator.annotate(["Off to Paris with Anna"], ["trip.jpg"])
    >>> [(entity.text, entity.type) for entity in result.entities]

    `threads` (0: one per core) is what one call may use; for many texts, a process per core with one thread each is faster.
    """

    def __init__(self, folder: str | Path, *, device: Device = "cpu", threads: int = 0):
        self.folder = ModelFolder.open(folder)
        self.config = self.folder.config
        self.queries = [Query(query["label"], query["query"]) for query in self.folder.manifest["queries"]]
        calibration = self.folder.manifest.get("calibration", {})
        plain = {"a": 1.0, "b": 0.0}
        self.threshold: float = calibration.get("spanThreshold", 0.0)
        self._span, self._none = calibration.get("span", plain), calibration.get("none", plain)
        self.reader = TextReader.of(self.folder)
        self.sessions = Sessions(self.folder, device, threads)
        self.sees = knows_trunk(self.config)
        self._cells = cells(self.config) if self.sees else []
        self._maps = [f"{name}_{k}" for k in range(len(self.config["image"]["strides"])) for name in ("reduced", "matched", "objects")]
        self._decoders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="photos")

    def annotate(self, texts: Sequence[str], images: Optional[Sequence[Photo]] = None, *, queries: Optional[Sequence[Query]] = None,
                 threshold: Optional[float] = None, nested: bool = False, errors: bool = True) -> list[Any]:
        """One `Result` per text, in order. `images`, if given, are as many: a path, bytes, a Pillow image, an array, or None.

        `queries` are asked instead of the model's own. With `errors=False` a text or photo that cannot be read gives a `Failure` in its
        place; otherwise it raises.
        """
        photos: Sequence[Photo] = [None] * len(texts) if images is None else images
        if len(photos) != len(texts):
            raise MnerError("option-invalid", f"There are {len(texts)} texts and {len(photos)} images. Give None where a text has no photo.")
        if not self.sees and any(photo is not None for photo in photos):
            warnings.warn(f"This version does not see with the image encoder “{self.config['image']['kind']}”: names are found without "
                          "boxes. Use `mner-qg annotate` for boxes.", stacklevel=2)
            photos = [None] * len(texts)
        asked = list(self.queries if queries is None else queries)
        answers: list[Result | Failure] = [Failure("internal", "")] * len(texts)

        def fail(index: int, error: Exception) -> None:
            if errors:
                raise error
            answers[index] = Failure.of(error)

        works = []
        for index, (text, photo) in enumerate(zip(texts, photos)):
            try:
                works.append(self._prepare(index, text, photo, asked))
            except MnerError as error:
                fail(index, error)
        self._read_texts([work for work in works if work.photo is None])
        failed = self._read_photos([work for work in works if work.photo is not None], fail)
        least = self.threshold if threshold is None else threshold
        for work in works:
            if work.index not in failed:
                answers[work.index] = self._decode(work, asked, least, nested)
        return answers

    def _prepare(self, index: int, text: str, photo: Photo, queries: Sequence[Query]) -> _Work:
        if not isinstance(text, str):
            raise MnerError("text-invalid", f"Text {index} is {type(text).__name__}, not a string.")
        if len(text) > MOST_CHARACTERS:
            raise MnerError("text-invalid", f"Text {index} has {len(text)} characters; at most {MOST_CHARACTERS} are read.")
        encoded = self.reader.encode(text)
        if not encoded.pieces:
            raise MnerError("text-empty", "There is no text to read. Give a text with at least one visible character.")
        sequences = build_sequences(self.reader, encoded, queries, self.config["maxPieces"])
        empty = RowLogits(np.empty(0, np.float32), np.empty(0, np.float32), 0.0)
        return _Work(index, encoded, sequences, photo, [empty] * len(sequences.rows))

    # --- texts -----------------------------------------------------------------------------------------------------------

    def _read_texts(self, works: Sequence[_Work]) -> None:
        """All rows of all texts, sorted by length so that little is padded."""
        rows = sorted(((len(row.ids), work, at) for work in works for at, row in enumerate(work.sequences.rows)), key=lambda item: item[0])
        while rows:
            # The longest of a batch decides; sorted, that is its last.
            count = 1
            while count < len(rows) and rows[-1][0] * (count + 1) <= TEXT_PIECES:
                count += 1
            batch, rows = rows[-count:], rows[:-count]
            inputs = pad([work.sequences.rows[at] for _, work, at in batch], self.reader.pad)
            del inputs["query"]
            self._keep(batch, self.sessions.run("text", LOGITS, inputs))

    @staticmethod
    def _keep(batch: Iterable[tuple[int, _Work, int]], output: Mapping[str, np.ndarray]) -> None:
        for index, (_, work, at) in enumerate(batch):
            work.rows[at] = RowLogits(output["start"][index], output["end"][index], float(output["existence"][index]))

    # --- photos ----------------------------------------------------------------------------------------------------------

    def _read_photos(self, works: list[_Work], fail: Callable[[int, Exception], None]) -> set[int]:
        """Texts with a photo, a few at a time; the next photos are decoded meanwhile. Returns those that failed."""
        works = sorted(works, key=lambda work: (work.length, work.index))
        failed: set[int] = set()
        groups: list[list[_Work]] = []
        for work in works:
            if groups and sum(len(other.sequences.rows) for other in groups[-1]) + len(work.sequences.rows) <= PHOTO_ROWS:
                groups[-1].append(work)
            else:
                groups.append([work])
        waiting = [[self._decoders.submit(self._open, work.photo) for work in group] for group in groups[:2]]
        for number, group in enumerate(groups):
            if number + 2 < len(groups):
                waiting.append([self._decoders.submit(self._open, work.photo) for work in groups[number + 2]])
            ready, pixels = [], []
            for work, opened in zip(group, waiting[number]):
                try:
                    square, work.box = opened.result()
                except Exception as error:
                    failed.add(work.index)
                    fail(work.index, error)
                    continue
                ready.append(work)
                pixels.append(square)
            waiting[number] = []
            if ready:
                self._look(ready, self.sessions.run("trunk", self._maps, {"pixels": np.stack(pixels)}))
        return failed

    def _open(self, photo: Photo) -> tuple[np.ndarray, Letterbox]:
        return letterbox(open_photo(photo() if callable(photo) else photo), self.config)  # type: ignore[arg-type]

    def _look(self, works: Sequence[_Work], maps: Mapping[str, np.ndarray]) -> None:
        """The network with the photo, over all rows of these texts, a bounded number at a time."""
        rows: list[tuple[int, _Work, int]] = [(photo, work, at) for photo, work in enumerate(works) for at in range(len(work.sequences.rows))]
        for first in range(0, len(rows), 2 * PHOTO_ROWS):
            batch = rows[first : first + 2 * PHOTO_ROWS]
            inputs = pad([work.sequences.rows[at] for _, work, at in batch], self.reader.pad)
            asked = inputs.pop("query")
            hidden = self.sessions.run("text", ("hidden",), inputs)["hidden"]
            output = self.sessions.run("photo", (*LOGITS, "candidates", "none", "relevance"), {
                "hidden": hidden, "mask": inputs["mask"], "query": asked, "photo": np.array([photo for photo, _, _ in batch], np.int64), **maps})
            self._keep(batch, output)
            for index, (_, work, at) in enumerate(batch):
                self._see(work, at, output, index)

    @staticmethod
    def _see(work: _Work, at: int, output: Mapping[str, np.ndarray], index: int) -> None:
        """Of several windows, the one that is surest of such a name tells best where it is seen."""
        count = len(work.sequences.columns)
        query = at % count
        if work.seen is None:
            work.seen = [(np.empty((0, 5), np.float32), 0.0, 0.0)] * count
        if any(work.rows[other].existence >= work.rows[at].existence for other in range(query, at, count)):
            return
        work.seen[query] = (output["candidates"][index], float(output["none"][index]), float(output["relevance"][index]))

    # --- answers ---------------------------------------------------------------------------------------------------------

    def _decode(self, work: _Work, queries: Sequence[Query], least: float, nested: bool) -> Result:
        spans, exists = decode_spans(work.encoded, work.sequences, queries, work.rows, self.config, self._span, least, nested)
        results = []
        for index, query in enumerate(queries):
            if work.seen is None or work.box is None:
                results.append(QueryResult(query.label, query.query, exists[index], None, 1.0, [], 0.0))
                continue
            candidates, none, relevance = work.seen[index]
            place = self._ground(candidates, none, work.box)
            further = place.alternatives
            if place.region is None and place.best is not None:
                further = [place.best, *further][:3]  # what is more likely not in the photo still has a likeliest place
            results.append(QueryResult(query.label, query.query, exists[index], place.region, place.not_in_photo, further, relevance))
        text = work.encoded.text
        entities = [Entity(span.start, span.end, text[span.start : span.end], queries[span.query].label, span.score, results[span.query].region)
                    for span in spans]
        return Result(text, None if work.box is None else (work.box.width, work.box.height), entities, results)

    def _ground(self, candidates: np.ndarray, none: float, box: Letterbox) -> Grounding:
        return decode_grounding(candidates, none, self._cells, box, self._none, self.config.get("decode", {}).get("noneThreshold", 0.5))
