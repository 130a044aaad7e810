import pytest

from rlnas.trials.metrics import METRICS, learning_curve, scores_at, scores_of, total_reward


def reward_mean(returns: list[float]) -> float | None:
    return scores_of(range(len(returns)), returns, 1000)["reward_mean"]


def test_total_reward_is_the_mean_of_the_last_hundred() -> None:
    assert total_reward([1000.0] * 50 + [float(i) for i in range(100)]) == 49.5
    assert total_reward([2.0, 4.0]) == 3.0
    assert total_reward([]) is None


def test_reward_mean_averages_the_running_means() -> None:
    scores = [float(i % 17) for i in range(250)]
    naive = [sum(scores[: n + 1]) / (n + 1) for n in range(150, 250)]
    assert reward_mean(scores) == pytest.approx(sum(naive) / 100)
    assert reward_mean([2.0, 4.0]) == pytest.approx((2.0 + 3.0) / 2)
    assert reward_mean([]) is None


def test_reward_mean_prefers_learning_early() -> None:
    early, late = [0.0] * 50 + [10.0] * 250, [0.0] * 200 + [10.0] * 100
    assert total_reward(early) == total_reward(late)
    assert reward_mean(early) > reward_mean(late)  # type: ignore[operator]


def test_learning_curve_is_the_total_reward_at_earlier_steps() -> None:
    steps, scores = [10 * (i + 1) for i in range(300)], [float(i % 23) for i in range(300)]
    at, curve = learning_curve(steps, scores, points=40)
    assert at[0] == 10
    assert at[-1] == 3000
    assert len(at) <= 40
    for step, mean in zip(at, curve, strict=True):
        assert mean == pytest.approx(total_reward(scores[: step // 10]))
    assert learning_curve([], []) == ([], [])


def test_scores_at_budgets_are_those_of_the_games_that_had_ended() -> None:
    ends, returns, budgets = [10, 20, 20, 35, 60, 104], [1.0, 5.0, 2.0, 0.0, 3.0, 7.0], [5, 20, 50, 100]
    found = scores_at(ends, returns, budgets)
    assert found["total_reward"] == [None, *(total_reward(returns[:n]) for n in (3, 4, 6))]
    assert found["reward_mean"] == [None, *(reward_mean(returns[:n]) for n in (3, 4, 6))]
    assert scores_of([], [], 100) == dict.fromkeys(METRICS)
