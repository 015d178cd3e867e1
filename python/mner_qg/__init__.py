"""mner-qg for Python: the shipped models, run by onnxruntime. `Annotator` is all that most programs need."""
from .annotator import Annotator
from .boxes import Region
from .errors import MnerError
from .results import Entity, Failure, QueryResult, Result
from .windows import Query

__all__ = ["Annotator", "Entity", "Failure", "MnerError", "Query", "QueryResult", "Region", "Result"]
