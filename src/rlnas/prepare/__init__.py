"""From a caller's arguments to checked settings. What can be refused is refused here, before anything is written."""

from rlnas.prepare.arguments import Options, checked, default_threads, processors, resolve_device
from rlnas.prepare.reproducing import (
    COMPARISON,
    Reproduction,
    is_reproduction,
    prepare_reproduction,
    strategy_names,
)
from rlnas.prepare.searching import check_strategy_options, prepare_search
from rlnas.prepare.tables import prepare_table
from rlnas.prepare.training import prepare_training

__all__ = [
    "COMPARISON",
    "Options",
    "Reproduction",
    "check_strategy_options",
    "checked",
    "default_threads",
    "is_reproduction",
    "prepare_reproduction",
    "prepare_search",
    "prepare_table",
    "prepare_training",
    "processors",
    "resolve_device",
    "strategy_names",
]
