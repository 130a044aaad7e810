"""What a search was worth: ground truth, baselines, significance, anytime performance. Numbers, no pictures."""

from rlnas.analysis.comparison import Comparison, View, compare
from rlnas.analysis.simulation import chosen_strategies

__all__ = ["Comparison", "View", "chosen_strategies", "compare"]
