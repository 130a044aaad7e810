"""When checkpoints are due, at which environments restart, and what is said of games."""

from __future__ import annotations

import pytest

from rlnas.trials.checkpoint_schedule import Interval, remark_on_games


def test_a_checkpoint_waits_for_a_game_to_end_but_not_for_ever() -> None:
    interval = Interval(5, 20, 7)
    assert next(n for n in range(20, 80) if interval.due(n, 8)) == 25
    assert next(n for n in range(20, 80) if interval.due(n, 7)) == 70
    assert not interval.restart(33, 8)
    assert next(n for n in range(33, 99) if interval.due(n, 8)) == 83
    assert not interval.restart(40, 8)  # an evaluation's: it did not wait
    assert interval.restart(90, 8)
    assert not interval.restart(95, 9)


@pytest.mark.parametrize(
    ("games", "restarts", "kinds"),
    [(0, 0, {"games"}), (0, 2, {"games", "restarts"}), (5, 0, set()), (100, 0, set()), (101, 0, {"resets"})],
)
def test_what_is_said_of_games(games: int, restarts: int, kinds: set[str]) -> None:
    assert set(remark_on_games(1000, 8, games, restarts)) == kinds
