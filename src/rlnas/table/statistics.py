"""Numbers with their intervals, as plain functions of arrays: means, differences, and which of two samples is better.

Bootstrap intervals are percentile intervals (Efron and Tibshirani, 1993, chapter 13): they say how far a number depends
on which things the sample happens to hold. What resampling leaves undefined, such as the correlation of scores that are
all equal, is counted and never replaced.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np

from rlnas import seeding

LEVEL = 0.95
"""Of every interval."""
RESAMPLES = 2_000


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
    drawn = resample_counts(values.size, seed, resamples)[1:].astype(np.intp)
    rows = np.repeat(np.tile(ordered, resamples), drawn.ravel()).reshape(resamples, -1)  # each row stays in order
    return percentile_estimate(interquartile_mean(values), rows[:, cut : values.size - cut].mean(1))


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


def cross_validated_mean(values: np.ndarray) -> Estimate:
    """The mean of what leave-one-out cross-validation gives, with an interval.

    Each value was measured on one part of the data, with a choice that the other parts made. Parts share most of what
    their choices are made from, so the values hang together, and their variance alone would give too narrow an
    interval. Nadeau and Bengio (2003), "Inference for the generalization error", section 5, put 1 / n + 1 / (n - 1) in
    the place of 1 / n in Student's interval.

    Args:
        values: `(n,)`, at least one.

    Returns:
        The estimate; without an interval where there is one value, or where they do not vary.

    Example:
        >>> cross_validated_mean(np.array([3.0])).value
        3.0
    """
    value, count = float(values.mean()), values.size
    if count < 2 or np.ptp(values) == 0:
        return Estimate(value)
    margin = _student_quantile(count - 1.0) * float(values.std(ddof=1)) * sqrt(1 / count + 1 / (count - 1))
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
def resample_counts(size: int, seed: int, resamples: int) -> np.ndarray:
    """How often each of `size` things is drawn: first the sample itself, then each resample."""
    drawn = seeding.generator(seed, "bootstrap").multinomial(size, np.full(size, 1 / size), resamples)
    counts = np.vstack([np.ones((1, size)), drawn])
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
