"""rlnas finds the neural-network architecture for a reinforcement-learning agent."""

import importlib
from types import ModuleType

from rlnas.errors import EnvironmentFault, RlnasError, UserError
from rlnas.experiments import (
    Evaluation,
    Film,
    ReproductionResult,
    SearchResult,
    TrainingResult,
    build_table,
    collect_table,
    compare,
    compare_tables,
    evaluate,
    measure_table,
    play,
    reproduce,
    resume,
    search,
    train,
)
from rlnas.spaces import Choice, Space, load_space

__version__ = "0.2.0.dev0"

__all__ = [
    "Choice",
    "Display",
    "EnvironmentFault",
    "Evaluation",
    "Film",
    "ReproductionResult",
    "RlnasError",
    "SearchResult",
    "Space",
    "TrainingResult",
    "UserError",
    "__version__",
    "build_table",
    "collect_table",
    "compare",
    "compare_tables",
    "evaluate",
    "load_space",
    "measure_table",
    "play",
    "reproduce",
    "resume",
    "search",
    "table",
    "train",
]


def __getattr__(name: str) -> ModuleType | type:
    """Loads when it is asked for what most programs do not need: `rlnas.table` takes Parquet, `rlnas.Display` rich."""
    if name == "table":
        return importlib.import_module("rlnas.table")
    if name == "Display":
        return importlib.import_module("rlnas.display").Display
    raise AttributeError(f"module 'rlnas' has no attribute {name!r}")
