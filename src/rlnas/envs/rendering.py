"""An environment that is filmed: every frame of the games that an agent plays in it."""

from collections.abc import Callable

import numpy as np

from rlnas.envs.base import Step, VectorEnv


class Camera:
    """Base of what takes the frames of one environment: the first one after a reset, then one after each step."""

    fps: float
    """Frames of a second at which the games look right."""

    def reset(self, seeds: np.ndarray, observation: np.ndarray) -> np.ndarray:
        """The first frame of a game that began with these seeds and this observation, `(1, *shape)`."""
        return self.draw(observation[0])

    def step(self, actions: np.ndarray, step: Step) -> np.ndarray:
        """The frame after a step: the actions, and what came of them."""
        return self.draw(step.observation[0])

    def draw(self, observation: np.ndarray) -> np.ndarray:
        """A frame `(height, width, 3)` uint8, of an observation or of the environment's present state."""
        raise NotImplementedError

    def close(self) -> None:
        """Frees what the camera holds."""


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
