"""The algorithms by name. Their options stand under that name in every file."""

from typing import Any

from rlnas.algorithms.algorithm import Algorithm
from rlnas.algorithms.ppo.algorithm import PPO
from rlnas.errors import unknown

DEFAULT = "ppo"

ALGORITHMS: dict[str, Algorithm[Any]] = {DEFAULT: PPO()}


def find_algorithm(name: str) -> Algorithm[Any]:
    """The algorithm of a name; raises a `UserError` if there is none."""
    if name not in ALGORITHMS:
        raise unknown("algorithm", name, ALGORITHMS)
    return ALGORITHMS[name]
