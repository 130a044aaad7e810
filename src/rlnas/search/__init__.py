"""Search strategies, as ask-and-tell. Nothing here steps an environment or sees a network."""

from rlnas.search.registry import STRATEGIES, make_strategy, settings_class
from rlnas.search.spos import SPOS, SPOSSettings
from rlnas.search.strategy import Evaluate, Fit, Outcome, Proposal, Ranked, Strategy

__all__ = [
    "SPOS",
    "STRATEGIES",
    "Evaluate",
    "Fit",
    "Outcome",
    "Proposal",
    "Ranked",
    "SPOSSettings",
    "Strategy",
    "make_strategy",
    "settings_class",
]
