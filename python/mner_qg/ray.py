"""Annotates files of tweets of any size with Ray Data.

    python -m mner_qg.ray --input tweets.jsonl --photos photos --output found

INPUT is JSON lines (text, image, id), Parquet with those columns, or CoNLL with IMGID: lines; a file, or a folder of them. Addresses may
be local or of any file system that pyarrow reads (s3://, gs://, hdfs://). OUTPUT is a folder: part-000000.jsonl and so on, in the input's
order, a row for every row; `_parts/` beside them holds their hashes. Stopped or killed, the same command goes on where it was. What a
tweet is answered does not depend on how many workers there are, nor on which of them are lost on the way.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Optional, Sequence

import pyarrow.fs as pafs

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # before Ray is loaded: it would report its use
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
import ray.data
from ray.exceptions import RayError, RayTaskError

from .annotator import Annotator
from .corpus import Format, Part, cut_file, format_of, list_files, open_place
from .errors import MnerError
from .folder import MANIFEST, ModelFolder
from .parts import NOTES, Done, Output, Settings, annotate_part, find_done, names_of
from .scores import describe, score_rows

ROWS = 256  # of a part: some seconds of work, which is what a lost worker loses
ROUNDS = 3  # without a part done in between, after which a cluster is given up


class Worker:
    """An actor of the pool: one session, one part after the other."""

    def __init__(self, model: Any, make: type[Annotator], settings: Settings):
        # The model travels with the job: not every node need see the folder.
        self._folder = tempfile.TemporaryDirectory(prefix="mner-qg-")
        for name, content in ray.get(model).items():
            (Path(self._folder.name) / name).write_bytes(content)
        self.annotator = make(self._folder.name, threads=1)
        self.settings = settings

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        told = []
        for text in batch["part"]:
            try:
                done = annotate_part(self.annotator, self.settings, Part.from_json(str(text)))
                told.append(json.dumps({**done.__dict__, "node": ray.get_runtime_context().get_node_id(), "pid": os.getpid()}))
            except MnerError as error:  # as data: the pool takes an exception for a fault of its own, and tries again
                told.append(json.dumps({"code": error.code, "message": error.message}))
        return {"done": told}


def plan(source: str, kind: Optional[Format], rows: int) -> list[Part]:
    """All parts of the input, numbered in order. Each file is cut where the cluster has room for it."""
    fs, path = open_place(source)
    files = list_files(fs, path)
    cut: Any = ray.remote(num_cpus=1)(lambda file: cut_file(fs, file, kind or format_of(file), rows))
    cuts = ray.get([cut.remote(file) for file in files]) if len(files) > 1 else [cut_file(fs, files[0], kind or format_of(files[0]), rows)]
    parts = [part for parts in cuts for part in parts]
    address = source[: len(source) - len(path)] if source.endswith(path) and "://" in source else ""
    return [Part(number, address + part.path, part.format, part.start, part.end, part.line, part.digest) for number, part in enumerate(parts)]


def pack_model(folder: ModelFolder) -> dict[str, bytes]:
    files = [*folder.manifest["tokenizer"]["files"], *folder.manifest["shards"]]
    return {MANIFEST: (folder.path / MANIFEST).read_bytes(), **{entry["path"]: folder.file(entry) for entry in files}}


def annotate(source: str, output: str, *, model: str, photos: Optional[str] = None, kind: Optional[Format] = None, form: Optional[Output] = None,
             threshold: Optional[float] = None, nested: bool = False, boxes: Optional[str] = None, workers: Optional[int] = None,
             strict_photo: bool = False, rows: int = ROWS, make: type[Annotator] = Annotator, quiet: bool = False) -> list[Done]:
    """Runs on the Ray that is there. Returns every part, in order; raises `output-unwritable` and the like when going on makes no sense."""
    folder = ModelFolder.open(model)
    parts = plan(source, kind, rows)
    if not parts:
        raise MnerError("input-invalid", f"{source} holds no rows.")
    form = form or ("parquet" if parts[0].format == "parquet" else "jsonl")
    digest = hashlib.sha256((folder.path / MANIFEST).read_bytes()).hexdigest()
    settings = Settings(output, form, photos, threshold, nested, digest, boxes, strict_photo)
    _tidy(settings, len(parts), False)
    found = {part.number: done for part in parts if (done := find_done(settings, part)) is not None}
    if found and not quiet:
        print(f"Going on after {len(found)} of {len(parts)} parts.", file=sys.stderr)
    packed = ray.put(pack_model(folder))
    idle = 0
    while len(found) < len(parts):
        before = len(found)
        left = [part for part in parts if part.number not in found]
        try:
            _run(left, packed, make, settings, workers, found, len(parts), quiet)
        except RayTaskError as error:  # a fault of the program, not of the cluster: it would come again
            raise MnerError("internal", f"A worker failed: {error.cause}. Please report it.") from error
        except RayError as error:
            if not quiet:
                print(f"The cluster lost work: {str(error).splitlines()[0]}", file=sys.stderr)
        # Written by workers that were lost before they could say so.
        for part in left:
            if part.number not in found and (done := find_done(settings, part)) is not None:
                found[part.number] = done
        idle = 0 if len(found) > before else idle + 1
        if idle >= ROUNDS:
            raise MnerError("worker-failed", f"No part was done in {ROUNDS} attempts. See Ray's logs for why workers end.")
    _tidy(settings, len(parts), True)
    return [found[part.number] for part in parts]


def _run(left: Sequence[Part], model: Any, make: type[Annotator], settings: Settings, workers: Optional[int], found: dict[int, Done],
         total: int, quiet: bool) -> None:
    """One pass of the pool over what is left. Lost workers are started again by Ray, and their parts given out anew."""
    most = max(1, min(len(left), workers or int(ray.cluster_resources().get("CPU", 1))))
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context.execution_options.verbose_progress = False
    data = ray.data.from_items([{"part": part.to_json()} for part in left], override_num_blocks=len(left))
    answers = data.map_batches(Worker, batch_size=1, num_cpus=1, zero_copy_batch=True, fn_constructor_args=(model, make, settings),
                               compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most, max_tasks_in_flight_per_actor=2))
    begun, rows, shown = time.monotonic(), 0, 0.0
    for row in answers.iter_rows():
        told = json.loads(row["done"])
        if "code" in told:
            raise MnerError(told["code"], told["message"])
        done = Done(**{name: told[name] for name in ("number", "rows", "failed", "seconds", "scored")})
        found[done.number] = done
        rows += done.rows
        now = time.monotonic()
        if not quiet and now - shown >= 1:
            shown = now
            rate = rows / max(now - begun, 1e-9)
            print(f"\r{len(found)} / {total} parts, {rate:.1f} tweets/s ", end="", file=sys.stderr, flush=True)
    if not quiet:
        print(file=sys.stderr)


def _tidy(settings: Settings, count: int, at_end: bool) -> None:
    """Takes away parts of an earlier run that this one has not (its input had more, or it wrote another form), and what lost workers left."""
    fs, root = open_place(settings.output)
    if fs.get_file_info(root).type == pafs.FileType.NotFound:
        return
    own = {name for number in range(count) for name in names_of(settings, number)}
    for info in fs.get_file_info(pafs.FileSelector(root, recursive=True)):
        name = info.path[len(root) :].lstrip("/")
        if info.type == pafs.FileType.File and re.fullmatch(rf"(?:{NOTES}/)?part-\d{{6}}\.[a-z0-9.]+", name) and name not in own and (at_end or not name.endswith(".begun")):
            fs.delete_file(info.path)


def main(argv: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m mner_qg.ray", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--photos", help="the folder with the photos that rows name (default: photos are not looked at)")
    parser.add_argument("--model", default="public/models/mner-qg-mini", help="the model folder")
    parser.add_argument("--format", choices=["jsonl", "parquet", "conll"], help="of the output (default: the input's); conll: of the input, whose tags are then scored")
    parser.add_argument("--boxes", help="gold boxes as JSON, to score places by")
    parser.add_argument("--threshold", type=float, help="least score of a name, 0 to 1 (default: the model's own)")
    parser.add_argument("--nested", action="store_true", help="keep overlapping names of different types")
    parser.add_argument("--strict-photo", action="store_true", help="a photo that cannot be read makes an error record (default: its text is read without it, with a notice)")
    parser.add_argument("--workers", type=int, help="most workers (default: one per core of the cluster)")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows in a part; to go on after a stop, give the same again")
    parser.add_argument("--address", help="of a Ray cluster, or auto (default: one is started here)")
    args = parser.parse_args(argv)
    try:
        # Only that the folder is one: Ray takes seconds to start, and whoever misspelt a path should hear of that first.
        ModelFolder.open(args.model)
        ray.init(address=args.address, log_to_driver=False, include_dashboard=False if args.address is None else None, logging_level=logging.ERROR)
        done = annotate(args.input, args.output, model=args.model, photos=args.photos, kind="conll" if args.format == "conll" else None,
                        form=None if args.format == "conll" else args.format, threshold=args.threshold, nested=args.nested, boxes=args.boxes,
                        workers=args.workers, strict_photo=args.strict_photo, rows=args.rows)
    except MnerError as error:
        print(f"{error.message} ({error.code})", file=sys.stderr)
        return 2
    failed = sum(part.failed for part in done)
    print(f"{sum(part.rows for part in done)} rows in {len(done)} parts, {failed} of them failed.", file=sys.stderr)
    scored = [row for part in done for row in part.scored]
    if scored:
        print("\n".join(describe(score_rows(scored))))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
