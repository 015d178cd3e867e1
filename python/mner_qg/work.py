"""A text on its way through a network, and how many of them are put together."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Iterator, Optional, Protocol, Sequence, Union

import numpy as np

from .boxes import Letterbox
from .photos import ImageInput
from .results import Notice, Result
from .text import Encoded
from .windows import Query, Row, Sequences

# Pieces in one batch: enough to fill the processor, few enough to stay in its cache.
PIECES = 1024

Photo = Union[ImageInput, Callable[[], bytes], None]


@dataclass
class Work:
    """One text. `rows` are filled in as the network answers, `seen` by systems that look at photos."""

    index: int
    encoded: Encoded
    sequences: Sequences
    photo: Photo
    rows: list[Any]
    notices: list[Notice] = field(default_factory=list)
    box: Optional[Letterbox] = None
    seen: Any = None

    @property
    def length(self) -> int:
        return max(len(row.ids) for row in self.sequences.rows)


@dataclass(frozen=True)
class Asked:
    """What the caller wants of all texts."""

    queries: Sequence[Query]
    threshold: float
    nested: bool


Place = tuple[Work, int]  # a row of a text


class System(Protocol):
    """A network of one kind, and how its numbers become names."""

    sees: bool
    own_queries: bool

    def sequences(self, encoded: Encoded, queries: Sequence[Query]) -> Sequences: ...

    def read_texts(self, works: Sequence[Work]) -> None: ...

    def read_photos(self, works: Sequence[Work], pixels: np.ndarray) -> None:
        """Texts whose photos are these, [P, 3, S, S], in their order."""
        ...

    def decode(self, work: Work, asked: Asked) -> Result: ...


def by_length(works: Sequence[Work]) -> Iterator[tuple[list[Place], list[Row]]]:
    """All rows of all texts in batches, sorted by length so that little is padded."""
    places = sorted(((work, at) for work in works for at in range(len(work.sequences.rows))), key=lambda place: len(row_of(place).ids))
    while places:
        # The longest of a batch decides; sorted, that is its last.
        count = 1
        while count < len(places) and len(row_of(places[-1]).ids) * (count + 1) <= PIECES:
            count += 1
        batch, places = places[-count:], places[:-count]
        yield batch, [row_of(place) for place in batch]


def row_of(place: Place) -> Row:
    work, at = place
    return work.sequences.rows[at]
