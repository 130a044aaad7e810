"""The strategies by name. All functions raise a `UserError` for a name that is none."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from rlnas.errors import unknown
from rlnas.spaces import Space
from rlnas.strategies.enas import ENAS, ENASSettings
from rlnas.strategies.random import RandomSearch, RandomSearchSettings, RandomShared, RandomSharedSettings
from rlnas.strategies.spos import SPOS, SPOSSettings
from rlnas.strategies.strategy import Strategy

RANDOM = "random"
"""The baseline that is in every comparison."""

TOP_K = 3
"""Architectures of a ranking that are trained from scratch by default (paper, 5.3)."""

STRATEGIES: dict[str, tuple[Callable[..., Strategy], type[BaseModel]]] = {
    "spos": (SPOS, SPOSSettings),
    "enas": (ENAS, ENASSettings),
    RANDOM: (RandomSearch, RandomSearchSettings),
    "random-shared": (RandomShared, RandomSharedSettings),
}
"""For each name, what makes the strategy from `(space, iterations, seed, settings)`, and the class of its settings."""


def _entry(name: str) -> tuple[Callable[..., Strategy], type[BaseModel]]:
    if name not in STRATEGIES:
        raise unknown("strategy", name, STRATEGIES)
    return STRATEGIES[name]


def settings_class(name: str) -> type[BaseModel]:
    """The class of a strategy's options."""
    return _entry(name)[1]


def shares_weights(name: str) -> bool:
    """Whether a strategy asks for the fit of a supernet, as far as its class says."""
    return bool(getattr(_entry(name)[0], "shares_weights", False))


def check_option_names(name: str, options: Mapping[str, Any]) -> None:
    """Raises a `UserError` unless the strategy has these options; a settings class that allows others ignores them."""
    known = settings_class(name).model_fields
    for option in options:
        if option not in known:
            raise unknown(f"{name} option", option, known)


def make_strategy(name: str, space: Space, iterations: int, seed: int, options: Mapping[str, Any]) -> Strategy:
    """Makes a strategy with a budget in iterations of its algorithm; `options` differ from the defaults."""
    strategy, settings = _entry(name)
    check_option_names(name, options)
    return strategy(space, iterations, seed, settings(**options))
