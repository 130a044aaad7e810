"""One module per command: a request, what it comes to, and the function that `import rlnas` offers."""

from rlnas.experiments.comparing import CompareRequest, CompareTablesRequest, compare, compare_tables
from rlnas.experiments.playing import EvaluateRequest, Evaluation, Film, PlayRequest, evaluate, play
from rlnas.experiments.reproducing import ReproduceRequest, reproduce
from rlnas.experiments.results import ReproductionResult, SearchResult, TrainingResult
from rlnas.experiments.resuming import ExportRequest, ReportRequest, ResumeRequest, resume
from rlnas.experiments.searching import SearchRequest, search
from rlnas.experiments.tables import (
    CollectRequest,
    MeasureRequest,
    TableRequest,
    build_table,
    collect_table,
    measure_table,
)
from rlnas.experiments.training import TrainRequest, train

__all__ = [
    "CollectRequest",
    "CompareRequest",
    "CompareTablesRequest",
    "EvaluateRequest",
    "Evaluation",
    "ExportRequest",
    "Film",
    "MeasureRequest",
    "PlayRequest",
    "ReportRequest",
    "ReproduceRequest",
    "ReproductionResult",
    "ResumeRequest",
    "SearchRequest",
    "SearchResult",
    "TableRequest",
    "TrainRequest",
    "TrainingResult",
    "build_table",
    "collect_table",
    "compare",
    "compare_tables",
    "evaluate",
    "measure_table",
    "play",
    "reproduce",
    "resume",
    "search",
    "train",
]
