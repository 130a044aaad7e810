"""An environment that is filmed: every frame of the games that an agent plays in it."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import gymnasium
import numpy as np

from rlnas.envs.atari import AtariEnv
from rlnas.envs.base import Step, VectorEnv
from rlnas.envs.gym import GymEnv, raise_fault
from rlnas.envs.minatar import MinAtarEnv
from rlnas.envs.registry import make_env
from rlnas.envs.settings import EnvSettings
from rlnas.errors import EnvironmentFault, UserError

ATARI_FPS = 60
"""Frames of a second of the console."""

MINATAR_FPS = 10
"""MinAtar has no clock; at this speed a person can follow."""

DEFAULT_FPS = 30
"""For environments that do not say."""


class Camera(Protocol):
    """Takes the frames of one environment, `(height, width, 3)` uint8."""

    fps: float

    def reset(self, seeds: np.ndarray, observation: np.ndarray) -> np.ndarray:
        """The first frame of a game that began with these seeds and this observation, `(1, *shape)`."""
        ...

    def step(self, actions: np.ndarray, step: Step) -> np.ndarray:
        """The frame after a step: what was asked for, and what came of it."""
        ...

    def close(self) -> None:
        """Frees what the camera holds."""
        ...


class FilmedEnv:
    """A vector environment of one, whose frames are handed on: one after a reset, one after each step.

    What an agent plays in it is what it plays in the environment alone.

    Args:
        env: one environment.
        camera: takes its frames.
        film: is given every frame.
    """

    def __init__(self, env: VectorEnv, camera: Camera, film: Callable[[np.ndarray], None]):
        self._env, self._camera, self._film = env, camera, film
        self.num_envs = env.num_envs
        self.observation_shape = env.observation_shape
        self.observation_dtype = env.observation_dtype
        self.observation_bounds = env.observation_bounds
        self.actions = env.actions
        self.max_steps = env.max_steps

    @property
    def remarks(self) -> dict[str, str]:
        """See `VectorEnv.remarks`."""
        return self._env.remarks

    @property
    def running_scores(self) -> np.ndarray:
        """See `VectorEnv.running_scores`."""
        return self._env.running_scores

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        """Starts a new game; see `VectorEnv.reset`."""
        observation = self._env.reset(seeds)
        self._film(self._camera.reset(seeds, observation))
        return observation

    def step(self, actions: np.ndarray) -> Step:
        """Plays one action; see `VectorEnv.step`."""
        step = self._env.step(actions)
        self._film(self._camera.step(actions, step))
        return step

    def close(self) -> None:
        """Frees the environment and its camera."""
        self._camera.close()
        self._env.close()


class AtariCamera:
    """Plays the same game a second time, in colour and in the screen's own size.

    ale-py's vector environment gives no colours beside the gray squares that agents see. But a game depends on nothing
    but its seed and its actions, so a twin with the same settings plays the same one; every step is compared.

    Args:
        rom: ROM name.
        settings: those of the environment that is filmed.
    """

    def __init__(self, rom: str, settings: EnvSettings):
        self.fps = ATARI_FPS / settings.frame_skip
        self._twin = AtariEnv(rom, settings, num_envs=1, film=True)

    def reset(self, seeds: np.ndarray, observation: np.ndarray) -> np.ndarray:
        """See `Camera.reset`."""
        return self._twin.reset(seeds)[0, 0]

    def step(self, actions: np.ndarray, step: Step) -> np.ndarray:
        """See `Camera.step`.

        Raises:
            EnvironmentFault: if the twin's game is another one.
        """
        twin = self._twin.step(actions)
        for name in ("reward", "terminated", "truncated", "valid"):
            if not np.array_equal(getattr(twin, name), getattr(step, name)):
                raise EnvironmentFault(
                    "the emulator played two games from one seed: the video would show another game."
                )
        return twin.observation[0, 0]

    def close(self) -> None:
        """Frees the twin."""
        self._twin.close()


class GridCamera:
    """Draws grids `(channels, height, width)` of bools, one colour for each channel, the last channel on top.

    Args:
        channels: how many there are.
    """

    fps: float = MINATAR_FPS

    def __init__(self, channels: int):
        # Hues around the circle from blue on, bright and less bright by turns, on a dark ground.
        colours = [(0.07, 0.07, 0.10)]
        colours += [colorsys.hsv_to_rgb((0.6 + i / channels) % 1, 0.65, (1.0, 0.7)[i % 2]) for i in range(channels)]
        self.palette = np.rint(np.array(colours) * 255).astype(np.uint8)
        """`(1 + channels, 3)`; the first colour is that of empty fields."""

    def reset(self, seeds: np.ndarray, observation: np.ndarray) -> np.ndarray:
        """See `Camera.reset`."""
        return self._draw(observation[0])

    def step(self, actions: np.ndarray, step: Step) -> np.ndarray:
        """See `Camera.step`."""
        return self._draw(step.observation[0])

    def _draw(self, grid: np.ndarray) -> np.ndarray:
        numbers = np.arange(1, len(grid) + 1)[:, None, None]
        return self.palette[(grid * numbers).max(axis=0)]

    def close(self) -> None:
        """Holds nothing."""


class GymCamera:
    """Asks a Gymnasium environment to draw itself.

    Args:
        env: made with the render mode `"rgb_array"`.
        fps: frames of a second.
    """

    def __init__(self, env: GymEnv, fps: float):
        self.fps = fps
        self._env = env
        self._shape: tuple[int, ...] | None = None

    def reset(self, seeds: np.ndarray, observation: np.ndarray) -> np.ndarray:
        """See `Camera.reset`."""
        return self._draw()

    def step(self, actions: np.ndarray, step: Step) -> np.ndarray:
        """See `Camera.step`."""
        return self._draw()

    def _draw(self) -> np.ndarray:
        name = self._env.env_id
        try:
            frame: Any = self._env.render()
        except gymnasium.error.DependencyNotInstalled as error:
            raise UserError(f"environment {name!r} cannot draw itself: {str(error).rstrip('.')}.") from None
        except BaseException as error:
            raise_fault(error, f"environment {name!r} raised in render")
        is_array = isinstance(frame, np.ndarray)
        if not is_array or frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            found = f"{frame.dtype} {frame.shape}" if is_array else type(frame).__name__
            raise UserError(
                f"environment {name!r} draws {found}, but a frame must be a uint8 array of shape (height, width, 3)."
            )
        if self._shape not in (None, frame.shape):
            raise UserError(f"environment {name!r} draws frames of several sizes: {self._shape} and {frame.shape}.")
        self._shape = frame.shape
        return frame

    def close(self) -> None:
        """The environment is closed by its owner."""


def film_env(env_id: str, settings: EnvSettings, film: Callable[[np.ndarray], None]) -> tuple[FilmedEnv, float]:
    """Makes one environment that is filmed.

    Args:
        env_id: as for `make_env`.
        settings: those that its agent was trained with.
        film: is given every frame, `(height, width, 3)` uint8.

    Returns:
        The environment, and the frames of a second at which its games look right.

    Raises:
        UserError: as `make_env`, and if the environment cannot draw itself.
        EnvironmentFault: if the environment cannot be made.
    """
    env = make_env(env_id, settings, num_envs=1)
    camera: Camera
    if isinstance(env, AtariEnv):
        camera = AtariCamera(env.rom, settings)
    elif isinstance(env, MinAtarEnv):
        camera = GridCamera(env.observation_shape[0])
    else:
        assert isinstance(env, GymEnv)
        metadata = env.metadata
        env.close()
        fps = _drawing_speed(env_id, metadata)
        env = GymEnv(env_id, 1, "rgb_array", settings.channels, settings.scale_actions)
        camera = GymCamera(env, fps)
    return FilmedEnv(env, camera, film), camera.fps


def _drawing_speed(env_id: str, metadata: Mapping[str, Any]) -> float:
    """Frames of a second of a Gymnasium environment, by what it says of itself.

    Raises:
        UserError: if it cannot draw itself.
    """
    modes = metadata.get("render_modes") or []
    if "rgb_array" not in modes:
        others = f"only {', '.join(map(repr, modes))}" if modes else "none at all"
        raise UserError(
            f"environment {env_id!r} cannot be filmed: a video needs the render mode 'rgb_array', and it has {others}."
        )
    return float(metadata.get("render_fps") or DEFAULT_FPS)
