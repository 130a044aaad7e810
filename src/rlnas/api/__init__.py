"""rlnas in one call each: search, train, build a table, reproduce the paper, go on with a run, evaluate, play."""

from rlnas.api.playing import Film, play
from rlnas.api.reproducing import ReproductionResult, reproduce, run_reproductions
from rlnas.api.runs import Evaluation, evaluate, resume
from rlnas.api.searching import SearchResult, run_search, search
from rlnas.api.tables import (
    Terms,
    build_table,
    collect_table,
    compare,
    compare_tables,
    measure_table,
    run_table,
    stored_searches,
)
from rlnas.api.training import TrainingResult, run_training, train

__all__ = [
    "Evaluation",
    "Film",
    "ReproductionResult",
    "SearchResult",
    "Terms",
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
    "run_reproductions",
    "run_search",
    "run_table",
    "run_training",
    "search",
    "stored_searches",
    "train",
]
