"""How sure a difference between two networks is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlnas.report.proxy import ROOT
from rlnas.stats.estimates import Estimate, interquartile_mean_estimate, probability_better
from rlnas.trials.results import NetworkResult

FEW = 5
"""Below so many seeds, what is said of them is rough."""


@dataclass(frozen=True)
class Margin:
    """How much better one network is than another.

    Attributes:
        gap: the difference of the mean total rewards; with an interval where both have several seeds.
        better: the probability that one training of the first scores higher than one of the second; `None` with one
            seed.
        seeds: the number of seeds of that which has fewer.
    """

    gap: Estimate
    better: Estimate | None
    seeds: int

    @property
    def sure(self) -> bool:
        """Whether the difference has an interval, and this does not hold 0."""
        low, high = self.gap.low, self.gap.high
        return low is not None and high is not None and (low > 0 or high < 0)

    @property
    def verdict(self) -> str:
        """What the interval of the difference says."""
        if self.gap.low is None or self.gap.high is None:
            return "no seed differs from another, so there is no interval"
        if self.gap.low > 0:
            return "more than chance explains"
        if self.gap.high < 0:
            return "so it is worse, by more than chance explains"
        return "it holds 0, so the difference may be chance"


def margin(first: NetworkResult, second: NetworkResult) -> Margin | None:
    """The margin of one network over another; `None` unless both have a score with every seed."""
    gap = first.lead_over(second)
    if gap is None:
        return None
    one, other = np.array(first.scores()), np.array(second.scores())
    seeds = min(one.size, other.size)
    return Margin(gap, probability_better(one, other) if seeds > 1 else None, seeds)


def interquartile(network: NetworkResult) -> Estimate | None:
    """The interquartile mean of a network's total reward over its seeds; `None` with fewer than three scores."""
    if network.score is None or len(network.scores()) < 3:
        return None
    return interquartile_mean_estimate(np.array(network.scores()), seed=ROOT)
