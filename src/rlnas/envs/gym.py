"""Any registered Gymnasium environment whose observations are numbers in one array."""

import importlib.util
import logging
import sys
from typing import Any, NoReturn

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from gymnasium.spaces import Space as GymSpace

from rlnas.envs.actions import ContinuousActions
from rlnas.envs.base import Step, VectorEnv
from rlnas.envs.family import Camera, EnvFamily
from rlnas.envs.gym_spaces import LARGEST_FLOAT, Observations, action_converter, read_actions
from rlnas.envs.settings import Channels, EnvSettings
from rlnas.errors import EnvironmentFault, RlnasError, UserError

FPS = 30
"""Frames of a second of environments that do not say."""

RETURNS = {"reset": "observation, info", "step": "observation, reward, terminated, truncated, info"}
"""What the methods of an environment return."""

USUAL_REWARDS = (float, np.float64, np.float32)
USUAL_FLAGS = (bool, np.bool_)
"""Types that need no look at the single value."""


class GymEnv(VectorEnv):
    """Gymnasium environments, stepped one after another in this process.

    What an environment returns is checked on every step: an agent learns nothing from NaN, and a wrong shape or type
    would be copied into place in silence. Numbers outside the observation space only give a remark, since some of
    Gymnasium's own environments return them (LunarLander flies higher than its space says).

    Raises:
        UserError: if the observations or actions are of a kind that rlnas cannot handle.
        EnvironmentFault: if the environment cannot be made.
    """

    def __init__(
        self,
        env_id: str,
        num_envs: int,
        render_mode: str | None = None,
        channels: Channels = "auto",
        scale_actions: bool | None = None,
    ):
        super().__init__(num_envs)
        self.env_id, self.name = env_id, f"environment {env_id!r}"
        # Not every environment takes the argument.
        self._options: dict[str, Any] = {} if render_mode is None else {"render_mode": render_mode}
        self._envs: list[gymnasium.Env] = []
        self._played = False
        self._make()
        try:
            self._observations = Observations(env_id, own_space(env_id, self._envs[0], "observation_space"), channels)
            action_space = own_space(env_id, self._envs[0], "action_space")
            self.actions = read_actions(env_id, action_space)
            if scale_actions and not isinstance(self.actions, ContinuousActions):
                what = f"and {env_id!r} has {self.actions}"
                raise UserError(f"the environment option 'scale_actions' is for continuous actions, {what}.")
        except Exception:
            self.close()
            raise
        self._convert = action_converter(action_space, bool(scale_actions))
        found = self._observations
        self.observation_shape, self.observation_dtype = found.shape, found.dtype
        self.observation_bounds, self.axes, self.remarks = found.bounds, found.axes, found.remarks
        limit = getattr(self._envs[0].spec, "max_episode_steps", None)
        self.max_steps = None if limit is None else int(limit)
        self.metadata = dict(self._envs[0].metadata or {})  # how it draws itself: `render_modes`, `render_fps`

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        # Environments that have played are made anew: some keep state that no reset clears (the bodies of
        # BipedalWalker's physics, for one), and a run that is resumed must meet the same games.
        if self._played or not self._envs:
            self.close()
            self._make()
        self._forget_games()
        rows = self._observations.rows(self.num_envs)
        for i, (env, seed) in enumerate(zip(self._envs, seeds, strict=True)):
            self._observations.take(self._reset(env, int(seed)), rows, i)
        return self._observations.read(rows)

    def _make(self) -> None:
        self._played = False
        try:
            for _ in range(self.num_envs):
                # Gymnasium's checker only warns, in many sentences; the checks here name what matters.
                self._envs.append(gymnasium.make(self.env_id, disable_env_checker=True, **self._options))
        except BaseException as error:
            self.close()
            raise_fault(error, f"{self.name} cannot be made")

    def step(self, actions: np.ndarray) -> Step:
        self.actions.check(actions, self.num_envs)
        self._played = True
        rows = self._observations.rows(self.num_envs)
        reward = np.zeros(self.num_envs, dtype=np.float64)
        terminated, truncated = np.zeros(self.num_envs, dtype=bool), np.zeros(self.num_envs, dtype=bool)
        resetting = self._over
        for i, (env, action) in enumerate(zip(self._envs, self._convert(actions), strict=True)):
            if resetting[i]:
                returned = self._reset(env, None)
            else:
                returned, gain, end, cut, _ = self._call(env, "step", 5, action)
                # What is usual is taken as it is: checks cost as much as simple games.
                reward[i] = gain if type(gain) in USUAL_REWARDS else self._reward(gain)
                terminated[i] = end if type(end) in USUAL_FLAGS else self._flag("terminated", end)
                truncated[i] = cut if type(cut) in USUAL_FLAGS else self._flag("truncated", cut)
            self._observations.take(returned, rows, i)
        for value in () if (np.abs(reward) <= LARGEST_FLOAT).all() else reward:
            self._reward(value)
        observation = self._observations.read(rows)
        ended, truncated = terminated | truncated, truncated & ~terminated
        episodes = self._count(reward, ended, truncated)
        return Step(observation, reward.astype(np.float32), terminated, truncated, ~resetting, episodes)

    def _call(self, env: gymnasium.Env, method: str, number: int, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """What a method of an environment returns: so many things."""
        try:
            returned: Any = getattr(env, method)(*args, **kwargs)
        except BaseException as error:
            raise_fault(error, f"{self.name} raised in {method}")
        if not isinstance(returned, tuple) or len(returned) != number:
            raise EnvironmentFault(f"{self.name} must return ({RETURNS[method]}) from {method}.")
        return returned

    def _reset(self, env: gymnasium.Env, seed: int | None) -> Any:
        return self._call(env, "reset", 2, seed=seed)[0]

    def _flag(self, name: str, value: Any) -> bool:
        if isinstance(value, int | np.bool_ | np.integer) and value in (0, 1):
            return bool(value)
        raise EnvironmentFault(f"{self.name} returned {value!r} as {name}, which must be true or false.")

    def render(self) -> Any:
        return self._envs[0].render()

    def _reward(self, value: Any) -> float:
        try:
            # An array of one number is what vector code leaves of it.
            reward = float(np.asarray(value).reshape(()) if np.size(value) == 1 else value)
        except (TypeError, ValueError):
            raise EnvironmentFault(f"{self.name} returned {value!r} as reward, which must be one number.") from None
        except OverflowError:
            reward = np.inf
        if not abs(reward) <= LARGEST_FLOAT:
            what = "NaN" if np.isnan(reward) else "infinity" if np.isinf(reward) else "a number too large for float32"
            raise EnvironmentFault(f"{self.name} returned {what} as reward.")
        return reward

    def close(self) -> None:
        for env in self._envs:
            try:
                env.close()
            except KeyboardInterrupt:
                raise
            except BaseException:
                continue  # an error in its own `close` is not worth losing a result for
        self._envs = []


def raise_fault(error: BaseException, what: str, kind: type[RlnasError] = EnvironmentFault) -> NoReturn:
    """Raises an error for what an environment's own code raised: its `sys.exit` must not end a worker."""
    if isinstance(error, KeyboardInterrupt):
        raise error  # it is for rlnas
    raise kind(f"{what}: {type(error).__name__}: {error}".rstrip(". ") + ".") from error


def own_space(env_id: str, env: gymnasium.Env, name: str) -> gymnasium.Space:
    """The `observation_space` or `action_space` of an environment; raises a `UserError` if it has none."""
    try:
        found: Any = getattr(env, name, None)
    except BaseException as error:
        raise_fault(error, f"environment {env_id!r} raised in {name}")
    if found is None:
        raise UserError(f"environment {env_id!r} has no {name}: set it in the environment's __init__.")
    return found


class GymCamera(Camera):
    """Asks a Gymnasium environment, made with the render mode `"rgb_array"`, to draw itself."""

    def __init__(self, env: GymEnv, fps: float):
        self.fps = fps
        self._env = env
        self._shape: tuple[int, ...] | None = None

    def draw(self, observation: np.ndarray) -> np.ndarray:
        name = self._env.name
        try:
            frame: Any = self._env.render()
        except gymnasium.error.DependencyNotInstalled as error:
            raise UserError(f"{name} cannot draw itself: {str(error).rstrip('.')}.") from None
        except BaseException as error:
            raise_fault(error, f"{name} raised in render")
        if not isinstance(frame, np.ndarray) or (frame.dtype, frame.shape[2:]) != (np.uint8, (3,)):
            found = f"{frame.dtype} {frame.shape}" if isinstance(frame, np.ndarray) else type(frame).__name__
            raise UserError(f"{name} draws {found}, but a frame must be a uint8 array of shape (height, width, 3).")
        if self._shape not in (None, frame.shape):
            raise UserError(f"{name} draws frames of several sizes: {self._shape} and {frame.shape}.")
        self._shape = frame.shape
        return frame


class Gymnasium(EnvFamily):
    """Whatever is registered with Gymnasium, the user's own environments among it."""

    prefix = ""
    options = ("num_envs", "channels", "scale_actions")
    own = True

    def ids(self) -> list[str]:
        return list(gymnasium.registry)

    def make(self, env_id: str, settings: EnvSettings, num_envs: int, threads: int = 1) -> GymEnv:
        logging.getLogger("gymnasium").setLevel(logging.ERROR)
        return GymEnv(env_id, num_envs, None, settings.channels, settings.scale_actions)

    def film(self, env_id: str, settings: EnvSettings) -> tuple[VectorEnv, Camera]:
        plain = self.make(env_id, settings, 1)
        plain.close()
        modes = plain.metadata.get("render_modes") or []
        if "rgb_array" not in modes:
            others = f"only {', '.join(map(repr, modes))}" if modes else "none at all"
            raise UserError(f"{env_id!r} cannot be filmed: a video needs the mode 'rgb_array', and it has {others}.")
        env = GymEnv(env_id, 1, "rgb_array", settings.channels, settings.scale_actions)
        return env, GymCamera(env, float(env.metadata.get("render_fps") or FPS))

    def spaces(self, env_id: str, shape: tuple[int, ...], outputs: int, channels: Channels) -> tuple[Box, GymSpace]:
        try:
            made = gymnasium.make(env_id)
            made.close()
        except BaseException as error:
            raise_fault(error, f"the environment {env_id!r} cannot be made", UserError)
        action_space = own_space(env_id, made, "action_space")
        seen = Observations(env_id, own_space(env_id, made, "observation_space"), channels)
        actions = read_actions(env_id, action_space)
        if seen.shape != shape or actions.outputs != outputs:
            found = f"it has observations of shape {seen.shape} and {actions}"
            raise UserError(
                f"the environment {env_id!r} is not the one of the training: {found}, but the network takes the shape "
                f"{shape} and has {outputs} outputs."
            )
        return seen.space, action_space


NEEDS = {"box2d": "Box2D", "mujoco": "mujoco", "phys2d": "jax", "tabular": "jax"}
"""The packages that environments in the modules `gymnasium.envs.NAME` need."""


def missing_package(env_id: str) -> str | None:
    """The package that an environment needs and that is not installed, as far as its registration tells."""
    spec = gymnasium.registry.get(env_id)
    if spec is None:
        return None
    if callable(spec.entry_point):  # some of Gymnasium's old ids only raise
        name = getattr(spec.entry_point, "__name__", "")
        raises = name.startswith("_raise_")
        return name.removeprefix("_raise_").removesuffix("_error") if raises else None
    module = str(spec.entry_point).partition(":")[0]
    first, _, rest = module.partition(".")
    package = NEEDS.get(rest.split(".")[1], first) if module.startswith("gymnasium.envs.") else first
    return None if package in sys.modules or importlib.util.find_spec(package) is not None else package


def registered_by(env_id: str) -> str:
    """The module that an environment's entry point is of; empty where that cannot be told."""
    entry = gymnasium.registry[env_id].entry_point
    return entry.partition(":")[0] if isinstance(entry, str) else getattr(entry, "__module__", "")
