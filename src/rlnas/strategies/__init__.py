"""Search strategies, as ask-and-tell. Nothing here steps an environment or sees a network."""

from rlnas.strategies.builtin import draw_distinct
from rlnas.strategies.checks import training_seeds
from rlnas.strategies.conformance import check_strategy
from rlnas.strategies.driver import Runner, drive, ranked
from rlnas.strategies.enas import ENAS, ENASSettings
from rlnas.strategies.random import RandomSearch, RandomSearchSettings, RandomShared, RandomSharedSettings
from rlnas.strategies.registry import (
    RANDOM,
    STRATEGIES,
    check_option_names,
    make_strategy,
    settings_class,
    shares_weights,
)
from rlnas.strategies.spos import SPOS, SPOSSettings
from rlnas.strategies.strategy import Evaluate, Fit, Outcome, Proposal, Ranked, Strategy, Train
from rlnas.strategies.uniform_paths import UniformPaths, UniformPathsSettings

__all__ = [
    "ENAS",
    "RANDOM",
    "SPOS",
    "STRATEGIES",
    "ENASSettings",
    "Evaluate",
    "Fit",
    "Outcome",
    "Proposal",
    "RandomSearch",
    "RandomSearchSettings",
    "RandomShared",
    "RandomSharedSettings",
    "Ranked",
    "Runner",
    "SPOSSettings",
    "Strategy",
    "Train",
    "UniformPaths",
    "UniformPathsSettings",
    "check_option_names",
    "check_strategy",
    "draw_distinct",
    "drive",
    "make_strategy",
    "ranked",
    "settings_class",
    "shares_weights",
    "training_seeds",
]
