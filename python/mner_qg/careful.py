"""Reads rows one by one in a process of their own. For parts at which workers died again and again: the row that kills becomes an error
record, and its neighbours get their answers."""
from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from typing import Any, Callable, Optional, Sequence

from .annotator import Annotator
from .errors import MnerError
from .results import Failure, Result

try:
    from ray import cloudpickle as pickling  # can send a class that the other side cannot import
except ImportError:
    import pickle as pickling  # type: ignore[no-redef]

PATIENCE = 300.0  # seconds for one row


def _serve(pipe: Connection, make: bytes, folder: str) -> None:
    annotator = pickling.loads(make)(folder, threads=1)
    while True:
        try:
            text, photo, options = pipe.recv()
        except EOFError:
            return
        pipe.send(annotator.annotate([text], [_raising(photo) if isinstance(photo, MnerError) else photo], **options)[0])


def _raising(error: MnerError) -> Callable[[], bytes]:
    def read() -> bytes:
        raise error

    return read


def annotate_carefully(annotator: Annotator, texts: Sequence[str], photos: Sequence[Optional[Callable[[], bytes]]],
                       options: dict[str, Any]) -> list[Result | Failure]:
    context = multiprocessing.get_context("spawn")
    answers: list[Result | Failure] = []
    child: Optional[tuple[Any, Connection]] = None
    for text, photo in zip(texts, photos):
        try:
            content: Any = None if photo is None else photo()
        except MnerError as error:  # what becomes of it is not decided here
            content = error
        except Exception as error:
            answers.append(Failure.of(error))
            continue
        if child is None:
            own, other = context.Pipe()
            process = context.Process(target=_serve, args=(other, pickling.dumps(type(annotator)), str(annotator.folder.path)), daemon=True)
            process.start()
            other.close()
            child = (process, own)
        process, pipe = child
        try:
            pipe.send((text, content, options))
            if not pipe.poll(PATIENCE):
                raise EOFError
            answers.append(pipe.recv())
        except (EOFError, OSError):
            process.kill()
            process.join()
            pipe.close()
            child = None
            answers.append(Failure("worker-failed", "The process that read this row ended, again and again. Try it alone."))
    if child is not None:
        child[1].close()
        child[0].join(10)
    return answers
