"""One part of a file of tweets, from its rows to a written and verified file of answers. Knows nothing of clusters.

A part's answers depend on the part alone, never on who computed it or with what else: so it can be done again, anywhere, by anyone.
"""
from __future__ import annotations

import hashlib
import io
import json
import re
import time
import uuid
from dataclasses import dataclass
from typing import Any, Callable, Literal, Optional, Sequence

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from .annotator import Annotator
from .careful import annotate_carefully
from .corpus import Part, Record, open_place, read_part
from .errors import MnerError
from .photos import MOST_BYTES
from .results import Failure, Result, to_json, to_line
from .scores import Boxes, scored_row

Output = Literal["jsonl", "parquet"]
PHOTO_ENDINGS = ("", ".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".bmp")
NOTES = "_parts"  # beside the answers: what was done, and the hashes to verify it by
RUINOUS = 3  # so many attempts at a part that ended without an answer: its rows are then read one by one
WRITES = 3

_REGION = pa.list_(pa.float64())
_CODE = pa.struct([("code", pa.string()), ("message", pa.string())])
_ENTITY = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("text", pa.string()), ("type", pa.string()), ("score", pa.float64()),
                     ("box", _REGION), ("boxScore", pa.float64())])
SCHEMA = pa.schema([("line", pa.int64()), ("id", pa.string()), ("text", pa.string()), ("image", pa.string()), ("entities", pa.list_(_ENTITY)),
                    ("exists", pa.map_(pa.string(), pa.float64())), ("notices", pa.list_(_CODE)), ("error", _CODE)])


@dataclass(frozen=True)
class Settings:
    """What all parts of a run share. Paths are addresses as pyarrow reads them, or local."""

    output: str
    format: Output
    photos: Optional[str]
    threshold: Optional[float]
    nested: bool
    model: str  # hash of its manifest
    boxes: Optional[str]  # gold boxes, to score by
    strict_photo: bool = False

    def key(self, part: Part) -> str:
        """What the answers of a part depend on."""
        parts = json.dumps([2, part.digest, part.line, self.format, self.photos, self.threshold, self.nested, self.model, self.boxes, self.strict_photo])
        return hashlib.sha256(parts.encode()).hexdigest()


@dataclass(frozen=True)
class Done:
    """A part that is written. `scored`: per row what scoring needs, for rows with tags."""

    number: int
    rows: int
    failed: int
    seconds: float
    scored: list[Any]


def find_photo(fs: pafs.FileSystem, folder: str, name: str) -> str:
    """The path of a row's photo in the photos' folder, and nowhere else: a file of tweets comes from strangers."""
    shown = name.replace("\0", "?")
    if re.match(r"[a-z][a-z0-9+.-]*://", name, re.IGNORECASE):
        raise MnerError("input-invalid", f"The photo “{shown}” is an address. Nothing is downloaded: save it in the photos' folder and give its file name.")
    steps: list[str] = []
    for step in name.replace("\\", "/").split("/"):
        if step == ".." and not steps:
            steps = [".."]
            break
        if step == "..":
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    if "\0" in name or name.startswith(("/", "\\")) or not steps or steps[0] == "..":
        raise MnerError("input-invalid", f"The photo “{shown}” is not inside the photos' folder. Move it there.")
    path = "/".join([folder.rstrip("/"), *steps])
    for ending in PHOTO_ENDINGS:
        info = fs.get_file_info(path + ending)
        if info.type == pafs.FileType.File:
            if (info.size or 0) > MOST_BYTES:
                raise MnerError("image-too-large", f"{path} has {info.size} bytes; at most {MOST_BYTES} are read. Make it smaller.")
            return path + ending
    raise MnerError("image-unreadable", f"The photo “{shown}” is not in {folder}. Add it, or leave its name out.")


def _photo_of(place: Optional[tuple[pafs.FileSystem, str]], record: Record) -> Optional[Callable[[], bytes]]:
    if place is None or record.image is None:
        return None
    fs, folder = place
    name = record.image

    def read() -> bytes:
        path = find_photo(fs, folder, name)
        try:
            with fs.open_input_file(path) as file:
                return file.read()
        except OSError as error:
            raise MnerError("image-unreadable", f"{path} cannot be read. Check the file and its permissions.") from error

    return read


def names_of(settings: Settings, number: int) -> tuple[str, str]:
    """A part's file and its note, within the output."""
    return f"part-{number:06d}.{settings.format}", f"{NOTES}/part-{number:06d}.json"


def find_done(settings: Settings, part: Part) -> Optional[Done]:
    """What is already written of a part, if it is whole and was made from this input, by this model, with these settings."""
    fs, root = open_place(settings.output)
    name, note = names_of(settings, part.number)
    try:
        with fs.open_input_file(f"{root}/{note}") as file:
            told = json.loads(file.read())
        if told["key"] != settings.key(part):
            return None
        with fs.open_input_file(f"{root}/{name}") as file:
            if hashlib.sha256(file.read()).hexdigest() != told["sha256"]:
                return None
        return Done(part.number, told["rows"], told["failed"], 0.0, told["scored"])
    except (FileNotFoundError, OSError, ValueError, KeyError):
        return None


def annotate_part(annotator: Annotator, settings: Settings, part: Part) -> Done:
    """Does a part, unless it is done already."""
    done = find_done(settings, part)
    if done is not None:
        return done
    begun = time.perf_counter()
    attempts = _count_attempt(settings, part)
    records = read_part(open_place(part.path)[0], part)
    place = None if settings.photos is None else open_place(settings.photos)
    results = _answer(annotator, settings, records, place, attempts > RUINOUS)
    rows = [to_json({"line": record.line, "id": record.id, "text": record.text, "image": record.image}, result) for record, result in zip(records, results)]
    boxes = Boxes.read(settings.boxes) if settings.boxes is not None else None
    scored = [scored_row(record, result, boxes) for record, result in zip(records, results) if record.tags is not None]
    content = encode_rows(rows, settings.format)
    failed = sum("error" in row for row in rows)
    _write(settings, part, content, {"key": settings.key(part), "rows": len(rows), "failed": failed, "sha256": hashlib.sha256(content).hexdigest(), "scored": scored})
    return Done(part.number, len(rows), failed, time.perf_counter() - begun, scored)


def _answer(annotator: Annotator, settings: Settings, records: Sequence[Record], place: Optional[tuple[pafs.FileSystem, str]],
            careful: bool) -> list[Result | Failure]:
    results: list[Result | Failure] = [Failure("input-invalid", record.problem or "") for record in records]
    sound = [index for index, record in enumerate(records) if record.text is not None]
    texts = [records[index].text or "" for index in sound]
    photos = [_photo_of(place, records[index]) for index in sound]
    options = {"threshold": settings.threshold, "nested": settings.nested, "strict_photo": settings.strict_photo, "errors": False}
    answers = annotate_carefully(annotator, texts, photos, options) if careful else annotator.annotate(texts, photos, **options)  # type: ignore[arg-type]
    for index, answer in zip(sound, answers):
        results[index] = answer
    return results


def encode_rows(rows: Sequence[dict[str, Any]], kind: Output) -> bytes:
    if kind == "jsonl":
        return "".join(map(to_line, rows)).encode("utf-8", "surrogatepass")
    clean = lambda value: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
    plain = [{**{name: clean(value) for name, value in row.items()},
              "entities": [{name: clean(value) for name, value in entity.items()} for entity in row["entities"]] if "entities" in row else None,
              "exists": list(row["exists"].items()) if "exists" in row else None} for row in rows]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(plain, SCHEMA), sink)
    return sink.getvalue()


def _count_attempt(settings: Settings, part: Part) -> int:
    """How often this part was begun, this time included. Kept beside the answers, since whoever counts may be killed."""
    fs, root = open_place(settings.output)
    path = f"{root}/{NOTES}/part-{part.number:06d}.begun"
    count = 0
    try:
        with fs.open_input_file(path) as file:
            key, count = file.read().decode().split()
            count = int(count) if key == settings.key(part) else 0
    except (FileNotFoundError, OSError, ValueError):
        pass
    _put(fs, path, f"{settings.key(part)} {count + 1}".encode())
    return count + 1


def _write(settings: Settings, part: Part, content: bytes, note: dict[str, Any]) -> None:
    """The answers, then the note that vouches for them. Whoever is killed in between leaves nothing that counts as done."""
    fs, root = open_place(settings.output)
    name, note_name = names_of(settings, part.number)
    _put(fs, f"{root}/{name}", content)
    _put(fs, f"{root}/{note_name}", json.dumps(note).encode())
    try:
        fs.delete_file(f"{root}/{NOTES}/part-{part.number:06d}.begun")
    except (FileNotFoundError, OSError):
        pass  # another worker had the same part, and was first


def _put(fs: pafs.FileSystem, path: str, content: bytes) -> None:
    """Under another name first: a file is there whole, or not at all."""
    for attempt in range(1, WRITES + 1):
        passing = f"{path}.{uuid.uuid4().hex}.tmp"
        try:
            fs.create_dir(path.rsplit("/", 1)[0], recursive=True)
            with fs.open_output_stream(passing) as stream:
                stream.write(content)
            fs.move(passing, path)
            return
        except OSError as error:
            try:
                fs.delete_file(passing)
            except OSError:
                pass
            if attempt == WRITES:
                raise MnerError("output-unwritable", f"{path} cannot be written: {error}. Free some space or check the permissions; the same "
                                "command goes on from there.") from error
            time.sleep(0.2 * attempt)
