"""Search strategies, as ask-and-tell. Nothing here steps an environment or sees a network."""

from rlnas.search.driver import Runner, drive
from rlnas.search.registry import STRATEGIES, make_strategy, settings_class
from rlnas.search.spos import SPOS, SPOSSettings
from rlnas.search.strategy import Evaluate, Fit, Outcome, Proposal, Ranked, Strategy, Train

__all__ = [
    "SPOS",
    "STRATEGIES",
    "Evaluate",
    "Fit",
    "Outcome",
    "Proposal",
    "Ranked",
    "Runner",
    "SPOSSettings",
    "Strategy",
    "Train",
    "drive",
    "make_strategy",
    "settings_class",
]
