"""From a caller's arguments to checked settings. What can be refused is refused here, before anything is written."""

from rlnas.prepare.arguments import (
    checked,
    folder_name,
    named_module,
    processors,
    resolve_device,
)
from rlnas.prepare.reproducing import (
    COMPARISON,
    OVERVIEW,
    Reproduction,
    prepare_reproductions,
)
from rlnas.prepare.runs import read_run_settings
from rlnas.prepare.searching import foreseen_doubts, prepare_search
from rlnas.prepare.strategies import check_strategy_options, share_options, strategy_names
from rlnas.prepare.tables import prepare_table
from rlnas.prepare.training import prepare_training

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
