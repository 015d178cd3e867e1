"""Tweets in files: JSON lines, CoNLL or Parquet, on any file system that pyarrow knows, cut into parts that can be read by themselves.

A row that cannot be used becomes a record that says why; `src/corpus/` reads the same files by the same rules.
"""
from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from typing import Any, Iterator, Literal, Optional

import pyarrow.fs as pafs
import pyarrow.parquet as pq

from .detokenise import join_tokens
from .errors import MnerError

Format = Literal["jsonl", "conll", "parquet"]
ENDINGS: dict[str, Format] = {"jsonl": "jsonl", "ndjson": "jsonl", "json": "jsonl", "conll": "conll", "bio": "conll", "txt": "conll", "parquet": "parquet"}

MOST_LINE_BYTES = 4 * 1024 * 1024
MOST_CHARACTERS = 100_000
MOST_TOKENS = 5000
CHUNK = 8 * 1024 * 1024
TYPES = {"PER": "PER", "PERSON": "PER", "LOC": "LOC", "LOCATION": "LOC", "ORG": "ORG", "ORGANIZATION": "ORG", "ORGANISATION": "ORG",
         "CORPORATION": "ORG", "GROUP": "ORG", "OTHER": "OTHER", "MISC": "OTHER", "PRODUCT": "OTHER", "CREATIVE-WORK": "OTHER"}


def open_place(address: str) -> tuple[pafs.FileSystem, str]:
    """The file system of an address or a local path, and the path in it."""
    if re.match(r"[a-z][a-z0-9+.-]+://", address, re.IGNORECASE):
        return pafs.FileSystem.from_uri(address)
    return pafs.LocalFileSystem(), os.path.abspath(address)


@dataclass(frozen=True)
class Record:
    """One tweet, or what is wrong with its place in the file. `line` is the first line it stands on (Parquet: its row), from 1."""

    line: int
    text: Optional[str] = None
    image: Optional[str] = None
    id: Optional[str] = None
    tokens: Optional[list[str]] = None
    tags: Optional[list[str]] = None
    problem: Optional[str] = None


@dataclass(frozen=True)
class Part:
    """A stretch of a file: bytes `start` to `end` of JSON lines and CoNLL, rows of Parquet. `digest` tells its content from any other."""

    number: int
    path: str
    format: Format
    start: int
    end: int
    line: int  # of its first line
    digest: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Part":
        return Part(**json.loads(text))


def format_of(name: str) -> Format:
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if ending in ENDINGS:
        return ENDINGS[ending]
    raise MnerError("input-invalid", f"The kind of “{name}” is not told by its name. Name it .jsonl, .parquet or .conll (also .txt, .bio), or give --format.")


def normalise_type(kind: str) -> Optional[str]:
    return TYPES.get(kind.upper())


def normalise_tag(tag: str) -> str:
    """`I-location` becomes `I-LOC`, `B-MISC` becomes `B-OTHER`; a type that no question asks for becomes `O`."""
    kind = normalise_type(tag[2:]) if tag[:2] in ("B-", "I-") else None
    return "O" if kind is None else f"{tag[0]}-{kind}"


# --- cutting -----------------------------------------------------------------------------------------------------------------


def list_files(fs: pafs.FileSystem, path: str) -> list[str]:
    """The file, or a folder's files in order of name."""
    info = fs.get_file_info(path)
    if info.type == pafs.FileType.File:
        return [path]
    if info.type == pafs.FileType.NotFound:
        raise MnerError("input-unreadable", f"{path} is not there. Check the path.")
    found = fs.get_file_info(pafs.FileSelector(path, recursive=True))
    files = sorted(entry.path for entry in found if entry.type == pafs.FileType.File and entry.extension.lower() in ENDINGS)
    if not files:
        raise MnerError("input-invalid", f"{path} holds no file of tweets ({', '.join(sorted(ENDINGS))}).")
    return files


def cut_file(fs: pafs.FileSystem, path: str, kind: Format, rows: int) -> list[Part]:
    """Parts of about so many rows, numbered from 0; they cover the file."""
    if kind == "parquet":
        info = fs.get_file_info(path)
        count = pq.ParquetFile(path, filesystem=fs).metadata.num_rows
        mark = f"{path} {info.size} {info.mtime_ns}"
        return [Part(number, path, kind, start, min(start + rows, count), start + 1, hashlib.sha256(f"{mark} {start}".encode()).hexdigest())
                for number, start in enumerate(range(0, count, rows))]
    parts: list[Part] = []
    begun, line, held, digest = 0, 1, 0, hashlib.sha256()
    at, number = 0, 0
    for text in _lines(fs, path):
        number += 1
        # A tweet of CoNLL begins after an empty line, or with its IMGID.
        fresh = kind == "jsonl" or text.startswith(b"IMGID:") or not text.strip()
        if fresh and held >= rows:
            parts.append(Part(len(parts), path, kind, begun, at, line, digest.hexdigest()))
            begun, line, held, digest = at, number, 0, hashlib.sha256()
        held += 1 if kind == "jsonl" or text.startswith(b"IMGID:") or (not text.strip() and held == 0) else 0
        digest.update(text)
        at += len(text)
    if at > begun:
        parts.append(Part(len(parts), path, kind, begun, at, line, digest.hexdigest()))
    return parts


def _lines(fs: pafs.FileSystem, path: str) -> Iterator[bytes]:
    """Lines with their ends, joined over chunks."""
    rest = b""
    with fs.open_input_stream(path, compression=None) as stream:
        while chunk := stream.read(CHUNK):
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            for line in lines:
                yield line + b"\n"
    if rest:
        yield rest


# --- reading -----------------------------------------------------------------------------------------------------------------


def read_part(fs: pafs.FileSystem, part: Part) -> list[Record]:
    if part.format == "parquet":
        return _read_parquet(fs, part)
    with fs.open_input_file(part.path) as file:
        file.seek(part.start)
        content = file.read(part.end - part.start)
    if hashlib.sha256(content).hexdigest() != part.digest:
        raise MnerError("input-unreadable", f"{part.path} was changed while it was read. Start again when it is at rest.")
    lines = content.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    read = _read_json_lines if part.format == "jsonl" else _read_conll
    return list(read(lines, part.line))


def _text_of(raw: bytes, number: int) -> tuple[str, Optional[str]]:
    """A line and what is wrong with it."""
    raw = raw.removesuffix(b"\r")
    if len(raw) > MOST_LINE_BYTES:
        return "", f"is longer than {MOST_LINE_BYTES} bytes"
    if number == 1:
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        return raw.decode("utf-8"), None
    except UnicodeDecodeError:
        return "", "is not UTF-8 text"


def _broken(line: int, problem: str) -> Record:
    return Record(line, problem=f"Line {line} {problem}.")


def _sound(record: Record) -> Record:
    text = record.text or ""
    if not text.strip():
        return _broken(record.line, "has no text")
    if len(text) > MOST_CHARACTERS:
        return _broken(record.line, f"has a text of {len(text)} characters (at most {MOST_CHARACTERS} are read)")
    return record


def _read_json_lines(lines: list[bytes], first: int) -> Iterator[Record]:
    for number, raw in enumerate(lines, first):
        text, problem = _text_of(raw, number)
        if problem is not None:
            yield _broken(number, problem)
        elif text.strip():
            try:
                value = json.loads(text, parse_constant=_no_constant)
            except (ValueError, RecursionError):
                yield _broken(number, "is not valid JSON")
                continue
            yield _from_fields(number, value) if isinstance(value, dict) else _broken(number, "is not a JSON object")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _from_fields(line: int, row: dict[str, Any]) -> Record:
    text, image, identity = row.get("text"), row.get("image"), row.get("id")
    if not isinstance(text, str):
        return _broken(line, 'has no "text"')
    if image is not None and not isinstance(image, str):
        return _broken(line, 'has an "image" that is not a file name')
    if identity is not None and (isinstance(identity, bool) or not isinstance(identity, (str, int, float))):
        return _broken(line, 'has an "id" that is not text')
    if isinstance(identity, float) and identity.is_integer():
        identity = int(identity)
    return _sound(Record(line, text, image or None, None if identity is None else str(identity)))


def _read_parquet(fs: pafs.FileSystem, part: Part) -> list[Record]:
    file = pq.ParquetFile(part.path, filesystem=fs)
    columns = [name for name in ("text", "image", "id") if name in file.schema_arrow.names]
    if "text" not in columns:
        raise MnerError("input-invalid", f'{part.path} has no column named "text".')
    records: list[Record] = []
    begins = 0
    for group in range(file.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        first, last = max(part.start, begins), min(part.end, begins + count)
        if first < last:
            rows = file.read_row_group(group, columns=columns).slice(first - begins, last - first).to_pylist()
            records += [_from_fields(number, row) for number, row in enumerate(rows, first + 1)]
        begins += count
    return records


def _read_conll(lines: list[bytes], first: int) -> Iterator[Record]:
    begins, identity, problem = 0, None, None
    tokens: list[str] = []
    tags: list[str] = []

    def finish() -> Iterator[Record]:
        if problem is not None:
            yield _broken(begins, problem)
        elif tokens:
            yield _sound(Record(begins, join_tokens(tokens)[0], identity, identity, tokens, tags))

    for number, raw in enumerate(lines, first):
        text, fault = _text_of(raw, number)
        if fault is None and (text.startswith("IMGID:") or not text.strip()):
            yield from finish()
            begins, identity, problem, tokens, tags = 0, None, None, [], []
            if text.strip():
                begins, identity = number, text[len("IMGID:") :].strip() or None
            continue
        if fault is None and text.startswith("-DOCSTART-"):
            continue
        begins = begins or number
        if problem is not None:
            continue
        if fault is not None:
            problem = f"holds line {number}, which {fault}"
            continue
        columns = text.split("\t") if "\t" in text else text.strip().split(" ")
        token, tag = columns[0].strip(), columns[-1].strip() if len(columns) > 1 else "O"
        if not token:
            continue
        if tag not in ("O", "") and not re.match(r"[BI]-.", tag):
            problem = f"holds line {number}, whose tag is none of O, B-… and I-…"
        elif len(tokens) >= MOST_TOKENS:
            problem = f"begins a tweet of more than {MOST_TOKENS} tokens"
        else:
            tokens.append(token)
            tags.append(normalise_tag(tag))
    yield from finish()
