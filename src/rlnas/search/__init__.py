"""Search strategies, as ask-and-tell. Nothing here steps an environment or sees a network."""

from rlnas.search.conformance import check_strategy
from rlnas.search.driver import Runner, drive, ranked
from rlnas.search.enas import ENAS, ENASSettings
from rlnas.search.oneshot import OneShot, OneShotSettings
from rlnas.search.random import RandomSearch, RandomSearchSettings, RandomShared, RandomSharedSettings
from rlnas.search.registry import RANDOM, STRATEGIES, check_option_names, make_strategy, settings_class, shares_weights
from rlnas.search.spos import SPOS, SPOSSettings
from rlnas.search.strategy import Evaluate, Fit, Outcome, Proposal, Ranked, Strategy, Train

__all__ = [
    "ENAS",
    "RANDOM",
    "SPOS",
    "STRATEGIES",
    "ENASSettings",
    "Evaluate",
    "Fit",
    "OneShot",
    "OneShotSettings",
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
    "check_option_names",
    "check_strategy",
    "drive",
    "make_strategy",
    "ranked",
    "settings_class",
    "shares_weights",
]
