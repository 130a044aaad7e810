"""Checks of the parameters of layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from rlnas.errors import UserError, shown
from rlnas.spaces.choice import Choice


def positive(layer: Any, *names: str) -> None:
    """Raises a `UserError` unless parameters of a layer, or all their options, are whole numbers of at least 1.

    Those of NumPy become Python's.
    """
    for name in names:
        parameter = getattr(layer, name)
        if isinstance(parameter, np.integer):
            object.__setattr__(layer, name, parameter := int(parameter))
        for value in parameter.options if isinstance(parameter, Choice) else (parameter,):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise UserError(f"{layer.type}: {name} must be a whole number of at least 1, not {shown(value)}.")


def one_of(layer: str, name: str, parameter: object, allowed: tuple[str, ...]) -> None:
    """Raises a `UserError` unless the parameter, or all its options, are allowed."""
    for value in parameter.options if isinstance(parameter, Choice) else (parameter,):
        if not isinstance(value, str) or value not in allowed:
            raise UserError(f"{layer}: {name} must be one of {', '.join(allowed)}, not {shown(value)}.")


def fixed(layer: str, name: str, parameter: object, allowed: tuple[str, ...], instead: str = "") -> None:
    """Raises a `UserError` unless the parameter is one of the allowed words and no choice among them."""
    if isinstance(parameter, Choice):
        raise UserError(f"{layer}: {name} cannot be a choice" + (f": {instead}." if instead else "."))
    one_of(layer, name, parameter, allowed)


def sliceable(layer: str, name: str, width: int | Choice, share: str, others: tuple[object, ...]) -> None:
    """Raises a `UserError` unless the options of a width may share as `share` says beside the other parameters."""
    fixed(layer, "share", share, ("none", "slice"))
    if share == "slice" and not isinstance(width, Choice):
        raise UserError(f'{layer}: share = "slice" needs a choice of {name}.')
    if share == "slice" and width in others:
        raise UserError(f'{layer}: share = "slice" needs a choice of {name} that decides nothing else in the layer.')
