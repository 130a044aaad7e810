"""From Gymnasium's spaces to what networks see and what policies choose."""

from collections.abc import Callable, Iterable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Tuple

from rlnas.envs.actions import ActionSpace, ContinuousActions, DiscreteActions, MultiDiscreteActions, centre_and_half
from rlnas.envs.base import Bounds
from rlnas.envs.settings import Channels
from rlnas.errors import EnvironmentFault, UserError

LARGEST_FLOAT = float(np.finfo(np.float32).max)
COLOURS = 4
"""Channels up to which a map's shape leaves no doubt where they are."""


def channels_last(shape: tuple[int, ...]) -> bool:
    """Whether the last axis of a map is its channels.

    The other two are equally long, if that says which. Else it is the shorter one of the first and the last axis, and
    the last where these are equally long.

    Example:
        >>> channels_last((96, 96, 3)), channels_last((4, 84, 84)), channels_last((8, 8, 12)), channels_last((12, 8, 8))
        (True, False, True, False)
    """
    square_before, square_after = shape[0] == shape[1], shape[1] == shape[2]
    return square_before if square_before != square_after else shape[-1] <= shape[0]


def find_bounds(space: Box) -> Bounds | None:
    """What networks scale integers by: the bounds of their space, where it has some.

    Bytes in 0..255 are scaled already, and 0..1 needs none. The limits of types with 32 and 64 bits are no bounds:
    spaces without bounds have them.
    """
    dtype = np.dtype(space.dtype)
    if dtype.kind not in "iu":
        return None
    low, high = space.low.astype(np.float64), space.high.astype(np.float64)
    limits, unbounded = np.iinfo(dtype.name), low >= high
    if dtype.itemsize > 2:
        unbounded = unbounded | (space.low == limits.min) & (dtype.kind == "i") | (space.high == limits.max)
    low, high = np.where(unbounded, 0.0, low), np.where(unbounded, 1.0, high)
    usual = 255.0 if dtype == np.uint8 else 1.0
    if (low == 0).all() and (high == usual).all():
        return None
    if (low == low.flat[0]).all() and (high == high.flat[0]).all():
        low, high = low.flatten()[:1], high.flatten()[:1]
    return Bounds(low, high)


class Observations:
    """The observations of an environment: what shape networks see, and whether what comes is what was announced.

    Vectors stay as they are, a single number becomes a vector of one. Maps get their channels first; one without
    channels, `(height, width)`, gets one. Raises a `UserError` if networks cannot read such observations.

    Attributes:
        shape: as networks see one observation.
        axes: which axis of a map is its channels, in words, and what says otherwise; empty for vectors.
        bounds: see `VectorEnv.observation_bounds`.
        remarks: what is odd but no fault, one sentence for each kind.
    """

    def __init__(self, env_id: str, space: gymnasium.Space, channels: Channels = "auto"):
        self.env_id = env_id
        if not isinstance(space, Box):
            kind = type(space).__name__
            raise UserError(f"environment {env_id!r} has {kind} observations; only Box works: {_advice(space)}.")
        has = f"{env_id!r} has observations of shape {space.shape}"
        if len(space.shape) > 3 or 0 in space.shape:
            raise UserError(f"environment {has}: vectors, and maps of two or three axes, work.")
        self._space = space
        is_map = len(space.shape) == 3
        if channels != "auto" and not is_map:
            raise UserError(f"the environment option 'channels' is for maps with three axes, and {has}.")
        self._last = is_map and (channels_last(space.shape) if channels == "auto" else channels == "last")
        self.dtype = np.dtype(space.dtype)
        self.shape = self._arrange(np.empty(space.shape, dtype=bool)).shape
        bounds = find_bounds(space)
        each = bounds is not None and bounds.low.size > 1  # else one for all numbers
        self.bounds = Bounds(self._arrange(bounds.low), self._arrange(bounds.high)) if bounds and each else bounds
        self.axes, self.remarks = "", {}
        if is_map:
            one, other = ("last", "first") if self._last else ("first", "last")
            self.axes = f"the {one} axis of {space.shape} is taken for the channels"
            self.axes += f" (the environment option channels={other} says otherwise)"
        elif len(space.shape) == 2:
            self.axes = f"{space.shape} is taken for a map of one channel"
            self.axes += " (gymnasium.wrappers.FlattenObservation makes a vector of a table of numbers)"
        doubtful = is_map and channels == "auto" and self.shape[0] > COLOURS
        if doubtful or (len(space.shape) == 2 and self.dtype.kind == "f"):
            self.remarks["axes"] = f"Observations of {env_id!r}: {self.axes}."
        # Bytes cannot leave 0..255.
        limits = np.iinfo(self.dtype) if self.dtype.kind in "iu" else None
        whole = limits is not None and (space.low == limits.min).all() and (space.high == limits.max).all()
        self._bounded = not whole and bool(np.isfinite(space.low).any() or np.isfinite(space.high).any())

    @property
    def space(self) -> Box:
        """The space of observations as networks see them."""
        low, high = self._arrange(self._space.low), self._arrange(self._space.high)
        return Box(low, high, self.shape, self._space.dtype)

    def _arrange(self, values: np.ndarray, before: int = 0) -> np.ndarray:
        """Values of one observation as networks see it; of many, with so many axes before those of one."""
        axes = values.ndim - before
        if axes in (0, 2):
            return np.expand_dims(values, before)
        return np.moveaxis(values, -1, before) if self._last else values

    def rows(self, number: int) -> np.ndarray:
        """Room for so many observations as environments return them: see `take` and `read`."""
        return np.empty((number, *self._space.shape), dtype=self.dtype)

    def take(self, returned: Any, rows: np.ndarray, i: int) -> None:
        """Copies what an environment returned into a row; raises an `EnvironmentFault` if it is not as announced.

        What is an array as announced is copied as it comes: `read` looks at the numbers of all rows at once.
        """
        usual = type(returned) is np.ndarray and returned.dtype == self.dtype and returned.shape == self._space.shape
        rows[i] = returned if usual else self._checked(returned)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Observations `(n, *shape)` as networks see them; raises as `take` does."""
        wrong = False
        if self.dtype.kind == "f":  # NaN and infinity are not within the range of float32, either
            wrong = not bool((np.isfinite(rows) if self.dtype.itemsize <= 4 else np.abs(rows) <= LARGEST_FLOAT).all())
        if self._bounded and "bounds" not in self.remarks:
            wrong = wrong or bool(((rows < self._space.low) | (rows > self._space.high)).any())
        for row in rows if wrong else ():
            self._checked(row)
        return self._arrange(rows, 1)

    def _checked(self, returned: Any) -> np.ndarray:
        """One observation in the space's type; raises an `EnvironmentFault` if it is not as announced."""
        try:
            values = np.asarray(returned)
        except ValueError:
            values = np.empty((), dtype=object)
        fault = ""
        if values.dtype.kind not in "biuf":
            fault = "an observation that is not an array of numbers"
        elif values.shape != self._space.shape:
            fault = f"an observation of shape {values.shape}, but its space has {self._space.shape}"
        elif values.dtype.kind == "f" and self.dtype.kind != "f":
            fault = f"{values.dtype} numbers as observation, but its space has {self.dtype}"
        elif values.dtype.kind == "f" and not np.isfinite(values).all():
            fault = f"{'NaN' if np.isnan(values).any() else 'infinity'} as observation"
        elif values.dtype.kind == "f" and values.dtype.itemsize > 4 and np.abs(values).max(initial=0) > LARGEST_FLOAT:
            fault = "an observation that is too large for float32"
        elif self._bounded or (values.dtype != self.dtype and self.dtype.kind in "biu"):
            fault = self._beyond(values)
        if fault:
            raise EnvironmentFault(f"environment {self.env_id!r} returned {fault}.")
        return values.astype(self.dtype, copy=False)

    def _beyond(self, values: np.ndarray) -> str:
        """The fault of whole numbers that are outside the space; of floats it makes a remark."""
        beyond = (values < self._space.low) | (values > self._space.high)
        if not beyond.any():
            return ""
        place = tuple(int(i) for i in np.argwhere(beyond)[0])
        where = f"number {place[0] if len(place) == 1 else place}" if place else "it"
        bounds = f"{self._space.low[place]}..{self._space.high[place]}"
        what = f"an observation outside its space: {where} is {values[place]}, not in {bounds}"
        if self.dtype.kind != "f":
            return what
        self.remarks.setdefault("bounds", f"environment {self.env_id!r} returned {what}.")
        return ""


def read_actions(env_id: str, space: gymnasium.Space) -> ActionSpace:
    """The actions of a Gymnasium environment; raises a `UserError` if no policy can choose such actions."""
    if isinstance(space, Discrete):
        return DiscreteActions(int(space.n))
    if isinstance(space, MultiDiscrete):
        return MultiDiscreteActions(tuple(int(count) for count in space.nvec.flatten()))
    if isinstance(space, Box) and np.dtype(space.dtype).kind == "f" and 0 not in space.shape:
        low, high = (tuple(float(x) for x in side.flatten()) for side in (space.low, space.high))
        return ContinuousActions(low, high)
    kind = f"{space.dtype} Box" if isinstance(space, Box) else type(space).__name__
    raise UserError(f"environment {env_id!r} has {kind} actions; Discrete, MultiDiscrete and Box of floats work.")


def _flattenable(space: gymnasium.Space) -> bool:
    """Whether a space can be flattened into a Box."""
    try:
        return space.is_np_flattenable
    except (NotImplementedError, AttributeError):  # of the user's own, or no space at all
        return False


def _advice(space: gymnasium.Space) -> str:
    """What makes a Box of other observations."""
    parts = list(space.items() if isinstance(space, Dict) else enumerate(space) if isinstance(space, Tuple) else ())
    pictures = [name for name, part in parts if isinstance(part, Box) and len(part.shape) in (2, 3)]
    if pictures:
        name = repr(pictures[0])
        keep = f"gymnasium.wrappers.TransformObservation(env, lambda o: o[{name}], env.observation_space[{name}])"
        return (
            f"to flatten them would take the picture {name} apart. A wrapper that keeps it alone does it: {keep} "
            "(for MiniGrid, minigrid.wrappers.ImgObsWrapper)"
        )
    if _flattenable(space):
        return "gymnasium.wrappers.FlattenObservation turns others into one"
    whole = ", ".join(repr(name) for name, part in parts if _flattenable(part))
    if whole and isinstance(space, Dict):
        first = f"gymnasium.wrappers.FilterObservation(env, [{whole}]) leaves out what is of no fixed size"
        return f"{first}, and gymnasium.wrappers.FlattenObservation around it makes one Box of the rest"
    return "write a gymnasium.ObservationWrapper that makes an array of numbers of them"


def action_converter(space: gymnasium.Space, scaled: bool = False) -> Callable[[np.ndarray], Iterable[Any]]:
    """What makes a policy's actions `(n, *shape)` ones of a Gymnasium environment, one after another.

    Real numbers are clipped to their bounds. `scaled`: whether -1..1 stands for the bounds of a number, where it has
    two.
    """
    if isinstance(space, Discrete):
        return lambda actions: actions + space.start
    if isinstance(space, MultiDiscrete):
        return lambda actions: (actions.reshape(-1, *space.shape) + space.start).astype(space.dtype)
    assert isinstance(space, Box)
    centre, half = centre_and_half(space.low.flatten(), space.high.flatten())

    def convert(actions: np.ndarray) -> Iterable[np.ndarray]:
        if scaled:
            actions = centre + half * actions.astype(np.float64)
        # In the space's own type, since 0.1 in float32 is beyond a bound of 0.1 in float64.
        played = np.clip(actions.reshape(-1, *space.shape).astype(space.dtype), space.low, space.high)
        return played if space.shape else map(np.asarray, played)

    return convert
