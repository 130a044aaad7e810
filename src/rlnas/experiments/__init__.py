"""rlnas in one call each: search, train, build a table, reproduce the paper, go on with a run, evaluate, play."""

from rlnas.experiments.playing import Film, play
from rlnas.experiments.reproducing import reproduce, run_reproductions
from rlnas.experiments.results import ReproductionResult, SearchResult, TrainingResult
from rlnas.experiments.runs import Evaluation, evaluate, resume
from rlnas.experiments.searching import run_search, search
from rlnas.experiments.tables import (
    Terms,
    build_table,
    collect_table,
    compare,
    compare_tables,
    measure_table,
    run_table,
    stored_searches,
)
from rlnas.experiments.training import run_training, train

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
