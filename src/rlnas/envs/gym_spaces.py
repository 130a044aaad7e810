"""From Gymnasium's spaces to what networks see and what policies choose."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete

from rlnas.envs.actions import ActionSpace, ContinuousActions, DiscreteActions, MultiDiscreteActions
from rlnas.errors import EnvironmentFault, UserError

LARGEST_FLOAT = float(np.finfo(np.float32).max)


def channels_last(shape: tuple[int, ...]) -> bool:
    """Whether the last axis of a map is its channels: the shorter one of the first and the last is; else the last.

    Example:
        >>> channels_last((96, 96, 3)), channels_last((4, 84, 84))
        (True, False)
    """
    return shape[-1] <= shape[0]


class Observations:
    """The observations of an environment: what shape networks see, and whether what comes is what was announced.

    Vectors stay as they are, a single number becomes a vector of one. Maps get their channels first; one without
    channels, `(height, width)`, gets one.

    Attributes:
        shape: as networks see one observation.
        dtype: its type.
        remarks: what is odd but no fault, each in one sentence.

    Args:
        env_id: of the environment.
        space: its observation space.

    Raises:
        UserError: if networks cannot read such observations.
    """

    def __init__(self, env_id: str, space: gymnasium.Space):
        self.env_id = env_id
        if not isinstance(space, Box):
            raise UserError(
                f"environment {env_id!r} has {type(space).__name__} observations; only Box works: "
                "gymnasium.wrappers.FlattenObservation turns others into one."
            )
        if len(space.shape) > 3 or 0 in space.shape:
            raise UserError(
                f"environment {env_id!r} has observations of shape {space.shape}: vectors, and maps of two or three "
                "axes, work."
            )
        self._space = space
        self._last = len(space.shape) == 3 and channels_last(space.shape)
        self.dtype = np.dtype(space.dtype)
        self.shape = self._arrange(np.empty(space.shape, dtype=bool)).shape
        # Bytes cannot leave 0..255.
        limits = np.iinfo(self.dtype) if self.dtype.kind in "iu" else None
        whole = limits is not None and (space.low == limits.min).all() and (space.high == limits.max).all()
        self._bounded = not whole and bool(np.isfinite(space.low).any() or np.isfinite(space.high).any())
        self.remarks: list[str] = []

    @property
    def space(self) -> Box:
        """The space of observations as networks see them."""
        low, high = self._arrange(self._space.low), self._arrange(self._space.high)
        return Box(low, high, self.shape, self._space.dtype)

    def _arrange(self, values: np.ndarray) -> np.ndarray:
        if values.ndim in (0, 2):
            return values[None]
        return values.transpose(2, 0, 1) if self._last else values

    def read(self, returned: Any) -> np.ndarray:
        """What an environment returned, as networks see it.

        Raises:
            EnvironmentFault: if it is not of the shape or type that the space announces, or is not finite.
        """
        try:
            values = np.asarray(returned)
        except ValueError:
            values = np.empty((), dtype=object)
        name = f"environment {self.env_id!r}"
        if values.dtype.kind not in "biuf":
            raise EnvironmentFault(f"{name} returned an observation that is not an array of numbers.")
        if values.shape != self._space.shape:
            raise EnvironmentFault(
                f"{name} returned an observation of shape {values.shape}, but its space has {self._space.shape}."
            )
        if values.dtype.kind == "f":
            if self.dtype.kind != "f":
                raise EnvironmentFault(
                    f"{name} returned {values.dtype} numbers as observation, but its space has {self.dtype}."
                )
            if not np.isfinite(values).all():
                found = "NaN" if np.isnan(values).any() else "infinity"
                raise EnvironmentFault(f"{name} returned {found} as observation.")
            if values.dtype.itemsize > 4 and np.abs(values).max(initial=0) > LARGEST_FLOAT:
                raise EnvironmentFault(f"{name} returned an observation that is too large for float32.")
        if self._bounded or (values.dtype != self.dtype and self.dtype.kind in "biu"):
            self._check_bounds(name, values)
        return self._arrange(values.astype(self.dtype, copy=False))

    def _check_bounds(self, name: str, values: np.ndarray) -> None:
        beyond = (values < self._space.low) | (values > self._space.high)
        if not beyond.any():
            return
        place = tuple(int(i) for i in np.argwhere(beyond)[0])
        where = "" if not place else f"number {place[0]}" if len(place) == 1 else f"number {place}"
        low, high = self._space.low[place], self._space.high[place]
        what = f"{name} returned an observation outside its space: {where} is {values[place]}, not in {low}..{high}."
        if self.dtype.kind != "f":
            raise EnvironmentFault(what)
        if not self.remarks:
            self.remarks.append(what)


def read_actions(env_id: str, space: gymnasium.Space) -> ActionSpace:
    """The actions of a Gymnasium environment.

    Raises:
        UserError: if no policy can choose such actions.
    """
    if isinstance(space, Discrete):
        return DiscreteActions(int(space.n))
    if isinstance(space, MultiDiscrete):
        return MultiDiscreteActions(tuple(int(count) for count in space.nvec.flatten()))
    if isinstance(space, Box) and np.dtype(space.dtype).kind == "f" and 0 not in space.shape:
        low, high = (tuple(float(x) for x in side.flatten()) for side in (space.low, space.high))
        return ContinuousActions(low, high)
    kind = f"{space.dtype} Box" if isinstance(space, Box) else type(space).__name__
    raise UserError(f"environment {env_id!r} has {kind} actions; Discrete, MultiDiscrete and Box of floats work.")


def play_action(space: gymnasium.Space, action: np.ndarray) -> Any:
    """An action as a Gymnasium environment takes it; real numbers are clipped to their bounds."""
    if isinstance(space, Discrete):
        return np.int64(action + space.start)
    if isinstance(space, MultiDiscrete):
        return (action.reshape(space.shape) + space.start).astype(space.dtype)
    assert isinstance(space, Box)
    # In the space's own type, since 0.1 in float32 is beyond a bound of 0.1 in float64.
    return np.asarray(np.clip(action.reshape(space.shape).astype(space.dtype), space.low, space.high))
