"""A family of environments: what is made, filmed and set up alike."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from gymnasium.spaces import Box
from gymnasium.spaces import Space as GymSpace

from rlnas.envs.base import Step, VectorEnv
from rlnas.envs.settings import Channels, EnvSettings


@dataclass(frozen=True)
class Defaults:
    """What differs from `EnvSettings` and `PPOSettings`, which are for Atari, and where that comes from."""

    source: str
    env: dict[str, Any]
    ppo: dict[str, Any]


class Camera:
    """Base of what takes the frames of one environment: the first one after a reset, then one after each step."""

    fps: float
    """Frames of a second at which the games look right."""

    def reset(self, seeds: np.ndarray, observation: np.ndarray) -> np.ndarray:
        """The first frame of a game that began with these seeds and this observation, `(1, *shape)`."""
        return self.draw(observation[0])

    def step(self, actions: np.ndarray, step: Step) -> np.ndarray:
        """The frame after a step: the actions, and what the step returned."""
        return self.draw(step.observation[0])

    def draw(self, observation: np.ndarray) -> np.ndarray:
        """A frame `(height, width, 3)` uint8, of an observation or of the environment's present state."""
        raise NotImplementedError

    def close(self) -> None:
        """Frees what the camera holds."""


class EnvFamily:
    """Environments that are made alike. `rlnas.envs.families` has a table of all.

    Attributes:
        prefix: what their ids begin with.
        options: the fields of `EnvSettings` that mean something for them.
        extra: the extra of rlnas that installs them; empty where rlnas itself does.
        packages: the packages that decide their games, whose versions a run keeps.
        defaults: their settings; `None` where these depend on the environment.
        own: whether users register environments of this family.
    """

    prefix: ClassVar[str]
    options: ClassVar[tuple[str, ...]]
    extra: ClassVar[str] = ""
    packages: ClassVar[tuple[str, ...]] = ()
    defaults: ClassVar[Defaults | None] = None
    own: ClassVar[bool] = False

    def owns(self, env_id: str) -> bool:
        """Whether an id is one of this family, whether or not there is such an environment."""
        return env_id.startswith(self.prefix)

    def ids(self) -> list[str]:
        """The ids of the environments that there are now: none where a package is missing."""
        raise NotImplementedError

    def load(self) -> None:
        """Imports packages that take long, where they are installed, so that the trials of a search share them.

        They start no threads, and none is the user's own.
        """
        return

    def make(self, env_id: str, settings: EnvSettings, num_envs: int, threads: int = 1) -> VectorEnv:
        """Makes `num_envs` environments; see `make_env`."""
        raise NotImplementedError

    def film(self, env_id: str, settings: EnvSettings) -> tuple[VectorEnv, Camera]:
        """Makes one environment and what takes its frames; see `film_env`."""
        raise NotImplementedError

    def spaces(self, env_id: str, shape: tuple[int, ...], outputs: int, channels: Channels) -> tuple[Box, GymSpace]:
        """The observations, as they reach a network, and the actions; packages need not be installed for that.

        `shape` is that of the observations that a network takes, `outputs` are those of its policy's head. Raises a
        `UserError` if the environment cannot be made, or has other observations or actions.
        """
        raise NotImplementedError
