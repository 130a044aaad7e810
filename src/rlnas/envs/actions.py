"""What an agent can do on each step: one of some actions, several such decisions at once, or real numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rlnas.errors import EnvironmentFault

NEAR = 4.0
"""A standard normal distribution reaches bounds up to here."""

APART = 0.5
"""A standard normal distribution mostly overshoots bounds that are less apart than this."""


@dataclass(frozen=True)
class ActionSpace:
    """Base of the action spaces."""

    dtype: ClassVar[np.dtype] = np.dtype(np.int64)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one action."""
        return (self.outputs,)

    @property
    def outputs(self) -> int:
        """The numbers that a policy's head gives: logits, or the means of real numbers."""
        raise NotImplementedError

    def check(self, actions: np.ndarray, number: int) -> None:
        """Raises an `EnvironmentFault` unless `actions` are those of `number` environments."""
        if actions.shape != (number, *self.shape) or not self._allows(actions):
            raise EnvironmentFault(f"actions must be {number} of {self!r}, not {actions}.")

    def _allows(self, actions: np.ndarray) -> bool:
        raise NotImplementedError


@dataclass(frozen=True)
class DiscreteActions(ActionSpace):
    """One of `count` actions, named by the numbers from 0."""

    count: int

    @property
    def shape(self) -> tuple[int, ...]:
        return ()

    @property
    def outputs(self) -> int:
        return self.count

    def _allows(self, actions: np.ndarray) -> bool:
        return bool(actions.min() >= 0 and actions.max() < self.count)

    def __str__(self) -> str:
        return f"{self.count} actions"


@dataclass(frozen=True)
class MultiDiscreteActions(ActionSpace):
    """Several decisions at once, each among as many options as `counts` says."""

    counts: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.counts),)

    @property
    def outputs(self) -> int:
        return sum(self.counts)

    def _allows(self, actions: np.ndarray) -> bool:
        return bool(((actions >= 0) & (actions < np.array(self.counts))).all())

    def __str__(self) -> str:
        return f"{len(self.counts)} decisions at once, among {', '.join(map(str, self.counts))} options"


@dataclass(frozen=True)
class ContinuousActions(ActionSpace):
    """Real numbers between `low` and `high`, which may be infinite; those beyond are clipped before they are played."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    dtype: ClassVar[np.dtype] = np.dtype(np.float32)

    @property
    def outputs(self) -> int:
        return len(self.low)

    def _allows(self, actions: np.ndarray) -> bool:
        return bool(np.isfinite(actions).all())

    @property
    def far(self) -> bool:
        """Whether a policy that begins with the standard normal distribution would hardly meet what is between bounds.

        So it is where a bound is beyond 4, where 0 is outside them, or where they are less than half a unit apart.
        """
        low, high = np.array(self.low), np.array(self.high)
        finite = np.isfinite(low) & np.isfinite(high) & (low < high)
        near = (low <= 0) & (high >= 0) & (np.maximum(-low, high) <= NEAR) & (high - low >= APART)
        return bool((finite & ~near).any())

    def __str__(self) -> str:
        return f"{len(self.low)} real number{'s' * (len(self.low) > 1)} as actions"


def centre_and_half(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle between bounds and half their distance; 0 and 1 where they are not finite or equal.

    What a policy chooses in [-1, 1] stands for `centre + half * action`.
    """
    low, high = low.astype(np.float64), high.astype(np.float64)
    finite = np.isfinite(low) & np.isfinite(high) & (low < high)
    low, high = np.where(finite, low, -1.0), np.where(finite, high, 1.0)
    return low / 2 + high / 2, high / 2 - low / 2


def actions_to_dict(actions: ActionSpace) -> dict[str, Any]:
    """An action space as plain data, for checkpoints and exports."""
    if isinstance(actions, ContinuousActions):
        # JSON has no infinity.
        low, high = ([None if np.isinf(x) else x for x in side] for side in (actions.low, actions.high))
        return {"kind": "continuous", "low": low, "high": high}
    if isinstance(actions, MultiDiscreteActions):
        return {"kind": "multi-discrete", "counts": list(actions.counts)}
    return {"kind": "discrete", "count": actions.outputs}


def actions_from_dict(data: Mapping[str, Any]) -> ActionSpace:
    """The inverse of `actions_to_dict`."""
    if data["kind"] == "continuous":
        low = tuple(-np.inf if x is None else float(x) for x in data["low"])
        return ContinuousActions(low, tuple(np.inf if x is None else float(x) for x in data["high"]))
    if data["kind"] == "multi-discrete":
        return MultiDiscreteActions(tuple(data["counts"]))
    return DiscreteActions(data["count"])
