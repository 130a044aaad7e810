"""Any registered Gymnasium environment whose observations are numbers in one array."""

from __future__ import annotations

from typing import Any, NoReturn

import gymnasium
import numpy as np

from rlnas.envs.actions import ContinuousActions
from rlnas.envs.base import EpisodeCounter, Step
from rlnas.envs.gym_spaces import Channels, Observations, play_action, read_actions
from rlnas.errors import EnvironmentFault, UserError


class GymEnv:
    """Gymnasium environments, stepped one after another in this process.

    What an environment returns is checked on every step, since an agent learns nothing from NaN, and a wrong shape or
    type would otherwise be copied into place in silence. Numbers outside the observation space are only remarked on:
    some of Gymnasium's own environments return them (LunarLander flies higher than its space says).

    Args:
        env_id: a registered id.
        num_envs: how many step together.
        render_mode: how the environments draw themselves, `"rgb_array"` for `render`; not at all by default.
        channels: which axis of maps is their channels (`EnvSettings.channels`).
        scale_actions: whether actions in [-1, 1] stand for the bounds of the action space.

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
        self.env_id = env_id
        self.num_envs = num_envs
        # Not every environment takes the argument.
        self._options: dict[str, Any] = {} if render_mode is None else {"render_mode": render_mode}
        self._envs: list[gymnasium.Env] = []
        self._played = False
        self._make()
        try:
            self._observations = Observations(env_id, own_space(env_id, self._envs[0], "observation_space"), channels)
            self._action_space = own_space(env_id, self._envs[0], "action_space")
            self.actions = read_actions(env_id, self._action_space)
            if scale_actions and not isinstance(self.actions, ContinuousActions):
                raise UserError(
                    f"the environment option 'scale_actions' is for continuous actions, and {env_id!r} has "
                    f"{self.actions}."
                )
        except Exception:
            self.close()
            raise
        self.observation_shape = self._observations.shape
        self.observation_dtype = self._observations.dtype
        self.observation_bounds = self._observations.bounds
        limit = getattr(self._envs[0].spec, "max_episode_steps", None)
        self.max_steps: int | None = None if limit is None else int(limit)
        self._scale_actions = bool(scale_actions)
        self._games = EpisodeCounter(num_envs)
        self._over = np.zeros(num_envs, dtype=bool)

    @property
    def remarks(self) -> dict[str, str]:
        """See `VectorEnv.remarks`."""
        return self._observations.remarks

    @property
    def axes(self) -> str:
        """Which axis of a map is its channels, in words, and what says otherwise; empty for vectors."""
        found = self._observations
        return f"{found.axes} ({found.otherwise})" if found.axes else ""

    @property
    def metadata(self) -> dict[str, Any]:
        """What the environment says of how it draws itself: `render_modes`, `render_fps`."""
        return dict(self._envs[0].metadata or {})

    @property
    def running_scores(self) -> np.ndarray:
        """See `VectorEnv.running_scores`."""
        return self._games.score

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        """Starts a new episode in every environment; see `VectorEnv.reset`.

        Environments that have played are made anew: some keep state that no reset clears (the bodies of BipedalWalker's
        physics, for one), and a run that is resumed must meet the same games.
        """
        if self._played or not self._envs:
            self.close()
            self._make()
        self._games.reset()
        self._over[:] = False
        return np.stack([self._reset(env, int(seed)) for env, seed in zip(self._envs, seeds, strict=True)])

    def _make(self) -> None:
        self._played = False
        try:
            for _ in range(self.num_envs):
                # Gymnasium's checker only warns, in many sentences; the checks here name what matters.
                self._envs.append(gymnasium.make(self.env_id, disable_env_checker=True, **self._options))
        except BaseException as error:
            self.close()
            raise_fault(error, f"environment {self.env_id!r} cannot be made")

    def step(self, actions: np.ndarray) -> Step:
        """Plays one action in every environment; see `VectorEnv.step`."""
        self.actions.check(actions, self.num_envs)
        self._played = True
        observation = np.empty((self.num_envs, *self.observation_shape), dtype=self.observation_dtype)
        reward = np.zeros(self.num_envs, dtype=np.float64)
        terminated, truncated = np.zeros(self.num_envs, dtype=bool), np.zeros(self.num_envs, dtype=bool)
        resetting = self._over
        for i, env in enumerate(self._envs):
            if resetting[i]:
                observation[i] = self._reset(env, None)
            else:
                observation[i], reward[i], terminated[i], truncated[i] = self._step(env, actions[i])
        self._over = terminated | truncated
        truncated = truncated & ~terminated
        episodes = self._games.add(reward, ~resetting, self._over, truncated)
        return Step(observation, reward.astype(np.float32), terminated, truncated, ~resetting, episodes)

    def _reset(self, env: gymnasium.Env, seed: int | None) -> np.ndarray:
        try:
            returned: Any = env.reset(seed=seed)
        except BaseException as error:
            raise_fault(error, f"environment {self.env_id!r} raised in reset")
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise EnvironmentFault(f"environment {self.env_id!r} must return (observation, info) from reset.")
        return self._observations.read(returned[0])

    def _step(self, env: gymnasium.Env, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool]:
        try:
            returned: Any = env.step(play_action(self._action_space, action, self._scale_actions))
        except BaseException as error:
            raise_fault(error, f"environment {self.env_id!r} raised in step")
        if not isinstance(returned, tuple) or len(returned) != 5:
            raise EnvironmentFault(
                f"environment {self.env_id!r} must return (observation, reward, terminated, truncated, info) from step."
            )
        observation, reward, terminated, truncated, _ = returned
        flags = self._flag("terminated", terminated), self._flag("truncated", truncated)
        return self._observations.read(observation), self._reward(reward), *flags

    def _flag(self, name: str, value: Any) -> bool:
        if isinstance(value, int | np.bool_ | np.integer) and value in (0, 1):
            return bool(value)
        raise EnvironmentFault(
            f"environment {self.env_id!r} returned {value!r} as {name}, which must be true or false."
        )

    def render(self) -> Any:
        """What the first environment's own `render` returns."""
        return self._envs[0].render()

    def _reward(self, value: Any) -> float:
        try:
            # An array of one number is what vector code leaves of it.
            reward = float(np.asarray(value).reshape(()) if np.size(value) == 1 else value)
        except (TypeError, ValueError):
            raise EnvironmentFault(
                f"environment {self.env_id!r} returned {value!r} as reward, which must be one number."
            ) from None
        if not np.isfinite(reward):
            found = "NaN" if np.isnan(reward) else "infinity"
            raise EnvironmentFault(f"environment {self.env_id!r} returned {found} as reward.")
        return reward

    def close(self) -> None:
        """Closes the environments; an error in their own `close` is not worth losing a result for."""
        for env in self._envs:
            try:
                env.close()
            except KeyboardInterrupt:
                raise
            except BaseException:
                continue
        self._envs = []


def raise_fault(error: BaseException, what: str) -> NoReturn:
    """Raises what came out of a call of an environment's own code: its `sys.exit`, say, must not end a worker.

    Raises:
        KeyboardInterrupt: as it is, since that is for rlnas.
        EnvironmentFault: for everything else.
    """
    if isinstance(error, KeyboardInterrupt):
        raise error
    raise EnvironmentFault(f"{what}: {type(error).__name__}: {error}".rstrip(". ") + ".") from error


def own_space(env_id: str, env: gymnasium.Env, name: str) -> gymnasium.Space:
    """The `observation_space` or `action_space` of an environment.

    Raises:
        UserError: if it has none.
    """
    try:
        found: Any = getattr(env, name, None)
    except BaseException as error:
        raise_fault(error, f"environment {env_id!r} raised in {name}")
    if found is None:
        raise UserError(f"environment {env_id!r} has no {name}: set it in the environment's __init__.")
    return found
