"""Observations that networks scale by the bounds of the environment, in training and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rlnas.envs.base import Bounds
from rlnas.nets import Standardize


def scale_by(bounds: Bounds | None) -> Standardize | None:
    """What stands before a network that takes observations scaled by their bounds."""
    return None if bounds is None else Standardize.between(bounds.low, bounds.high)


def bounds_to_dict(bounds: Bounds | None) -> dict[str, Any] | None:
    """Bounds as plain data, for checkpoints."""
    return None if bounds is None else {"low": bounds.low.tolist(), "high": bounds.high.tolist()}


def bounds_from_dict(data: Mapping[str, Any] | None) -> Bounds | None:
    """The inverse of `bounds_to_dict`."""
    return None if data is None else Bounds(np.array(data["low"]), np.array(data["high"]))
