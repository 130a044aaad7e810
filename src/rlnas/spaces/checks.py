"""Checks of the parameters of layers. Each raises a `UserError` with the layer and the parameter in it."""

from typing import Any

import numpy as np

from rlnas.errors import UserError, shown
from rlnas.spaces.choice import Choice, values_of


def positive(layer: Any, *names: str) -> None:
    """Parameters, or all their options, must be whole numbers of at least 1; those of NumPy become Python's."""
    for name in names:
        parameter = getattr(layer, name)
        if isinstance(parameter, np.integer):
            object.__setattr__(layer, name, parameter := int(parameter))
        for value in values_of(parameter):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise UserError(f"{layer.type}: {name} must be a whole number of at least 1, not {shown(value)}.")


def one_of(layer: Any, name: str, allowed: tuple[str, ...]) -> None:
    """The parameter, or all its options, must be allowed words."""
    for value in values_of(getattr(layer, name)):
        if not isinstance(value, str) or value not in allowed:
            raise UserError(f"{layer.type}: {name} must be one of {', '.join(allowed)}, not {shown(value)}.")


def no_choice(layer: Any, name: str, instead: str = "") -> None:
    """The parameter must not be a choice; `instead` says what else to do."""
    if isinstance(getattr(layer, name), Choice):
        raise UserError(f"{layer.type}: {name} cannot be a choice" + (f": {instead}." if instead else "."))


def fixed(layer: Any, name: str, allowed: tuple[str, ...], instead: str = "") -> None:
    """The parameter must be one of the allowed words, and no choice among them."""
    no_choice(layer, name, instead)
    one_of(layer, name, allowed)


def sliceable(layer: Any, *others: str) -> None:
    """The options of the layer's width may share one weight only if no other parameter depends on the same choice."""
    fixed(layer, "share", ("none", "slice"))
    width = getattr(layer, layer.shares)
    if layer.share == "slice" and not isinstance(width, Choice):
        raise UserError(f'{layer.type}: share = "slice" needs a choice of {layer.shares}.')
    if layer.share == "slice" and width in [getattr(layer, other) for other in others]:
        raise UserError(
            f'{layer.type}: share = "slice" needs a choice of {layer.shares} that decides nothing else in the layer.'
        )
