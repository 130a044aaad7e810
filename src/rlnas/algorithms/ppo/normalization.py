"""Observations and rewards brought to a common scale while training, as VecNormalize of Stable-Baselines3 does."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from rlnas.envs import Step
from rlnas.nets import Standardize

CLIP = 10.0
"""Largest absolute value of a normalised observation or reward."""

EPSILON = 1e-8


class Moments:
    """Running mean and variance of vectors of a shape, by the parallel algorithm of Chan et al. (1979)."""

    NAMES = ("mean", "variance", "count")

    def __init__(self, shape: tuple[int, ...]):
        self.mean = np.zeros(shape)
        self.variance = np.ones(shape)
        # As in Stable-Baselines3: the first batch all but replaces the mean of 0 and variance of 1.
        self.count = 1e-4

    def update(self, batch: np.ndarray) -> None:
        """Takes in a batch `(n, *shape)`; none at all changes nothing."""
        if not len(batch):
            return
        batch = batch.astype(np.float64)
        mean, variance, count = batch.mean(0), batch.var(0), len(batch)
        total, delta = self.count + count, mean - self.mean
        squares = self.variance * self.count + variance * count + delta**2 * self.count * count / total
        self.mean = self.mean + delta * count / total
        self.variance = squares / total
        self.count = total

    @property
    def deviation(self) -> np.ndarray:
        """The standard deviation, never 0."""
        return np.sqrt(self.variance + EPSILON)

    @property
    def standardize(self) -> Standardize:
        """What normalises observations as these moments have it, before a network that no longer learns."""
        mean, deviation = (torch.as_tensor(x, dtype=torch.float32) for x in (self.mean, self.deviation))
        return Standardize(mean, deviation, CLIP)

    def state_dict(self) -> dict[str, Tensor]:
        """Mean, variance and count, float64."""
        return {name: torch.tensor(getattr(self, name), dtype=torch.float64) for name in self.NAMES}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restores what `state_dict` gave."""
        self.mean, self.variance = state["mean"].numpy().copy(), state["variance"].numpy().copy()
        self.count = float(state["count"])


class Normalizer:
    """Normalises what a vector environment gives, by what it has given so far.

    Observations lose their mean and are divided by their standard deviation. Rewards are divided by the standard
    deviation of the discounted return that they add up to, their mean stays. Both are clipped to +-10. The last
    observation of an episode is normalised, but not counted, as in Stable-Baselines3. `shape` is of one observation;
    `observations` and `rewards` say which of them are normalised.
    """

    def __init__(self, shape: tuple[int, ...], num_envs: int, observations: bool, rewards: bool, gamma: float):
        self.observations = Moments(shape) if observations else None
        self.returns = Moments(()) if rewards else None
        self.gamma = gamma
        self._running = np.zeros(num_envs)

    def reset(self, observation: np.ndarray) -> np.ndarray:
        """Takes the first observations `(n, *shape)` of new episodes in; returns them as the policy sees them."""
        self._running[:] = 0
        return self._observe(observation, np.ones(len(observation), dtype=bool))

    def step(self, step: Step) -> tuple[np.ndarray, np.ndarray]:
        """Takes a step in; returns observations `(n, *shape)` and rewards `(n,)` to learn from, float32."""
        ended = step.terminated | step.truncated
        observation = self._observe(step.observation, ~ended)
        if self.returns is None:
            return observation, step.reward
        self._running = np.where(step.valid, self.gamma * self._running + step.reward, self._running)
        self.returns.update(self._running[step.valid])
        reward = np.clip(step.reward / self.returns.deviation, -CLIP, CLIP).astype(np.float32)
        self._running[ended] = 0
        return observation, reward

    def _observe(self, observation: np.ndarray, counted: np.ndarray) -> np.ndarray:
        if self.observations is None:
            return observation
        self.observations.update(observation[counted])
        scaled = (observation - self.observations.mean) / self.observations.deviation
        return np.clip(scaled, -CLIP, CLIP).astype(np.float32)

    @property
    def _groups(self) -> dict[str, Moments]:
        found = {"observations": self.observations, "returns": self.returns}
        return {name: moments for name, moments in found.items() if moments is not None}

    def state_dict(self) -> dict[str, Tensor]:
        """The moments, as tensors by name."""
        return {f"{name}.{key}": x for name, group in self._groups.items() for key, x in group.state_dict().items()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restores what `state_dict` gave; raises a `KeyError` if moments are missing."""
        for name, group in self._groups.items():
            group.load_state_dict({key: state[f"{name}.{key}"] for key in Moments.NAMES})
