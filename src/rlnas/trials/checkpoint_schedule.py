"""When the next checkpoint is due: environments restart there, so it waits for a game to end."""

from bisect import bisect_right
from collections.abc import Sequence

from rlnas.quantity import plural

PATIENCE = 10
"""A checkpoint waits for a game to end until so many times the asked interval has passed."""

RESTARTED = "no game has ended since the last checkpoint, and the environments restart"
"""What is told while a run goes on, when a checkpoint has waited in vain."""


class Interval:
    """The time since the last checkpoint.

    At a checkpoint all games in progress are lost. Where games are longer than the time between checkpoints, none would
    ever end, so a checkpoint waits for the first, though not for ever. That depends on the games since the last
    checkpoint alone, so a resumed run does it in the same places.

    Args:
        every: iterations between checkpoints, as asked for.
        iteration: iterations so far.
        games: games that have ended so far.
    """

    def __init__(self, every: int, iteration: int, games: int):
        self.every, self._iteration, self._games = every, iteration, games

    def due(self, iteration: int, games: int) -> bool:
        """Whether a checkpoint is due, after so many iterations and games."""
        passed = iteration - self._iteration
        return passed >= self.every and (games > self._games or passed >= PATIENCE * self.every)

    def restart(self, iteration: int, games: int) -> bool:
        """Counts a checkpoint; whether it waited in vain for a game to end."""
        silent = games == self._games and iteration - self._iteration >= PATIENCE * self.every
        self._iteration, self._games = iteration, games
        return silent


def checkpoint_after(
    after: int, every: int, ended: Sequence[int], iteration_steps: int, last: int
) -> tuple[int, int] | None:
    """The first checkpoint of a training at or after an iteration, which follows from its games.

    Args:
        after: the iteration.
        every: iterations between checkpoints, as asked for.
        ended: environment steps on which games ended, ascending.
        iteration_steps: environment steps of an iteration.
        last: the last iteration that may count.

    Returns:
        Its iteration, and how many checkpoints had waited in vain for a game to end; `None` beyond `last`.
    """
    interval, silent = Interval(every, 0, 0), 0
    for iteration in range(1, last + 1):
        games = bisect_right(ended, iteration * iteration_steps)
        if interval.due(iteration, games):
            silent += interval.restart(iteration, games)
            if iteration >= after:
                return iteration, silent
    return None


def remark_on_games(steps: int, num_envs: int, games: int, restarts: int) -> dict[str, str]:
    """What a reader of a training's scores should know about its games, if anything, by kind.

    `restarts` are the checkpoints that waited in vain for a game to end.
    """
    found = {}
    if restarts:
        found["restarts"] = (
            f"The environments restarted at {plural(restarts, 'checkpoint')} before any game had ended, and the games "
            "in progress are lost: raise checkpoint_steps."
        )
    if not games:
        found["games"] = (
            f"No game ended in {steps:,} steps, {steps // num_envs:,} in each of {plural(num_envs, 'environment')}: "
            "give more steps or fewer environments (num_envs), or shorten the games (max_episode_steps of "
            "gymnasium.register)."
        )
    if games > steps / 10:
        found["resets"] = (
            f"{games / steps:.0%} of the steps only reset an environment whose game was over: a budget counts them, "
            "and games are short here."
        )
    return found
