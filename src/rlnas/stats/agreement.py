"""How well a proxy, or the same scores under other seeds, agree with scores: rank correlations and ICC.

Scores are arrays `(architectures, seeds)`. `seed` is the root of the random stream that resamples. A resample is kept
as the number of times that each architecture is in it, so thousands of resamples take a few matrix products.
"""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np

from rlnas import seeding
from rlnas.stats.estimates import RESAMPLES, Estimate, percentile_estimate, resample_counts

SPLITS = 200

Correlation = Literal["kendall", "spearman"]
CORRELATIONS: tuple[Correlation, ...] = ("kendall", "spearman")


@dataclass(frozen=True)
class VarianceComponents:
    """Where the variance of scores comes from."""

    architecture: float  # estimated variance between architectures; negative where seeds explain more than all of it
    seed: float  # variance between the seeds of one architecture
    icc: Estimate  # ICC(1), the share of the variance of a single training that the architecture explains
    reliability: float | None  # ICC(1, k), the same share for the mean over all seeds


@dataclass(frozen=True)
class Agreement:
    """How well scores agree with themselves under other seeds."""

    mean: float  # the mean correlation over the splits
    lowest: float  # the lowest correlation
    highest: float  # the highest correlation
    splits: int  # how many pairs of sets of seeds were compared
    seeds: int  # seeds in the one set
    others: int  # seeds in the other set


def variance_components(scores: np.ndarray, *, seed: int, resamples: int = RESAMPLES) -> VarianceComponents | None:
    """One-way random-effects analysis of variance, with the intraclass correlations ICC(1) and ICC(1, k).

    Trainings of two architectures with the same seed count as unrelated. Shrout and Fleiss (1979), "Intraclass
    correlations: uses in assessing rater reliability", case 1: with the mean squares B between and W within
    architectures, and k seeds, ICC(1) = (B - W) / (B + (k - 1) W) and ICC(1, k) = (B - W) / B. `None` with fewer than
    two seeds or two architectures.
    """
    count, seeds = scores.shape
    if count < 2 or seeds < 2:
        return None
    counts = resample_counts(count, seed, resamples)
    means, within = scores.mean(1), scores.var(1, ddof=1)
    size = float(count)
    centres = (counts @ means / size)[:, None]
    between = seeds * (counts * (means - centres) ** 2).sum(1) / (size - 1)
    inner = counts @ within / size
    if np.ptp(scores) == 0:  # rounding of the means must not look like variance
        between, inner = np.zeros_like(between), np.zeros_like(inner)
    with np.errstate(divide="ignore", invalid="ignore"):
        icc = (between - inner) / (between + (seeds - 1) * inner)
    b, w = float(between[0]), float(inner[0])
    return VarianceComponents((b - w) / seeds, w, percentile_estimate(icc[0], icc[1:]), (b - w) / b if b else None)


def rank_test(scores: np.ndarray, *, seed: int, resamples: int = RESAMPLES) -> float | None:
    """The permutation test of Kruskal and Wallis: whether architectures differ in the ranks of their trainings.

    Kruskal and Wallis (1952), "Use of ranks in one-criterion variance analysis". A few failed trainings have less
    influence on it than on the intraclass correlation. The p-value is at least `1 / (resamples + 1)`; `None` with fewer
    than two seeds or two architectures.
    """
    if min(scores.shape) < 2:
        return None
    values = scores.ravel()
    ordered = np.sort(values)
    ranks = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")).astype(np.float64)

    def statistic(of: np.ndarray) -> float:
        return float((of.reshape(scores.shape).sum(1) ** 2).sum())

    rng = seeding.generator(seed, "permutations")
    found = statistic(ranks)
    above = sum(statistic(rng.permutation(ranks)) >= found for _ in range(resamples))
    return (1 + above) / (resamples + 1)


def correlation(
    first: np.ndarray, second: np.ndarray, kind: Correlation, *, seed: int, resamples: int = RESAMPLES
) -> Estimate:
    """The rank correlation of two scores `(architectures,)`, with a bootstrap interval over architectures.

    `"kendall"` is tau-b (Kendall, 1945, "The treatment of ties in ranking problems"), `"spearman"` is Pearson's
    correlation of mid-ranks (Spearman, 1904).

    >>> correlation(np.array([1.0, 2, 3]), np.array([1.0, 3, 2]), "kendall", seed=0).value
    0.3333333333333333
    """
    return mean_correlation(first[None], second, kind, seed=seed, resamples=resamples)


def mean_correlation(
    proxies: np.ndarray, truth: np.ndarray, kind: Correlation, *, seed: int, resamples: int = RESAMPLES
) -> Estimate:
    """The mean over searches of the correlation of their proxies with the truth.

    All searches meet the same resamples of architectures, so the interval does not cover other search seeds. A search
    whose proxies are all equal has no correlation and is left out of the mean. Proxies are `(searches, architectures)`,
    NaN where a search did not rank an architecture; the truth is `(architectures,)` or has a row for each search.
    """
    counts = resample_counts(proxies.shape[1], seed, resamples)
    found = []
    for proxy, true in zip(proxies, np.broadcast_to(truth, proxies.shape), strict=True):
        known = ~np.isnan(proxy)
        values = _MEASURES[kind](proxy[known], true[known], counts[:, known])
        if not np.isnan(values[0]):
            found.append(values)
    if not found:
        return Estimate(None)
    means = np.mean(found, axis=0)
    return percentile_estimate(means[0], means[1:])


def seed_agreement(
    scores: np.ndarray, size: int, others: int, kind: Correlation, *, seed: int, limit: int = SPLITS
) -> Agreement | None:
    """The seed-to-seed ceiling: the rank correlation of scores with themselves under other seeds.

    The means over one set of seeds are compared with the means over another set that shares no seed with it, for all
    such pairs of sets of `size` and `others` seeds, or for `limit` random pairs where there are more. `None` where
    there are too few seeds, or no pair has a correlation.
    """
    count, seeds = scores.shape
    if min(size, others) < 1 or size + others > seeds:
        return None
    whole = np.ones((1, count))
    values = [
        float(_MEASURES[kind](scores[:, one].mean(1), scores[:, other].mean(1), whole)[0])
        for one, other in _pairs_of_sets(seeds, size, others, limit, seeding.generator(seed, "splits"))
    ]
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return None
    return Agreement(statistics.fmean(known), min(known), max(known), len(known), size, others)


def _pairs_of_sets(
    seeds: int, size: int, others: int, limit: int, rng: np.random.Generator
) -> Iterator[tuple[list[int], list[int]]]:
    """Pairs of disjoint sets; of all of them each once and, where both are of one size, in either order."""
    alike = size == others
    if comb(seeds, size) * comb(seeds - size, others) // (1 + alike) > limit:
        for _ in range(limit):
            order = rng.permutation(seeds).tolist()
            yield order[:size], order[size : size + others]
        return
    for first in combinations(range(seeds), size):
        # Of sets of one size the second begins after the first, so that no pair comes twice.
        rest = [n for n in range(first[0] + 1 if alike else 0, seeds) if n not in first]
        for second in combinations(rest, others):
            yield list(first), list(second)


def _kendall(first: np.ndarray, second: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Tau-b of each resample: over all pairs, (concordant - discordant) / sqrt(untied in first x untied in second)."""
    one, other = np.sign(first[:, None] - first), np.sign(second[:, None] - second)

    def over_pairs(of_pair: np.ndarray) -> np.ndarray:
        return ((counts @ of_pair) * counts).sum(1)

    with np.errstate(divide="ignore", invalid="ignore"):
        return over_pairs(one * other) / np.sqrt(over_pairs(np.abs(one)) * over_pairs(np.abs(other)))


def _spearman(first: np.ndarray, second: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Pearson's correlation of the mid-ranks that the values have in each resample."""
    middle = (counts.sum(1, keepdims=True) + 1) / 2

    def centred_ranks(values: np.ndarray) -> np.ndarray:
        before = (values[:, None] < values) + (values[:, None] == values) / 2
        return counts @ before + 0.5 - middle

    one, other = centred_ranks(first), centred_ranks(second)
    products = [(counts * a * b).sum(1) for a, b in ((one, other), (one, one), (other, other))]
    with np.errstate(divide="ignore", invalid="ignore"):
        return products[0] / np.sqrt(products[1] * products[2])


_MEASURES: dict[Correlation, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "kendall": _kendall,
    "spearman": _spearman,
}
