import math

import numpy as np
import pytest
from scipy import stats

from rlnas.stats.agreement import (
    CORRELATIONS,
    correlation,
    mean_correlation,
    rank_test,
    seed_agreement,
    variance_components,
)
from rlnas.stats.estimates import Estimate

REFERENCE = {"kendall": stats.kendalltau, "spearman": stats.spearmanr}
# Shrout and Fleiss (1979), table 2: six targets, four judges; in their table 4, ICC(1,1) = .17 and ICC(1,4) = .44.
RATINGS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)


def noisy(architectures: int, seeds: int, spread: float, root: int = 0) -> np.ndarray:
    rng = np.random.default_rng(root)
    return rng.normal(size=(architectures, 1)) * spread + rng.normal(size=(architectures, seeds))


def test_icc_of_shrout_and_fleiss():
    found = variance_components(RATINGS, seed=0)
    assert round(found.icc.value, 2) == 0.17
    assert round(found.reliability, 2) == 0.44
    between = stats.f_oneway(*RATINGS).statistic  # B / W
    assert found.icc.value == pytest.approx((between - 1) / (between + 3))
    assert found.icc.low <= found.icc.value <= found.icc.high


def test_variance_components_are_found_again():
    found = variance_components(noisy(4000, 5, spread=2.0), seed=0, resamples=50)
    assert found.architecture == pytest.approx(4.0, rel=0.1)
    assert found.seed == pytest.approx(1.0, rel=0.1)
    assert found.icc.value == pytest.approx(0.8, abs=0.02)


def test_icc_interval_agrees_with_resampling_rows():
    scores = noisy(12, 4, spread=1.0)
    found = variance_components(scores, seed=0, resamples=4000).icc
    rng = np.random.default_rng(5)
    drawn = []
    for _ in range(800):
        rows = scores[rng.integers(12, size=12)]
        between, within = 4 * rows.mean(1).var(ddof=1), rows.var(1, ddof=1).mean()
        drawn.append((between - within) / (between + 3 * within))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.05)


def test_icc_where_there_is_nothing_to_tell_apart():
    assert variance_components(np.ones((5, 1)), seed=0) is None
    assert variance_components(np.ones((1, 5)), seed=0) is None
    constant = variance_components(np.full((5, 3), 0.1), seed=0)
    assert constant.icc == Estimate(None, undefined=1.0)
    assert constant.reliability is None
    equal = variance_components(np.tile([1.0, 2.0, 3.0], (6, 1)), seed=0)
    assert equal.icc.value == pytest.approx(-0.5)  # its lowest possible value, -1 / (k - 1)
    assert equal.architecture < 0


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_rank_test_agrees_with_kruskal_and_wallis(spread):
    scores = noisy(12, 5, spread).round(1)  # with ties
    found = rank_test(scores, seed=0, resamples=4000)
    assert found == pytest.approx(stats.kruskal(*scores).pvalue, abs=0.04)
    assert found == rank_test(scores, seed=0, resamples=4000)


def test_rank_test_at_its_ends():
    apart = np.arange(40.0).reshape(8, 5)
    assert rank_test(apart, seed=0, resamples=99) == 0.01
    assert rank_test(np.ones((4, 3)), seed=0, resamples=99) == 1.0
    assert rank_test(np.ones((4, 1)), seed=0) is rank_test(np.ones((1, 4)), seed=0) is None


@pytest.mark.parametrize("kind", CORRELATIONS)
@pytest.mark.parametrize("size", range(2, 12))
def test_correlations_agree_with_scipy_ties_included(kind, size):
    rng = np.random.default_rng(size)
    for _ in range(5):
        first, second = rng.integers(5, size=(2, size)).astype(float)
        value = correlation(first, second, kind, seed=0, resamples=3).value
        if np.ptp(first) == 0 or np.ptp(second) == 0:
            assert value is None
        else:
            assert value == pytest.approx(float(REFERENCE[kind](first, second).statistic), abs=1e-12)


@pytest.mark.parametrize("kind", CORRELATIONS)
def test_correlation_interval_agrees_with_scipys_bootstrap(kind):
    rng = np.random.default_rng(3)
    first = rng.normal(size=25)
    second = first + rng.normal(size=25)
    found = correlation(first, second, kind, seed=0, resamples=4000)
    other = stats.bootstrap(
        (first, second),
        lambda a, b: REFERENCE[kind](a, b).statistic,
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=600,
        rng=rng,
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=0.05)
    assert found.undefined == 0


@pytest.mark.parametrize("kind", CORRELATIONS)
def test_perfect_and_reversed_rankings(kind):
    values = np.arange(9.0)
    assert correlation(values, values**3, kind, seed=0) == Estimate(1.0, 1.0, 1.0, 0.0)
    assert correlation(values, -values, kind, seed=0) == Estimate(-1.0, -1.0, -1.0, 0.0)


def test_what_resampling_leaves_undefined_is_counted():
    truth = np.arange(10.0)
    odd = np.array([0.0] * 9 + [1.0])
    found = correlation(odd, truth, "kendall", seed=0)
    # The one that differs is not drawn in 0.9 ** 10 = 35% of the resamples, and alone never.
    assert found.undefined == pytest.approx(0.9**10, abs=0.03)
    assert (found.low, found.high) == (None, None)
    assert found.value == pytest.approx(stats.kendalltau(odd, truth).statistic)
    nearly = np.array([0.0] * 6 + [1.0] * 4)
    found = correlation(nearly, truth, "kendall", seed=0)
    assert 0 < found.undefined < 0.05
    assert found.low is not None
    assert correlation(np.zeros(10), truth, "spearman", seed=0).value is None


def test_mean_correlation_over_searches():
    truth = np.arange(8.0)
    proxies = np.array([truth, -truth, np.zeros(8), np.where(truth < 4, truth, np.nan)])
    found = mean_correlation(proxies, truth, "kendall", seed=0)
    assert found.value == pytest.approx((1 - 1 + 1) / 3)  # the constant one has no correlation
    assert mean_correlation(proxies[2:3], truth, "kendall", seed=0) == Estimate(None)
    alone = mean_correlation(proxies[:1], truth, "kendall", seed=0)
    assert alone == correlation(truth, truth, "kendall", seed=0)


def test_mean_correlation_may_meet_a_truth_of_its_own_in_each_row():
    truth = np.arange(8.0)
    proxies = np.array([truth, truth])
    assert mean_correlation(proxies, np.array([truth, -truth]), "kendall", seed=0).value == pytest.approx(0.0)
    assert mean_correlation(proxies, np.array([truth, truth]), "kendall", seed=0).value == pytest.approx(1.0)


def test_resampling_depends_on_the_seed_alone():
    first, second = noisy(10, 2, 1.0).T
    one, other = (correlation(first, second, "kendall", seed=s) for s in (1, 2))
    assert one == correlation(first, second, "kendall", seed=1)
    assert one.value == other.value
    assert (one.low, one.high) != (other.low, other.high)


def test_seed_agreement_of_single_seeds_and_of_halves():
    scores = noisy(20, 5, 1.0)
    taus = [
        stats.kendalltau(scores[:, a], scores[:, b]).statistic for a in range(5) for b in range(a)
    ]  # fmt: skip
    found = seed_agreement(scores, 1, 1, "kendall", seed=0)
    assert found.mean == pytest.approx(np.mean(taus))
    assert (found.lowest, found.highest) == pytest.approx((min(taus), max(taus)))
    assert (found.splits, found.seeds, found.others) == (10, 1, 1)
    halves = seed_agreement(scores, 2, 2, "spearman", seed=0)
    rhos = {
        (a, b): stats.spearmanr(scores[:, a].mean(1), scores[:, b].mean(1)).statistic
        for a in ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4))
        for b in ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4))
        if a < b and not set(a) & set(b)
    }
    assert halves.splits == len(rhos) == 15
    assert halves.mean == pytest.approx(np.mean(list(rhos.values())))


def test_seed_agreement_of_each_seed_with_the_mean_of_the_others():
    scores = noisy(9, 4, 1.0)
    taus = [stats.kendalltau(scores[:, s], np.delete(scores, s, 1).mean(1)).statistic for s in range(4)]
    found = seed_agreement(scores, 1, 3, "kendall", seed=0)
    assert (found.splits, found.others) == (4, 3)
    assert found.mean == pytest.approx(np.mean(taus))
    assert (found.lowest, found.highest) == pytest.approx((min(taus), max(taus)))


def test_seed_agreement_of_four_seeds_has_three_pairs_of_halves():
    assert seed_agreement(noisy(6, 4, 1.0), 2, 2, "kendall", seed=0).splits == 3


def test_seed_agreement_draws_pairs_where_there_are_many():
    scores = noisy(30, 12, 1.0)
    found = seed_agreement(scores, 6, 6, "kendall", seed=0, limit=40)
    assert found.splits == 40
    assert found == seed_agreement(scores, 6, 6, "kendall", seed=0, limit=40)
    every = seed_agreement(scores, 6, 6, "kendall", seed=0, limit=10**6)
    assert every.splits == math.comb(12, 6) // 2
    assert found.mean == pytest.approx(every.mean, abs=0.05)


def test_seed_agreement_needs_two_sets_and_differences():
    assert seed_agreement(np.ones((4, 1)), 1, 1, "kendall", seed=0) is None
    assert seed_agreement(np.ones((4, 3)), 2, 2, "kendall", seed=0) is None
    assert seed_agreement(np.ones((4, 2)), 1, 1, "kendall", seed=0) is None
    assert seed_agreement(np.ones((4, 1)), 0, 1, "kendall", seed=0) is None
