"""Statistics of tables and of searches, as plain functions of arrays.

Bootstrap intervals are percentile intervals (Efron and Tibshirani, 1993, chapter 13) over architectures: they say how
far a number depends on which architectures the space happens to hold. What resampling leaves undefined, such as the
correlation of scores that are all equal, is counted and never replaced.

A resample is kept as the number of times that each architecture was drawn. Every statistic here is a sum over
architectures, or pairs of them, weighted by these numbers, so that thousands of resamples take a few matrix products.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb, sqrt
from typing import Literal

import numpy as np

from rlnas import seeding

LEVEL = 0.95
"""Of every interval."""
RESAMPLES = 2_000
SPLITS = 200

Correlation = Literal["kendall", "spearman"]
CORRELATIONS: tuple[Correlation, ...] = ("kendall", "spearman")


@dataclass(frozen=True)
class Estimate:
    """A number and its 95% interval.

    Attributes:
        value: the number; `None` where it is undefined.
        low: lower end of the interval; `None` where there is none.
        high: upper end.
        undefined: share of the resamples that left it undefined; where that is more than the 5% that the interval may
            miss, there is no interval.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    undefined: float = 0.0


@dataclass(frozen=True)
class VarianceComponents:
    """Where the variance of a table's scores comes from.

    Attributes:
        architecture: estimated variance between architectures; negative where they differ by less than seeds explain.
        seed: variance between the seeds of one architecture.
        icc: ICC(1), the share of the variance of a single training that the architecture explains; it may be negative.
        reliability: ICC(1, k), the same share for the mean over all the seeds of the table.
    """

    architecture: float
    seed: float
    icc: Estimate
    reliability: float | None


@dataclass(frozen=True)
class Agreement:
    """How well a table agrees with itself under other seeds.

    Attributes:
        mean: the mean correlation over the splits.
        lowest: the lowest of them.
        highest: the highest.
        splits: how many pairs of sets of seeds were compared.
        seeds: seeds in each set.
    """

    mean: float
    lowest: float
    highest: float
    splits: int
    seeds: int


def variance_components(scores: np.ndarray, *, seed: int, resamples: int = RESAMPLES) -> VarianceComponents | None:
    """One-way random-effects analysis of variance, and the intraclass correlations ICC(1) and ICC(1, k).

    Trainings of two architectures with the same seed are taken as unrelated: their weights and games differ. Shrout
    and Fleiss (1979), "Intraclass correlations: uses in assessing rater reliability", case 1: with the mean squares B
    between and W within architectures, and k seeds, ICC(1) = (B - W) / (B + (k - 1) W) and ICC(1, k) = (B - W) / B.

    Args:
        scores: `(architectures, seeds)`.
        seed: root of the resampling's random stream.
        resamples: resamples of the architectures for the interval.

    Returns:
        The components; `None` with fewer than two seeds or two architectures, where nothing can be told apart.
    """
    count, seeds = scores.shape
    if count < 2 or seeds < 2:
        return None
    drawn = _counts(count, seed, resamples)
    means, within = scores.mean(1), scores.var(1, ddof=1)
    size = float(count)
    centres = (drawn @ means / size)[:, None]
    between = seeds * (drawn * (means - centres) ** 2).sum(1) / (size - 1)
    inner = drawn @ within / size
    if np.ptp(scores) == 0:  # rounding of the means must not look like variance
        between, inner = np.zeros_like(between), np.zeros_like(inner)
    with np.errstate(divide="ignore", invalid="ignore"):
        icc = (between - inner) / (between + (seeds - 1) * inner)
    b, w = float(between[0]), float(inner[0])
    return VarianceComponents((b - w) / seeds, w, _estimate(icc[0], icc[1:]), (b - w) / b if b else None)


def correlation(
    first: np.ndarray, second: np.ndarray, kind: Correlation, *, seed: int, resamples: int = RESAMPLES
) -> Estimate:
    """The rank correlation of two scores of the same architectures.

    `"kendall"` is tau-b (Kendall, 1945, "The treatment of ties in ranking problems"), `"spearman"` is Pearson's
    correlation of mid-ranks (Spearman, 1904).

    Args:
        first: `(architectures,)`.
        second: `(architectures,)`.
        kind: which correlation.
        seed: root of the resampling's random stream.
        resamples: resamples of the architectures for the interval.

    Example:
        >>> correlation(np.array([1.0, 2, 3]), np.array([1.0, 3, 2]), "kendall", seed=0).value
        0.3333333333333333
    """
    return mean_correlation(first[None], second, kind, seed=seed, resamples=resamples)


def mean_correlation(
    proxies: np.ndarray, truth: np.ndarray, kind: Correlation, *, seed: int, resamples: int = RESAMPLES
) -> Estimate:
    """The mean over searches of the correlation of their proxies with the truth.

    All searches meet the same resamples of architectures. The interval says nothing of other search seeds. A search
    whose own correlation is undefined, since all its proxies are equal, is left out of the mean.

    Args:
        proxies: `(searches, architectures)`, NaN where a search did not rank an architecture.
        truth: `(architectures,)`.
        kind: as in `correlation`.
        seed: root of the resampling's random stream.
        resamples: resamples of the architectures for the interval.
    """
    drawn = _counts(truth.size, seed, resamples)
    found = []
    for proxy in proxies:
        known = ~np.isnan(proxy)
        values = _MEASURES[kind](proxy[known], truth[known], drawn[:, known])
        if not np.isnan(values[0]):
            found.append(values)
    if not found:
        return Estimate(None)
    means = np.mean(found, axis=0)
    return _estimate(means[0], means[1:])


def seed_agreement(
    scores: np.ndarray, size: int, kind: Correlation, *, seed: int, limit: int = SPLITS
) -> Agreement | None:
    """The seed-to-seed ceiling: the correlation of a table with itself under other seeds.

    The architectures' means over one set of seeds are compared with those over another set of the same size that
    shares no seed with it, for all such pairs of sets, or for `limit` pairs drawn at random where there are more. It is
    the split-half reliability (Spearman, 1910; Brown, 1910) without their correction, as a rank correlation.

    Args:
        scores: `(architectures, seeds)`.
        size: seeds in each set; 1 compares single seeds, half of them all compares halves.
        kind: as in `correlation`.
        seed: root of the stream that draws pairs.
        limit: pairs at most.

    Returns:
        The agreement; `None` where there are too few seeds, or no pair has a correlation.
    """
    count, seeds = scores.shape
    if size < 1 or 2 * size > seeds:
        return None
    whole = np.ones((1, count))
    values = [
        float(_MEASURES[kind](scores[:, one].mean(1), scores[:, other].mean(1), whole)[0])
        for one, other in _pairs_of_sets(seeds, size, limit, seeding.generator(seed, "splits"))
    ]
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return None
    return Agreement(statistics.fmean(known), min(known), max(known), len(known), size)


def _pairs_of_sets(
    seeds: int, size: int, limit: int, rng: np.random.Generator
) -> Iterator[tuple[list[int], list[int]]]:
    """Pairs of disjoint sets; of all of them each once, in either order."""
    if comb(seeds, size) * comb(seeds - size, size) // 2 > limit:
        for _ in range(limit):
            order = rng.permutation(seeds).tolist()
            yield order[:size], order[size : 2 * size]
        return
    for first in combinations(range(seeds), size):
        # The second set begins after the first, so that no pair comes twice.
        rest = [n for n in range(first[0] + 1, seeds) if n not in first]
        for second in combinations(rest, size):
            yield list(first), list(second)


def rank(values: np.ndarray, index: int) -> int:
    """The rank of one of the values, 1 for the highest; equal values share the better rank.

    Example:
        >>> [rank(np.array([5.0, 7.0, 5.0]), n) for n in range(3)]
        [2, 1, 2]
    """
    return 1 + int((values > values[index]).sum())


def regret(values: np.ndarray, index: int) -> float:
    """How far one of the values is below the highest.

    Example:
        >>> regret(np.array([5.0, 7.0]), 0)
        2.0
    """
    return float(values.max() - values[index])


def interquartile_mean(values: np.ndarray) -> float:
    """The mean without the lowest and the highest quarter of the values, each rounded down to whole values.

    Agarwal et al. (2021), "Deep reinforcement learning at the edge of the statistical precipice", section 4.3.

    Example:
        >>> interquartile_mean(np.array([0.0, 1.0, 3.0, 100.0]))
        2.0
    """
    cut = values.size // 4
    return float(np.sort(values)[cut : values.size - cut].mean())


def interquartile_mean_estimate(values: np.ndarray, *, seed: int, resamples: int = RESAMPLES) -> Estimate:
    """The interquartile mean with a bootstrap interval over the values.

    Agarwal et al. (2021) resample the runs within each task, as strata; one sample is one task. With a handful of
    values such an interval is too narrow: the bootstrap knows no others than these.

    Args:
        values: `(n,)`.
        seed: root of the resampling's random stream.
        resamples: resamples of the values for the interval.

    Returns:
        The estimate; without an interval where there are fewer than three values.
    """
    ordered, cut = np.sort(values), values.size // 4
    if values.size < 3:
        return Estimate(interquartile_mean(values))
    drawn = _counts(values.size, seed, resamples)[1:].astype(np.intp)
    rows = np.repeat(np.tile(ordered, resamples), drawn.ravel()).reshape(resamples, -1)  # each row stays in order
    return _estimate(interquartile_mean(values), rows[:, cut : values.size - cut].mean(1))


def mean_difference(first: np.ndarray, second: np.ndarray) -> Estimate:
    """The difference of two means, with the interval of Welch.

    Welch (1947), "The generalization of 'Student's' problem when several different population variances are involved".
    It takes the samples as unpaired and roughly normal. With few values it is wide, as it must be.

    Args:
        first: `(m,)`.
        second: `(n,)`.

    Returns:
        The mean of the first less that of the second; without an interval where a sample has one value, or where
        neither varies.
    """
    value = float(first.mean() - second.mean())
    if min(first.size, second.size) < 2:
        return Estimate(value)
    one, other = first.var(ddof=1) / first.size, second.var(ddof=1) / second.size
    if one + other == 0:
        return Estimate(value)
    freedom = (one + other) ** 2 / (one**2 / (first.size - 1) + other**2 / (second.size - 1))
    margin = _student_quantile(float(freedom)) * sqrt(one + other)
    return Estimate(value, value - margin, value + margin)


def _student_quantile(freedom: float) -> float:
    """The value that Student's t exceeds on either side with the probability that an interval may miss."""
    # With t = sqrt(freedom) tan(angle), the density of the angle is cos(angle) ** (freedom - 1), up to a factor.
    angles = np.linspace(0, np.pi / 2, 100_001)
    density = np.cos(angles).clip(0) ** (freedom - 1)
    mass = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return sqrt(freedom) * float(np.tan(np.interp(LEVEL, mass / mass[-1], angles)))


def probability_better(first: np.ndarray, second: np.ndarray) -> Estimate:
    """The probability that one value of the first sample is above one of the second; a tie counts half.

    It is the Mann-Whitney statistic over the number of pairs, called probability of improvement by Agarwal et al.
    (2021). The interval is method 5 of Newcombe (2006), "Confidence intervals for an effect size measure based on the
    Mann-Whitney statistic, part 2", *Statistics in Medicine* 25: the values t with (t - estimate)^2 <= z^2 V(t), where
    V(t) = t (1 - t) (1 + ((m + n) / 2 - 1) ((1 - t) / (2 - t) + t / (1 + t))) / (m n) after Hanley and McNeil (1982).
    Unlike a bootstrap it has a width also where all of a handful of values are better.

    Args:
        first: `(m,)`.
        second: `(n,)`.

    Example:
        >>> probability_better(np.array([1.0, 3.0]), np.array([1.0, 2.0])).value
        0.625
    """
    ordered = np.sort(second)
    below = np.searchsorted(ordered, first, "left")
    up_to = np.searchsorted(ordered, first, "right")
    value = float((below + up_to).sum() / (2 * first.size * second.size))
    return Estimate(value, _end(value, first.size, second.size, 0.0), _end(value, first.size, second.size, 1.0))


def _end(value: float, m: int, n: int, outside: float) -> float:
    """The end of Newcombe's interval between the estimate, which is inside, and 0 or 1; by bisection."""
    z = statistics.NormalDist().inv_cdf((1 + LEVEL) / 2)
    inside = value
    for _ in range(60):
        middle = (inside + outside) / 2
        spread = 1 + ((m + n) / 2 - 1) * ((1 - middle) / (2 - middle) + middle / (1 + middle))
        deviation = sqrt(middle * (1 - middle) * spread / (m * n))
        if abs(middle - value) <= z * deviation:
            inside = middle
        else:
            outside = middle
    return inside


@lru_cache(maxsize=4)
def _counts(size: int, seed: int, resamples: int) -> np.ndarray:
    """How often each of `size` things is drawn: first the sample itself, then each resample."""
    drawn = seeding.generator(seed, "bootstrap").multinomial(size, np.full(size, 1 / size), resamples)
    counts = np.vstack([np.ones((1, size)), drawn])
    counts.flags.writeable = False
    return counts


def _estimate(value: float, resampled: np.ndarray) -> Estimate:
    """The percentile interval of the resamples that define the number."""
    known = resampled[~np.isnan(resampled)]
    undefined = 1 - known.size / resampled.size
    if np.isnan(value):
        return Estimate(None, undefined=undefined)
    if undefined > 1 - LEVEL:
        return Estimate(float(value), undefined=undefined)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(value), float(low), float(high), undefined)


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
