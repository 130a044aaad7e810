"""The algorithms by name. Their options stand under that name in every file."""

from __future__ import annotations

from rlnas.algorithms.algorithm import Algorithm
from rlnas.algorithms.ppo.algorithm import PPO
from rlnas.errors import unknown

DEFAULT = "ppo"

ALGORITHMS: dict[str, Algorithm] = {DEFAULT: PPO()}


def find_algorithm(name: str) -> Algorithm:
    """The algorithm of a name.

    Raises:
        UserError: if there is none.
    """
    if name not in ALGORITHMS:
        raise unknown("algorithm", name, ALGORITHMS)
    return ALGORITHMS[name]
