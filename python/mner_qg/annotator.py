"""The one class to use: a model folder in, names with scores and boxes out."""
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence

import numpy as np

from .errors import MnerError
from .folder import ModelFolder, Tensor
from .photos import letterbox, open_photo
from .questions import Questions
from .results import Failure, Notice, Result
from .sessions import Device, Sessions
from .tagging import Tagger
from .text import TextReader
from .windows import Query
from .work import Asked, Photo, System, Work

SYSTEMS: dict[str, Callable[[ModelFolder, Mapping[str, Tensor], TextReader, Sessions], System]] = {"mner-qg": Questions, "bert-crf": Tagger}
ROWS_WITH_PHOTO = 8  # of texts that are read at once
MOST_CHARACTERS = 100_000


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
        self.threshold: float = self.folder.manifest.get("calibration", {}).get("spanThreshold", 0.0)
        self.reader = TextReader.of(self.folder)
        tensors = self.folder.tensors()
        self.sessions = Sessions(self.folder, tensors, device, threads)
        self.system = SYSTEMS[self.folder.system](self.folder, tensors, self.reader, self.sessions)
        self._decoders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="photos")

    @property
    def sees(self) -> bool:
        """Whether the model looks at photos at all."""
        return self.system.sees

    def annotate(self, texts: Sequence[str], images: Optional[Sequence[Photo]] = None, *, queries: Optional[Sequence[Query]] = None,
                 threshold: Optional[float] = None, nested: bool = False, strict_photo: bool = False, errors: bool = True) -> list[Any]:
        """One `Result` per text, in order. `images`, if given, are as many: a path, bytes, a Pillow image, an array, or None.

        `queries` are asked instead of the model's own. A photo that cannot be read is a notice of its result, whose text is read without
        it; with `strict_photo` it is an error. With `errors=False` what cannot be read gives a `Failure` in its place; otherwise it raises.
        """
        photos: Sequence[Photo] = [None] * len(texts) if images is None else images
        if len(photos) != len(texts):
            raise MnerError("option-invalid", f"There are {len(texts)} texts and {len(photos)} images. Give None where a text has no photo.")
        if queries is not None and not self.system.own_queries:
            raise MnerError("query-invalid", f"A model of the system {self.folder.system} cannot be asked own questions.")
        asked = Asked(list(self.queries if queries is None else queries), self.threshold if threshold is None else threshold, nested)
        answers: list[Result | Failure] = [Failure("internal", "")] * len(texts)

        def fail(index: int, error: Exception) -> None:
            if errors:
                raise error
            answers[index] = Failure.of(error)

        works = []
        for index, (text, photo) in enumerate(zip(texts, photos)):
            try:
                works.append(self._prepare(index, text, photo, asked.queries))
            except MnerError as error:
                fail(index, error)
        failed: set[int] = set()

        def blind(work: Work, error: Exception) -> None:
            """The one rule for photos that cannot be read: the names are still worth having."""
            if not strict_photo and isinstance(error, MnerError) and error.code.startswith("image-"):
                work.notices.append(Notice(error.code, error.message))
                return
            failed.add(work.index)
            fail(work.index, error)

        self._read_photos([work for work in works if work.photo is not None], blind)
        works = [work for work in works if work.index not in failed]
        self.system.read_texts([work for work in works if work.box is None])
        for work in works:
            answers[work.index] = self.system.decode(work, asked)
        return answers

    def _prepare(self, index: int, text: str, photo: Photo, queries: Sequence[Query]) -> Work:
        if not isinstance(text, str):
            raise MnerError("text-invalid", f"Text {index} is {type(text).__name__}, not a string.")
        if len(text) > MOST_CHARACTERS:
            raise MnerError("text-invalid", f"Text {index} has {len(text)} characters; at most {MOST_CHARACTERS} are read.")
        encoded = self.reader.encode(text)
        if not encoded.pieces:
            raise MnerError("text-empty", "There is no text to read. Give a text with at least one visible character.")
        sequences = self.system.sequences(encoded, queries)
        work = Work(index, encoded, sequences, photo, [None] * len(sequences.rows))
        if photo is not None and not self.sees:
            work.notices.append(Notice("photo-not-used", "This model reads the text alone; the photo was not looked at."))
            work.photo = None
        return work

    def _read_photos(self, works: list[Work], blind: Callable[[Work, Exception], None]) -> None:
        """Texts with a photo, a few at a time; the next photos are decoded meanwhile."""
        groups: list[list[Work]] = []
        for work in sorted(works, key=lambda work: (work.length, work.index)):
            if groups and sum(len(other.sequences.rows) for other in groups[-1]) + len(work.sequences.rows) <= ROWS_WITH_PHOTO:
                groups[-1].append(work)
            else:
                groups.append([work])
        waiting = [[self._decoders.submit(self._open, work) for work in group] for group in groups[:2]]
        for number, group in enumerate(groups):
            if number + 2 < len(groups):
                waiting.append([self._decoders.submit(self._open, work) for work in groups[number + 2]])
            ready, pixels = [], []
            for work, opened in zip(group, waiting[number]):
                try:
                    pixels.append(opened.result())
                    ready.append(work)
                except Exception as error:
                    blind(work, error)
            waiting[number] = []
            if ready:
                self.system.read_photos(ready, np.stack(pixels))

    def _open(self, work: Work) -> np.ndarray:
        source = work.photo() if callable(work.photo) else work.photo
        pixels, work.box = letterbox(open_photo(source, work.notices), self.config)  # type: ignore[arg-type]
        return pixels
