"""Whether the games that rank architectures would rank them alike again, or chance did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LITTLE = 0.7
"""A reliability below this is worth a remark."""

NONE = 0.05
"""A reliability below this is as good as none: no number of games that anybody plays would help."""

WANTED = 0.8
"""A reliability that more games are to reach."""


def reliability(returns: np.ndarray) -> float | None:
    """ICC(1, k) of mean returns: how they would correlate with those of as many other games.

    With the mean squares B between and W within architectures it is (B - W) / B (Shrout and Fleiss, 1979, case 1).

    Args:
        returns: of the games of each architecture, `(architectures, games)`.

    Returns:
        At most 1; negative where architectures differ by less than their games explain. `None` with fewer than two
        games or two architectures, and where all have the same mean.
    """
    architectures, games = returns.shape
    if min(architectures, games) < 2:
        return None
    between = games * returns.mean(1).var(ddof=1)
    within = returns.var(1, ddof=1).mean()
    return float((between - within) / between) if between > 0 else None


def remark_on_games(returns: Sequence[Sequence[float]]) -> str | None:
    """What a reader of a ranking should know about the games that made it, if anything.

    Args:
        returns: for each architecture those of its games, as many for each.
    """
    scores = np.array(returns)
    if len(scores) < 2:
        return None
    games = scores.shape[1]
    if (scores == scores[0, 0]).all():
        return "All games that ranked the architectures had the same return: their order was drawn by lot."
    if games < 2:
        return None
    found = reliability(scores)
    if found is not None and found >= LITTLE:
        return None
    if found is None or found < NONE:
        return f"The {games} games of each architecture tell none from another: their order is chance."
    # Spearman and Brown: the odds of a reliability grow with the number of games.
    more = round(games * WANTED / (1 - WANTED) * (1 - found) / found)
    return (
        f"Chance had a part in the ranking: {games} other games of each architecture would give proxies that correlate "
        f"with these by about {found:.2f}. With eval_episodes={more} it would be about {WANTED}."
    )
