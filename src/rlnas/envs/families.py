"""From an environment's id to its family, and from there to a vector environment."""

from collections.abc import Callable

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from gymnasium.spaces import Space as GymSpace

from rlnas.envs.atari import Atari
from rlnas.envs.base import Step, VectorEnv
from rlnas.envs.family import Camera, EnvFamily
from rlnas.envs.gym import Gymnasium
from rlnas.envs.minatar import MinAtar
from rlnas.envs.settings import Channels, EnvSettings
from rlnas.errors import UserError, needs_extra, unknown

FAMILIES: tuple[EnvFamily, ...] = (Atari(), MinAtar(), Gymnasium())
"""All families; an id belongs to the first one that owns it."""


def family_of(env_id: str) -> EnvFamily:
    """The family that an id belongs to, whether or not there is such an environment."""
    return next(family for family in FAMILIES if family.owns(env_id))


def known_ids() -> list[str]:
    """The ids of the environments that there are now, without the old ids of Atari games, which rlnas cannot make."""
    return sorted(name for family in FAMILIES for name in family.ids() if family_of(name) is family)


def check_known(env_id: str) -> EnvFamily:
    """The family of an environment that there is now; raises a `UserError` if there is none of this id.

    Only then may Gymnasium see the id: it imports whatever one such as `"module:Name-v0"` names, and an id may come
    from a stranger's run.
    """
    for _ in range(2):
        family = family_of(env_id)
        if env_id in family.ids() or env_id in gymnasium.registry:
            return family
        known = known_ids()  # which registers the old ids of Atari games, too, and takes longer
    close = [name for name in known if family_of(name) is family]
    if family.extra and not close:
        raise needs_extra(f"{env_id!r} needs", family.extra)
    for meant in (f"{other.prefix}{env_id}{version}" for other in FAMILIES for version in ("", "-v5")):
        if meant in known:
            raise UserError(f"unknown environment {env_id!r}. Did you mean {meant!r}?")
    hint = "If it is your own, name the module that registers it with --import (in Python: imports=[...])."
    raise UserError(f"{unknown('environment', env_id, close)} {hint}")


def options_of(env_id: str) -> tuple[str, ...]:
    """The names of the fields of `EnvSettings` that mean something for an environment."""
    return family_of(env_id).options


def make_env(env_id: str, settings: EnvSettings, *, num_envs: int | None = None, threads: int = 1) -> VectorEnv:
    """Makes the vector environment of an id, e.g. `"ALE/Breakout-v5"`, or any in Gymnasium's registry.

    `num_envs` overrides `settings.num_envs`; `threads` are those of an emulator.

    Raises:
        UserError: if the id is unknown, or the environment is of a kind that rlnas cannot handle.
        EnvironmentFault: if the environment cannot be made.
    """
    return check_known(env_id).make(env_id, settings, num_envs or settings.num_envs, threads)


class FilmedEnv(VectorEnv):
    """A vector environment of one, whose frames `film` is given: one after a reset, one after each step."""

    def __init__(self, env: VectorEnv, camera: Camera, film: Callable[[np.ndarray], None]):
        super().__init__(env.num_envs)
        self._env, self._camera, self._film = env, camera, film
        self.observation_shape, self.observation_dtype = env.observation_shape, env.observation_dtype
        self.observation_bounds, self.actions, self.max_steps = env.observation_bounds, env.actions, env.max_steps
        self.remarks, self.running_scores = env.remarks, env.running_scores

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        observation = self._env.reset(seeds)
        self._film(self._camera.reset(seeds, observation))
        return observation

    def step(self, actions: np.ndarray) -> Step:
        step = self._env.step(actions)
        self._film(self._camera.step(actions, step))
        return step

    def close(self) -> None:
        self._camera.close()
        self._env.close()


def film_env(env_id: str, settings: EnvSettings, film: Callable[[np.ndarray], None]) -> tuple[FilmedEnv, float]:
    """Makes one environment whose frames, `(height, width, 3)` uint8, `film` is given; see also `make_env`.

    Returns it with the frames of a second at which its games look right. Raises a `UserError` if it cannot draw itself.
    """
    env, camera = check_known(env_id).film(env_id, settings)
    return FilmedEnv(env, camera, film), camera.fps


def find_spaces(env_id: str, shape: tuple[int, ...], outputs: int, channels: Channels = "auto") -> tuple[Box, GymSpace]:
    """The observations of an environment, as they reach a network, and its actions; see `EnvFamily.spaces`."""
    family = family_of(env_id)
    return (check_known(env_id) if family.own else family).spaces(env_id, shape, outputs, channels)
