"""Any registered Gymnasium environment with discrete actions."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from rlnas.envs.base import EpisodeCounter, Step
from rlnas.errors import EnvironmentFault, UserError


class GymEnv:
    """Gymnasium environments, stepped one after another in this process.

    Args:
        env_id: a registered id.
        num_envs: how many step together.
        render_mode: how the environments draw themselves, `"rgb_array"` for `render`; not at all by default.

    Raises:
        UserError: if the observation is not a `Box` or the action not `Discrete`.
        EnvironmentFault: if the environment cannot be made.
    """

    def __init__(self, env_id: str, num_envs: int, render_mode: str | None = None):
        self.env_id = env_id
        self.num_envs = num_envs
        # Not every environment takes the argument.
        options: dict[str, Any] = {} if render_mode is None else {"render_mode": render_mode}
        try:
            makers = [lambda: gymnasium.make(env_id, **options)] * num_envs
            self._env = SyncVectorEnv(makers, autoreset_mode=AutoresetMode.NEXT_STEP)
        except Exception as error:
            raise EnvironmentFault(f"environment {env_id!r} cannot be made: {_reason(error)}.") from error
        observations, actions = self._env.single_observation_space, self._env.single_action_space
        if not isinstance(observations, gymnasium.spaces.Box):
            raise UserError(f"environment {env_id!r} has {type(observations).__name__} observations; only Box works.")
        if not isinstance(actions, gymnasium.spaces.Discrete):
            raise UserError(f"environment {env_id!r} has {type(actions).__name__} actions; only Discrete works yet.")
        self._first_action = int(actions.start)
        self.num_actions = int(actions.n)
        self.observation_shape = tuple(observations.shape)
        self.observation_dtype = np.dtype(observations.dtype)
        self._games = EpisodeCounter(num_envs)
        self._over = np.zeros(num_envs, dtype=bool)

    @property
    def running_scores(self) -> np.ndarray:
        """See `VectorEnv.running_scores`."""
        return self._games.score

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        """Starts a new episode in every environment; see `VectorEnv.reset`."""
        try:
            observation, _ = self._env.reset(seed=[int(seed) for seed in seeds])
        except Exception as error:
            raise EnvironmentFault(f"environment {self.env_id!r} raised in reset: {_reason(error)}.") from error
        self._games.reset()
        self._over[:] = False
        self._check("observation", observation)
        return observation.copy()

    def step(self, actions: np.ndarray) -> Step:
        """Plays one action in every environment; see `VectorEnv.step`."""
        try:
            observation, reward, terminated, truncated, _ = self._env.step(actions + self._first_action)
        except Exception as error:
            raise EnvironmentFault(f"environment {self.env_id!r} raised in step: {_reason(error)}.") from error
        self._check("observation", observation)
        self._check("reward", reward)
        resetting, ended = self._over, terminated | truncated
        episodes = self._games.add(reward, ~resetting, ended, truncated & ~terminated)
        self._over = ended
        truncated = truncated & ~terminated
        return Step(observation.copy(), reward.astype(np.float32), terminated, truncated, ~resetting, episodes)

    def render(self) -> Any:
        """What the first environment's own `render` returns."""
        frames = self._env.render()
        return None if frames is None else frames[0]

    def _check(self, what: str, values: np.ndarray) -> None:
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            found = "NaN" if np.isnan(values).any() else "infinity"
            raise EnvironmentFault(f"environment {self.env_id!r} returned {found} as {what}.")

    def close(self) -> None:
        """Closes the environments; an error in their own `close` is not worth losing a result for."""
        try:
            self._env.close()
        except Exception:
            return


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(".")
