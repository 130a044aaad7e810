"""What an agent can do on each step: one of some actions, several such decisions at once, or real numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlnas.errors import EnvironmentFault


@dataclass(frozen=True)
class DiscreteActions:
    """One of `count` actions, named by the numbers from 0."""

    count: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one action."""
        return ()

    @property
    def dtype(self) -> np.dtype:
        """The type of an action."""
        return np.dtype(np.int64)

    @property
    def outputs(self) -> int:
        """The numbers that a policy's head gives."""
        return self.count

    def check(self, actions: np.ndarray, number: int) -> None:
        """Raises an `EnvironmentFault` unless `actions` are those of so many environments."""
        if actions.shape != (number,) or actions.min() < 0 or actions.max() >= self.count:
            raise EnvironmentFault(f"actions must be {number} numbers in 0..{self.count - 1}: {actions}.")

    def __str__(self) -> str:
        return f"{self.count} actions"


@dataclass(frozen=True)
class MultiDiscreteActions:
    """Several decisions at once, each among as many options as `counts` says."""

    counts: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one action."""
        return (len(self.counts),)

    @property
    def dtype(self) -> np.dtype:
        """The type of an action."""
        return np.dtype(np.int64)

    @property
    def outputs(self) -> int:
        """The numbers that a policy's head gives."""
        return sum(self.counts)

    def check(self, actions: np.ndarray, number: int) -> None:
        """Raises an `EnvironmentFault` unless `actions` are those of so many environments."""
        if actions.shape != (number, *self.shape) or (actions < 0).any() or (actions >= np.array(self.counts)).any():
            raise EnvironmentFault(f"actions must be {number} rows of numbers below {self.counts}: {actions}.")

    def __str__(self) -> str:
        return f"{len(self.counts)} decisions at once, among {', '.join(map(str, self.counts))} options"


NEAR = 4.0
"""Bounds up to here are met by a standard normal distribution, and not so narrow that it meets nothing else."""

APART = 0.5
"""Bounds that are less apart than this are mostly overshot by a standard normal distribution."""


@dataclass(frozen=True)
class ContinuousActions:
    """Real numbers between `low` and `high`; those beyond are clipped before they are played.

    Attributes:
        low: the smallest value of every number; may be `-inf`.
        high: the largest; may be `inf`.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one action."""
        return (len(self.low),)

    @property
    def dtype(self) -> np.dtype:
        """The type of an action."""
        return np.dtype(np.float32)

    @property
    def outputs(self) -> int:
        """The numbers that a policy's head gives: the means."""
        return len(self.low)

    def check(self, actions: np.ndarray, number: int) -> None:
        """Raises an `EnvironmentFault` unless `actions` are finite and those of so many environments."""
        if actions.shape != (number, *self.shape) or not np.isfinite(actions).all():
            raise EnvironmentFault(f"actions must be {number} rows of {len(self.low)} finite numbers: {actions}.")

    @property
    def far(self) -> bool:
        """Whether a policy that begins with the standard normal distribution would hardly meet what is between bounds.

        That is where a bound is beyond 4, where 0 is outside them, or where they are less than half a unit apart.
        """
        low, high = np.array(self.low), np.array(self.high)
        finite = np.isfinite(low) & np.isfinite(high) & (low < high)
        near = (low <= 0) & (high >= 0) & (np.maximum(-low, high) <= NEAR) & (high - low >= APART)
        return bool((finite & ~near).any())

    def __str__(self) -> str:
        return f"{len(self.low)} real number{'s' * (len(self.low) > 1)} as actions"


def centre_and_half(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle between bounds and half the way from one to the other; 0 and 1 where they are not finite or equal.

    What a policy chooses in [-1, 1] stands for `centre + half * action`.
    """
    low, high = low.astype(np.float64), high.astype(np.float64)
    finite = np.isfinite(low) & np.isfinite(high) & (low < high)
    low, high = np.where(finite, low, -1.0), np.where(finite, high, 1.0)
    return low / 2 + high / 2, high / 2 - low / 2


ActionSpace = DiscreteActions | MultiDiscreteActions | ContinuousActions


def actions_to_dict(actions: ActionSpace) -> dict[str, Any]:
    """An action space as plain data, for checkpoints and exports."""
    if isinstance(actions, ContinuousActions):
        # JSON has no infinity.
        low, high = ([None if np.isinf(x) else x for x in side] for side in (actions.low, actions.high))
        return {"kind": "continuous", "low": low, "high": high}
    if isinstance(actions, MultiDiscreteActions):
        return {"kind": "multi-discrete", "counts": list(actions.counts)}
    return {"kind": "discrete", "count": actions.count}


def actions_from_dict(data: Mapping[str, Any]) -> ActionSpace:
    """The inverse of `actions_to_dict`."""
    if data["kind"] == "continuous":
        low = tuple(-np.inf if x is None else float(x) for x in data["low"])
        return ContinuousActions(low, tuple(np.inf if x is None else float(x) for x in data["high"]))
    if data["kind"] == "multi-discrete":
        return MultiDiscreteActions(tuple(data["counts"]))
    return DiscreteActions(data["count"])
