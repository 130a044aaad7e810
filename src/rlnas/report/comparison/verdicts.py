"""Whether a strategy is better than random search at the same cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlnas.report.comparison.contenders import Contender
from rlnas.stats.estimates import Estimate, cross_validated_mean, probability_better


@dataclass(frozen=True)
class Verdict:
    """What speaks for a strategy: its searches could have had other seeds, and so could the table.

    Attributes:
        rival: random search that trains as many architectures as the strategy's steps would pay for.
        probability: that one of its searches returns a better network than a repeat of the rival; the interval is for
            other search seeds, with this very table.
        lead: how far what it returns is above what the rival returns under training seeds that picked neither; the
            interval is for other training seeds, with these very searches. Without a value where there is one seed.
    """

    rival: Contender
    probability: Estimate
    lead: Estimate

    @property
    def sure(self) -> int:
        """1 if it is better, -1 if it is worse, by both intervals; 0 if that cannot be told."""
        for sign, ends in ((1, (self.probability.low, self.lead.low)), (-1, (self.probability.high, self.lead.high))):
            over, above = ends
            if over is not None and above is not None and sign * (over - 0.5) > 0 and sign * above > 0:
                return sign
        return 0


def verdict(contender: Contender, rival: Contender) -> Verdict:
    """Sets a strategy against random search at the same cost.

    Args:
        contender: the strategy.
        rival: random search on the same table, by the same metric.
    """
    probability = probability_better(contender.scores, rival.scores)
    others = rival.held_out.mean(0) if rival.held_out.size else np.empty(0)
    return Verdict(rival, probability, held_out_lead(contender, others))


def held_out_lead(contender: Contender, others: np.ndarray) -> Estimate:
    """How far what a strategy returns is above something else, under training seeds that did not pick it.

    Args:
        contender: the strategy.
        others: what the other scores under each training seed, `(seeds,)`.

    Returns:
        The mean over training seeds with its interval; without a value where nothing is held out.
    """
    if not contender.held_out.size or np.isnan(contender.held_out).all():
        return Estimate(None)
    return cross_validated_mean(np.nanmean(contender.held_out, axis=0) - others)
