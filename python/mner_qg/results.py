"""What an analysis returns, as the command line has it; offsets are code points, so that `text[start:end]` is the name."""
from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Optional

from .boxes import Region
from .errors import MnerError


@dataclass(frozen=True)
class Entity:
    """A name in the text. `region` is where it is seen: None when it is not in the photo, or there is no photo."""

    start: int
    end: int
    text: str
    type: str
    score: float
    region: Optional[Region]
    # Of this very name, where the model can tell names of one type apart.
    not_in_photo: Optional[float] = None
    alternatives: Optional[list[Region]] = None
    ambiguous: bool = False  # it may as well be the first alternative


@dataclass(frozen=True)
class QueryResult:
    """The answer to one question, whether or not it found anything."""

    type: str
    query: str
    exists: float
    region: Optional[Region]
    not_in_photo: float
    alternatives: list[Region]
    image_relevance: float


@dataclass(frozen=True)
class ImageKind:
    kind: str  # photo, drawing, screenshot or lettering
    score: float


@dataclass(frozen=True)
class Notice:
    """A thing to know that did not stop the work, such as a photo that was left out; its code says which."""

    code: str
    message: str


@dataclass(frozen=True)
class Result:
    text: str
    size: Optional[tuple[int, int]]  # of the upright photo
    entities: list[Entity]
    queries: list[QueryResult]
    notices: list[Notice] = field(default_factory=list)
    # How likely text and photo belong together, and what kind of picture it is, where the model can tell.
    relatedness: Optional[float] = None
    image_kind: Optional[ImageKind] = None


@dataclass(frozen=True)
class Failure:
    """Why a text or its photo could not be read. A failure is an answer: it ends nothing."""

    code: str
    message: str

    @staticmethod
    def of(error: Exception) -> "Failure":
        if isinstance(error, MnerError):
            return Failure(error.code, error.message)
        return Failure("internal", f"Something went wrong inside mner-qg: {error}. Please report it.")


_CONTROLS = re.compile(r"[\x7f-\x9f]")


def to_line(row: dict[str, Any]) -> str:
    """A row as the command line writes it: answers end on terminals too, which obey control characters."""
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    return _CONTROLS.sub(lambda found: f"\\u{ord(found.group()):04x}", line) + "\n"


def _number(value: float, digits: int) -> float:
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded


class Units:
    """From code points to UTF-16 units, in which the command line and the page count."""

    def __init__(self, text: str):
        self.offsets: Optional[list[int]] = None
        if text and max(text) > "\uffff":
            self.offsets = [0]
            for character in text:
                self.offsets.append(self.offsets[-1] + (2 if character > "\uffff" else 1))

    def of(self, at: int) -> int:
        return at if self.offsets is None else self.offsets[at]


def to_json(head: dict[str, Any], result: Result | Failure) -> dict[str, Any]:
    """One row of output, with the command line's own fields."""
    row = {name: value for name, value in head.items() if value is not None}
    if isinstance(result, Failure):
        return {**row, "error": {"code": result.code, "message": result.message}}
    units = Units(result.text)
    entities = []
    for entity in result.entities:
        region = entity.region
        entities.append({
            "start": units.of(entity.start), "end": units.of(entity.end), "text": entity.text, "type": entity.type,
            "score": _number(entity.score, 4),
            "box": None if region is None else [_number(side, 1) for side in region.box],
            "boxScore": None if region is None else _number(region.score, 4),
        })
    row |= {"entities": entities, "exists": {query.type: _number(query.exists, 4) for query in result.queries}}
    notices = [{"code": notice.code, "message": notice.message} for notice in result.notices]
    return {**row, "notices": notices} if notices else row
