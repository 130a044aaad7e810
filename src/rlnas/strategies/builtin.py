"""What the strategies that come with rlnas share: the form of options, a state that is a few attributes, and draws."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from rlnas import seeding
from rlnas.spaces import Architecture, Space
from rlnas.strategies.strategy import Ranked, Strategy


class Options(BaseModel):
    """Options of a strategy; the docstring of a field is what `rlnas describe` says of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class BuiltIn(Strategy):
    """A strategy with a budget and random streams.

    Args:
        space: the search space.
        iterations: the budget, in iterations of the algorithm; 0 where nothing is fitted.
        seed: root of the strategy's random streams.
        settings: the options; `None` in a subclass means the defaults.
    """

    state: ClassVar[tuple[str, ...]]
    """The attributes that `state_dict` saves, all of them plain data."""

    def __init__(self, space: Space, iterations: int, seed: int, settings: Options):
        self.space, self.iterations, self.seed, self.settings = space, iterations, seed, settings
        self.fitted = 0

    @property
    def fits(self) -> int:
        return -(-self.iterations // self.iterations_per_fit)

    @property
    def _next_fit(self) -> int:
        """Iterations of the next fit; 0 once the budget is spent."""
        return max(0, min(self.iterations_per_fit, self.iterations - self.fitted))

    def state_dict(self) -> dict[str, Any]:
        return {name: deepcopy(getattr(self, name)) for name in self.state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for name in self.state:
            setattr(self, name, deepcopy(state[name]))


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
