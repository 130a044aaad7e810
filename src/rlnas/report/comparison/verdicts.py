"""Whether a strategy is better than random search at the same cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlnas.report.comparison.contenders import Contender
from rlnas.table.statistics import Estimate, cross_validated_mean, probability_better


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
    if not rival.held_out.size or np.isnan(contender.held_out).all():
        return Verdict(rival, probability, Estimate(None))
    lead = np.nanmean(contender.held_out, axis=0) - rival.held_out.mean(0)
    return Verdict(rival, probability, cross_validated_mean(lead))
