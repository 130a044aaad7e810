import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from rlnas.stats.estimates import (
    Estimate,
    cross_validated_mean,
    interquartile_mean,
    interquartile_mean_estimate,
    mean_difference,
    probability_better,
)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 8, 21])
def test_interquartile_mean_agrees_with_scipy(size):
    values = np.random.default_rng(size).normal(size=size)
    assert interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25))


@pytest.mark.parametrize("size", [3, 4, 9])
def test_interquartile_mean_interval_agrees_with_scipys_bootstrap(size):
    values = np.random.default_rng(size).normal(size=size)
    found = interquartile_mean_estimate(values, seed=1, resamples=20_000)
    theirs = stats.bootstrap(
        (values,),
        lambda x, axis: stats.trim_mean(x, 0.25, axis=axis),
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert found.value == interquartile_mean(values)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.03)


def test_interquartile_mean_of_two_values_has_no_interval():
    assert interquartile_mean_estimate(np.array([1.0, 4.0]), seed=0) == Estimate(2.5)


@pytest.mark.parametrize(("m", "n"), [(2, 2), (3, 3), (2, 9), (5, 4), (40, 900)])
def test_mean_difference_is_welchs(m, n):
    rng = np.random.default_rng(m)
    first, second = rng.normal(3, 2, size=m), rng.normal(1, 0.5, size=n)
    found = mean_difference(first, second)
    theirs = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    assert found.value == pytest.approx(first.mean() - second.mean())
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), rel=1e-4)


@pytest.mark.parametrize("first", [[3.0], [3.0, 3.0]])
def test_mean_difference_without_variance_has_no_interval(first):
    assert mean_difference(np.array(first), np.array([1.0, 1.0])) == Estimate(2.0)


@pytest.mark.parametrize("size", [2, 3, 5, 50])
def test_a_cross_validated_mean_has_students_interval_made_wider(size):
    values = np.random.default_rng(size).normal(3, 2, size=size)
    found = cross_validated_mean(values)
    theirs = stats.ttest_1samp(values, 0).confidence_interval()
    assert found.value == pytest.approx(values.mean())
    wider = math.sqrt(1 + size / (size - 1))
    assert (found.high - found.low) == pytest.approx((theirs.high - theirs.low) * wider, rel=1e-4)
    assert (found.high + found.low) / 2 == pytest.approx(found.value)


def test_a_mean_of_what_does_not_vary_has_no_interval():
    assert cross_validated_mean(np.array([2.0])) == cross_validated_mean(np.array([2.0, 2.0])) == Estimate(2.0)


def test_probability_better_is_the_mann_whitney_statistic():
    rng = np.random.default_rng(0)
    first, second = rng.integers(6, size=9).astype(float), rng.integers(6, size=14).astype(float)
    found = probability_better(first, second)
    assert found.value == pytest.approx(stats.mannwhitneyu(first, second).statistic / (9 * 14))
    other = probability_better(second, first)
    assert (other.value, other.low, other.high) == pytest.approx((1 - found.value, 1 - found.high, 1 - found.low))


def test_probability_better_at_its_ends():
    found = probability_better(np.array([2.0, 3.0, 4.0]), np.zeros(1000))
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.2 < found.low < 0.8  # three values say little
    assert probability_better(np.full(40, 2.0), np.zeros(1000)).low > found.low
    assert probability_better(np.ones(3), np.ones(5)).value == 0.5


def test_probability_better_solves_its_equation():
    rng = np.random.default_rng(1)
    found = probability_better(rng.normal(0.5, size=6), rng.normal(size=11))
    z, size = NormalDist().inv_cdf(0.975), 66
    for t in (found.low, found.high):
        variance = t * (1 - t) * (1 + (17 / 2 - 1) * ((1 - t) / (2 - t) + t / (1 + t))) / size
        assert (t - found.value) ** 2 == pytest.approx(z**2 * variance)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_probability_better_covers_the_truth_with_few_searches(shift):
    rng = np.random.default_rng(2)
    truth = NormalDist().cdf(shift / math.sqrt(2))
    inside = 0
    for _ in range(300):
        found = probability_better(rng.normal(shift, size=4), rng.normal(size=500))
        inside += found.low <= truth <= found.high
    assert inside / 300 > 0.9
