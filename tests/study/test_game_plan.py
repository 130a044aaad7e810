"""How many games rank architectures, and how long they may be."""

from __future__ import annotations

import pytest

from rlnas.spaces import load_space
from rlnas.strategies import Evaluate
from rlnas.study.game_plan import FACTOR, LEAST, LEAST_BLIND, plan_games

PATHS = tuple(load_space("minatar-1"))[:1]


@pytest.mark.parametrize(
    ("total", "steps", "lengths", "limit", "games", "longest"),
    [
        (54, 50_000, [20] * 300, 500, 24, 500),  # CartPole
        (54, 50_000, [1000], 1000, 24, 1000),  # MuJoCo
        (54, 50_000, [1600], 1600, 24, 1600),  # BipedalWalker
        (25, 10_000_000, [3000] * 9, 27_000, 24, 27_000),  # Atari
        (54, 2_000, [], None, 24, LEAST_BLIND // 54 // 24),  # endless
        (54, 2_000, [], 30_000, 1, 30_000),  # long, and it says so
        (54, 200_000, [20_000] * 8, None, 1, LEAST // 54),  # long, and seen
        (54, 10_000_000, [20_000] * 8, None, 23, 80_515),
        (1_000_000, 2_000, [50], None, 1, 2),  # bounded whatever it is
    ],
)
def test_the_games_fit_the_bound(
    total: int, steps: int, lengths: list[int], limit: int | None, games: int, longest: int
) -> None:
    plan = plan_games(Evaluate(PATHS, 24, 0, total), steps, lengths, limit)
    assert (plan.games, plan.longest) == (games, longest)
    assert total * plan.games * plan.longest <= plan.bound <= max(FACTOR * steps, LEAST)
    assert plan.foreseen <= plan.bound


def test_the_cost_is_foreseen_from_the_latest_games_of_the_fit() -> None:
    lengths = [10_000] * 50 + [30] * 100
    assert plan_games(Evaluate(PATHS, 24, 0, 54), 50_000, lengths, None).foreseen == 54 * 24 * 30
