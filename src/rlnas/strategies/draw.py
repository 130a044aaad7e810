"""Random draws and random orders that several strategies need."""

from collections.abc import Iterable

import numpy as np

from rlnas import seeding
from rlnas.spaces import Architecture, Space
from rlnas.strategies.strategy import Ranked


def draw_distinct(space: Space, count: int, rng: np.random.Generator) -> list[Architecture]:
    """Draws distinct architectures uniformly, in random order; all of them where the space holds no more.

    >>> from rlnas.spaces import load_space
    >>> len(draw_distinct(load_space("paper-large"), 3, np.random.default_rng(0)))
    3
    >>> len(draw_distinct(load_space("paper-1"), 100, np.random.default_rng(0)))
    25
    """
    if space.enumerable and 2 * count >= space.size:
        every = list(space)
        return [every[n] for n in rng.permutation(len(every))[:count]]
    # At least half of the space is free at every draw, or the space is huge, so few draws are in vain.
    drawn: dict[Architecture, None] = {}
    while len(drawn) < count:
        drawn[space.sample(rng)] = None
    return list(drawn)


def by_proxy(found: Iterable[tuple[Architecture, float]], seed: int, stream: str) -> list[Ranked]:
    """Sorts architectures by their proxies, highest first; the seed and `stream` decide the random order of ties."""
    keyed = [(-proxy, seeding.integer(seed, stream, item.id), Ranked(item, proxy)) for item, proxy in found]
    return [entry for _, _, entry in sorted(keyed, key=lambda line: line[:2])]
