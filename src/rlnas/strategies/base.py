"""What the strategies that come with rlnas share: the form of their options, and a state that is a few attributes."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from rlnas.spaces import Space
from rlnas.strategies.strategy import Strategy


class Options(BaseModel):
    """Options of a strategy; the docstring of a field is what `rlnas describe` says of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class BuiltIn(Strategy):
    """A strategy with a budget and random streams.

    Args:
        space: the search space.
        iterations: the budget of PPO iterations; 0 where nothing is fitted.
        seed: root of the strategy's random streams.
        settings: the options; `None` in a subclass means the defaults.
    """

    state: ClassVar[tuple[str, ...]]
    """The attributes that `state_dict` saves, all of them plain data."""

    def __init__(self, space: Space, iterations: int, seed: int, settings: Options):
        self.space = space
        self.iterations = iterations
        self.seed = seed
        self.settings = settings
        self.fitted = 0

    @property
    def fits(self) -> int:
        return -(-self.iterations // self.iterations_per_fit)

    @property
    def _next_fit(self) -> int:
        """PPO iterations of the next fit; 0 once the budget is spent."""
        return max(0, min(self.iterations_per_fit, self.iterations - self.fitted))

    def state_dict(self) -> dict[str, Any]:
        return {name: deepcopy(getattr(self, name)) for name in self.state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for name in self.state:
            setattr(self, name, deepcopy(state[name]))
