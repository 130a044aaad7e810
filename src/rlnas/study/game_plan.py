"""How many games rank architectures, and how long they may be: what a ranking costs is bounded by its fit."""

from collections.abc import Sequence
from dataclasses import dataclass

from rlnas.algorithms.play import LONGEST_GAME
from rlnas.strategies import Evaluate
from rlnas.trials.metrics import WINDOW

FACTOR = 10  # a ranking may take so many times the steps of the fit
LEAST = 2_500_000  # and so many steps whatever the fit takes: 24 games of 1,900 steps for each of 54 architectures
LEAST_BLIND = 250_000  # the same where nothing is known of how long games are: those that are cut say little
SPREAD = 4  # a game may be so many times as long as the games of the fit were on average, where that is foreseen


@dataclass(frozen=True)
class GamePlan:
    """The games of a ranking."""

    games: int  # full games of each architecture
    longest: int  # steps after which a game is cut
    bound: int  # environment steps that the whole ranking may take
    foreseen: int  # environment steps that it will take, by the games that the fit has seen; at most the bound


def plan_games(proposal: Evaluate, fit_steps: int, lengths: Sequence[int], limit: int | None) -> GamePlan:
    """The games that an evaluation's share of the bound pays for: as many as asked for, or fewer, or shorter ones.

    Fewer full games rank better than parts of many, so games are cut only where one that is left might still be longer.

    Args:
        proposal: of the strategy.
        fit_steps: environment steps of the fit.
        lengths: of the games that ended in the fit so far.
        limit: steps after which the environment itself ends a game; `None` where it does not say.
    """
    games, most, recent = proposal.episodes, limit or LONGEST_GAME, lengths[-WINDOW:]
    usual = sum(recent) / len(recent) if recent else limit
    bound = max(FACTOR * fit_steps, LEAST_BLIND if usual is None else LEAST)
    if usual is not None:
        games = max(1, min(games, int(bound // (proposal.total * min(SPREAD * usual, most)))))
    longest = max(1, min(bound // (proposal.total * games), most))
    return GamePlan(games, longest, bound, round(proposal.total * games * min(usual or longest, longest)))
