import numpy as np
import pytest

from rlnas.stats.selection import held_out_scores, rank, regret


def test_rank_and_regret():
    values = np.array([1.0, 4.0, 4.0, 2.0])
    assert [rank(values, n) for n in range(4)] == [4, 1, 1, 3]
    assert [regret(values, n) for n in range(4)] == [3.0, 0.0, 0.0, 2.0]


def test_held_out_scores_by_hand():
    # Without the first seed the second architecture is best (8), without the second the first (9), without the third
    # the first (5 against 3); these score 0, 1 and 9 with the seed that was left out.
    assert held_out_scores(np.array([[9.0, 1.0, 9.0], [0.0, 6.0, 10.0]])).tolist() == [0.0, 1.0, 9.0]


def test_held_out_scores_is_leave_one_out():
    scores = np.random.default_rng(3).normal(size=(7, 5))
    expected = []
    for seed in range(5):
        others = np.delete(scores, seed, axis=1).mean(1)
        expected.append(scores[others.argmax(), seed])
    assert held_out_scores(scores) == pytest.approx(expected)


def test_luck_is_not_held_to_be_merit():
    rng = np.random.default_rng(1)
    draws = [rng.normal(size=(20, 4)) for _ in range(2_000)]
    held_out = np.array([held_out_scores(scores).mean() for scores in draws])
    error = held_out.std() / 2_000**0.5
    assert held_out.mean() == pytest.approx(0.0, abs=4 * error)
    assert np.mean([scores.mean(1).max() for scores in draws]) > 0.8  # what the same seeds would say


def test_what_no_luck_is_in_keeps_its_score():
    assert held_out_scores(np.array([[1.0, 1.0], [3.0, 3.0]])).tolist() == [3.0, 3.0]


def test_one_seed_leaves_none_to_score_with():
    assert held_out_scores(np.array([[1.0], [2.0]])).size == 0
