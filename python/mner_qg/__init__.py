"""mner-qg for Python: the shipped models, run by onnxruntime. `Annotator` is all that most programs need."""
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .annotator import Annotator
    from .boxes import Region
    from .errors import MnerError
    from .results import Entity, Failure, ImageKind, Notice, QueryResult, Result
    from .windows import Query

__all__ = ["Annotator", "Entity", "Failure", "ImageKind", "MnerError", "Notice", "Query", "QueryResult", "Region", "Result"]

_HOMES = {"Annotator": "annotator", "Region": "boxes", "MnerError": "errors", "Query": "windows",
          **{name: "results" for name in ("Entity", "Failure", "ImageKind", "Notice", "QueryResult", "Result")}}


def __getattr__(name: str) -> Any:
    """Loaded when asked for: whoever wants only the scores or the tokeniser needs no onnxruntime."""
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
