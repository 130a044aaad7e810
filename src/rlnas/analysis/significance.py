"""Whether a strategy is better than random search at the same cost."""

from dataclasses import dataclass

import numpy as np

from rlnas.analysis.outcomes import StrategyOutcome
from rlnas.stats.estimates import Estimate, cross_validated_mean, probability_better


@dataclass(frozen=True)
class Significance:
    """A strategy against a baseline: the search seeds could have been others, and so could the training seeds."""

    baseline: StrategyOutcome  # random search that trains as many architectures as the strategy's steps pay for
    # That one search returns a better network than one repeat of the baseline; the interval is for other search seeds
    # on this table.
    probability: Estimate
    # How far the strategy is above the baseline under training seeds that selected neither; the interval is for other
    # training seeds with these searches. Without a value for a table of one seed.
    lead: Estimate

    @property
    def direction(self) -> int:
        """1 if the strategy is better by both intervals, -1 if it is worse by both, else 0."""
        probability, lead = self.probability, self.lead
        for sign, chance, gap in ((1, probability.low, lead.low), (-1, probability.high, lead.high)):
            if chance is not None and gap is not None and sign * (chance - 0.5) > 0 and sign * gap > 0:
                return sign
        return 0


def significance(strategy: StrategyOutcome, baseline: StrategyOutcome) -> Significance:
    """Compares a strategy with a baseline on the same table, by the same metric."""
    others = baseline.held_out.mean(0) if baseline.held_out.size else np.empty(0)
    return Significance(baseline, probability_better(strategy.scores, baseline.scores), held_out_lead(strategy, others))


def held_out_lead(strategy: StrategyOutcome, others: np.ndarray) -> Estimate:
    """How far a strategy is above `(seeds,)` other scores, under training seeds that did not select.

    The mean over training seeds with its interval; without a value where nothing is held out.
    """
    if not strategy.held_out.size or np.isnan(strategy.held_out).all():
        return Estimate(None)
    return cross_validated_mean(np.nanmean(strategy.held_out, axis=0) - others)
