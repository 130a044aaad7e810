"""Whether the games that rank architectures would rank them alike again, or chance did."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LITTLE = 0.7
"""A reliability below this is worth a remark."""

WANTED = 0.8
"""A reliability that more games are to reach."""

MANY = 1_000
"""More games than this for an architecture are not advised: they would take longer than most fits."""


class Reliability(NamedTuple):
    """How proxies would correlate with those of as many other games, with its 95% interval; all at least 0."""

    value: float
    low: float
    high: float


def reliability(returns: np.ndarray) -> Reliability | None:
    """ICC(C, k), the consistency of mean returns, where all architectures meet the same games.

    With the mean squares B between architectures and E of what is left without the means of architectures and of
    games, it is 1 - E / B, and the interval follows from the F distribution of B / E (McGraw and Wong, 1996, "Forming
    inferences about some intraclass correlation coefficients", case 3). A game that is hard for all ranks nobody.

    `returns` is `(architectures, games)`. The answer is `None` with fewer than two games or two architectures, and
    where each game had the same return for all.
    """
    architectures, games = returns.shape
    if min(architectures, games) < 2 or (returns == returns[0]).all():
        return None
    from scipy.special import fdtri  # listing strategies does not need it

    means = returns.mean(1, keepdims=True)
    between = games * means.var(ddof=1)
    freedom = (architectures - 1, (architectures - 1) * (games - 1))
    error = np.square(returns - means - returns.mean(0) + returns.mean()).sum() / freedom[1]
    if between <= 0:
        return Reliability(0.0, 0.0, 0.0)
    factors = (1.0, *fdtri(*freedom, (0.975, 0.025)))
    return Reliability(*(max(0.0, 1 - float(error / between * factor)) for factor in factors))


def remark_on_games(returns: Sequence[Sequence[float]]) -> str | None:
    """What a reader of a ranking should know about the games that made it, if anything.

    `returns` has as many games for each architecture, the same for all.
    """
    scores = np.array(returns)
    if len(scores) < 2:
        return None
    games = scores.shape[1]
    if (scores == scores[0]).all():
        return "All architectures had the same returns in the games that ranked them: their order is random."
    found = reliability(scores)
    if found is None:
        return "One game ranked each architecture: how much of the order is chance cannot be told (eval_episodes)."
    if found.value >= LITTLE:
        return None
    said = f"{games} others would give proxies that correlate with these by about {found.value:.2f} "
    said += f"[{found.low:.2f}, {found.high:.2f}]"
    if found.low == 0:
        return (
            f"The {games} games of each architecture do not show that architectures differ: {said}, so their order may "
            "be chance."
        )
    # Spearman and Brown: the odds of a reliability grow with the number of games.
    more = round(games * WANTED / (1 - WANTED) * (1 - found.value) / found.value)
    enough = f"about {more} (eval_episodes)" if more <= MANY else f"more than {MANY:,}"
    return (
        f"Chance had a part in ranking by {games} games of each architecture: {said}. For {WANTED}, by this estimate, "
        f"a search needs {enough}."
    )
