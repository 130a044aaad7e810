"""From a caller's arguments to checked settings. What can be refused is refused here, before anything is written."""

from rlnas.experiments.arguments import (
    checked,
    folder_name,
    named_module,
    processors,
    resolve_device,
)
from rlnas.experiments.prepare_reproducing import (
    COMPARISON,
    OVERVIEW,
    Reproduction,
    prepare_reproductions,
)
from rlnas.experiments.prepare_runs import read_run_settings
from rlnas.experiments.prepare_searching import foreseen_doubts, prepare_search
from rlnas.experiments.prepare_tables import prepare_table
from rlnas.experiments.prepare_training import prepare_training
from rlnas.experiments.strategies import check_strategy_options, share_options, strategy_names

__all__ = [
    "COMPARISON",
    "OVERVIEW",
    "Reproduction",
    "check_strategy_options",
    "checked",
    "folder_name",
    "foreseen_doubts",
    "named_module",
    "prepare_reproductions",
    "prepare_search",
    "prepare_table",
    "prepare_training",
    "processors",
    "read_run_settings",
    "resolve_device",
    "share_options",
    "strategy_names",
]
