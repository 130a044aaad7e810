"""Estimates with 95% intervals: means, differences of means, and which of two samples is better.

Bootstrap intervals are percentile intervals (Efron and Tibshirani, 1993, chapter 13). Resamples that leave a number
undefined, such as the correlation of equal scores, are counted and not replaced.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np
from scipy.special import ndtri, stdtrit

from rlnas import seeding

LEVEL = 0.95  # of all intervals
RESAMPLES = 2_000


@dataclass(frozen=True)
class Estimate:
    """A number and its 95% interval."""

    value: float | None  # the number; `None` where it is undefined
    low: float | None = None  # lower end of the interval; `None` where there is none
    high: float | None = None  # upper end
    undefined: float = 0.0  # share of the resamples that left it undefined; above 5% there is no interval


def interquartile_mean(values: np.ndarray) -> float:
    """The mean without the lowest and the highest quarter of the values, each rounded down to whole values.

    Agarwal et al. (2021), "Deep reinforcement learning at the edge of the statistical precipice", section 4.3.

    >>> interquartile_mean(np.array([0.0, 1.0, 3.0, 100.0]))
    2.0
    """
    cut = values.size // 4
    return float(np.sort(values)[cut : values.size - cut].mean())


def interquartile_mean_estimate(values: np.ndarray, *, seed: int, resamples: int = RESAMPLES) -> Estimate:
    """The interquartile mean of `(n,)` values with a bootstrap interval; without an interval below three values.

    With a handful of values the interval is too narrow: the bootstrap knows no other values than these.
    """
    ordered, cut = np.sort(values), values.size // 4
    if values.size < 3:
        return Estimate(interquartile_mean(values))
    counts = resample_counts(values.size, seed, resamples)[1:].astype(np.intp)
    rows = np.repeat(np.tile(ordered, resamples), counts.ravel()).reshape(resamples, -1)  # each row stays in order
    return percentile_estimate(interquartile_mean(values), rows[:, cut : values.size - cut].mean(1))


def mean_difference(first: np.ndarray, second: np.ndarray) -> Estimate:
    """The mean of the first sample less that of the second, with the interval of Welch.

    Welch (1947), "The generalization of 'Student's' problem when several different population variances are involved":
    the samples are unpaired and roughly normal. No interval where a sample has one value or neither varies.
    """
    value = float(first.mean() - second.mean())
    if min(first.size, second.size) < 2:
        return Estimate(value)
    one, other = first.var(ddof=1) / first.size, second.var(ddof=1) / second.size
    if one + other == 0:
        return Estimate(value)
    freedom = (one + other) ** 2 / (one**2 / (first.size - 1) + other**2 / (second.size - 1))
    return _student(value, float(sqrt(one + other)), float(freedom))


def cross_validated_mean(values: np.ndarray) -> Estimate:
    """The mean of the `(n,)` scores of a leave-one-out cross-validation, with an interval.

    The scores depend on each other, since the choices behind them share most of their data. Nadeau and Bengio (2003),
    "Inference for the generalization error", section 5, therefore put 1 / n + 1 / (n - 1) in the place of 1 / n in
    Student's interval. No interval for one value, or where the values do not vary.

    >>> cross_validated_mean(np.array([3.0])).value
    3.0
    """
    value, count = float(values.mean()), values.size
    if count < 2 or np.ptp(values) == 0:
        return Estimate(value)
    return _student(value, float(values.std(ddof=1)) * sqrt(1 / count + 1 / (count - 1)), count - 1.0)


def _student(value: float, error: float, freedom: float) -> Estimate:
    """Student's interval of a number with a standard error and degrees of freedom."""
    margin = float(stdtrit(freedom, (1 + LEVEL) / 2)) * error
    return Estimate(value, value - margin, value + margin)


def probability_better(first: np.ndarray, second: np.ndarray) -> Estimate:
    """The probability that one value of the first sample is above one of the second; a tie counts half.

    The Mann-Whitney statistic over the number of pairs, which Agarwal et al. (2021) call probability of improvement.
    The interval is method 5 of Newcombe (2006), "Confidence intervals for an effect size measure based on the
    Mann-Whitney statistic, part 2", *Statistics in Medicine* 25: the values t with (t - estimate)^2 <= z^2 V(t), where
    V(t) = t (1 - t) (1 + ((m + n) / 2 - 1) ((1 - t) / (2 - t) + t / (1 + t))) / (m n) after Hanley and McNeil (1982).
    Unlike a bootstrap interval it has a width also where all of a handful of values are better.

    >>> probability_better(np.array([1.0, 3.0]), np.array([1.0, 2.0])).value
    0.625
    """
    m, n, ordered = first.size, second.size, np.sort(second)
    not_above = np.searchsorted(ordered, first, "left") + np.searchsorted(ordered, first, "right")
    value, z = float(not_above.sum() / (2 * m * n)), float(ndtri((1 + LEVEL) / 2))

    def end(outside: float) -> float:
        """The end of the interval between the estimate, which is inside, and 0 or 1; by bisection."""
        inside = value
        for _ in range(60):
            t = (inside + outside) / 2
            spread = 1 + ((m + n) / 2 - 1) * ((1 - t) / (2 - t) + t / (1 + t))
            if abs(t - value) <= z * sqrt(t * (1 - t) * spread / (m * n)):
                inside = t
            else:
                outside = t
        return inside

    return Estimate(value, end(0.0), end(1.0))


@lru_cache(maxsize=4)
def resample_counts(size: int, seed: int, resamples: int) -> np.ndarray:
    """How often each of `size` things is in a sample: first the sample itself, then each resample."""
    random = seeding.generator(seed, "bootstrap").multinomial(size, np.full(size, 1 / size), resamples)
    counts = np.vstack([np.ones((1, size)), random])
    counts.flags.writeable = False
    return counts


def percentile_estimate(value: float, resampled: np.ndarray) -> Estimate:
    """The percentile interval of the resamples that define the number."""
    known = resampled[~np.isnan(resampled)]
    undefined = 1 - known.size / resampled.size
    if np.isnan(value):
        return Estimate(None, undefined=undefined)
    if undefined > 1 - LEVEL:
        return Estimate(float(value), undefined=undefined)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(value), float(low), float(high), undefined)
