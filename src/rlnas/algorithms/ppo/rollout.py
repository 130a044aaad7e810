"""Collecting experience: what the policy saw, did and got."""

import numpy as np
import torch
from torch import Tensor

from rlnas.algorithms.algorithm import Policy
from rlnas.algorithms.distributions import Distribution, check_finite
from rlnas.algorithms.ppo.normalization import Normalizer
from rlnas.algorithms.torch_modes import Device
from rlnas.envs import Episode, VectorEnv
from rlnas.errors import EnvironmentFault
from rlnas.nets import fixed_weights

COMPACT = {np.dtype(np.uint8): torch.uint8, np.dtype(np.bool_): torch.bool}
"""Observations that are kept as they come, a byte each; others become float32."""


class Rollout:
    """Storage for `steps` steps of `num_envs` environments, reused from one iteration to the next.

    Maps are kept with the channels last, the layout in which convolutions are fast, so that minibatches need no
    conversion but that from bytes to floats.

    Attributes:
        action: `(steps, num_envs, *actions.shape)`.
        log_probability, value, reward, terminated, truncated, valid: `(steps, num_envs)`.
        next_value: `(steps, num_envs)`, value of the observation that followed, before any reset.
        episodes: the games that ended, each with the step within the rollout on which it did.
    """

    def __init__(self, steps: int, env: VectorEnv, device: Device):
        shape = (steps, env.num_envs)
        self.is_map = len(env.observation_shape) == 3
        c, *rest = env.observation_shape
        stored = (*rest, c) if self.is_map else env.observation_shape
        dtype = COMPACT.get(env.observation_dtype, torch.float32)
        self._observation = torch.zeros((*shape, *stored), dtype=dtype, device=device)
        kind = torch.float32 if env.actions.dtype.kind == "f" else torch.int64
        self.action = torch.zeros((*shape, *env.actions.shape), dtype=kind, device=device)
        numbers, flags = (
            torch.zeros((4, *shape), device=device),
            torch.zeros((3, *shape), dtype=torch.bool, device=device),
        )
        self.log_probability, self.value, self.next_value, self.reward = numbers
        self.terminated, self.truncated, self.valid = flags
        self.episodes: list[tuple[int, Episode]] = []

    def store_observation(self, t: int, observation: np.ndarray) -> Tensor:
        """Keeps the observations of step `t`; returns them as the policy takes them, `(num_envs, *shape)`."""
        view = self._as_maps(self._observation[t])
        view.copy_(torch.as_tensor(observation))
        return view

    def observations(self, index: Tensor) -> Tensor:
        """The observations at flat indices, `(len(index), *shape)`; steps run slowest."""
        return self._as_maps(self._observation.flatten(0, 1).index_select(0, index))

    def _as_maps(self, stored: Tensor) -> Tensor:
        return stored.permute(0, 3, 1, 2) if self.is_map else stored


@torch.no_grad()
@fixed_weights()
def collect(
    policy: Policy,
    distribution: Distribution,
    env: VectorEnv,
    observation: np.ndarray,
    rollout: Rollout,
    generator: torch.Generator,
    normalizer: Normalizer | None = None,
) -> np.ndarray:
    """Fills a rollout by acting from `observation`, `(n, *shape)`; returns the observation after the last step.

    Both are as the policy sees them, behind the normaliser. Raises as `Trainer.iterate` does.
    """
    rollout.episodes = []
    steps = len(rollout.value)
    noise: Tensor | None = None
    outputs: list[tuple[Tensor, Tensor]] = []
    transitions: list[tuple[np.ndarray, ...]] = []
    for t in range(steps):
        parameters, value = policy(rollout.store_observation(t, observation))
        if noise is None:
            noise = distribution.noise((steps, *parameters.shape), generator)
        action = distribution.sample(parameters, noise[t]).cpu().numpy()
        try:
            step = env.step(action)
        except EnvironmentFault:
            check_finite(parameters)  # an action that is NaN is no fault of the environment's
            raise
        observation, reward = normalizer.step(step) if normalizer else (step.observation, step.reward)
        outputs.append((parameters, value))
        transitions.append((action, reward, step.terminated, step.truncated, step.valid))
        rollout.episodes.extend((t, episode) for episode in step.episodes)
    parameters, value = (torch.stack(column) for column in zip(*outputs, strict=True))
    check_finite(parameters)
    rollout.value.copy_(value)
    stored = rollout.action, rollout.reward, rollout.terminated, rollout.truncated, rollout.valid
    for tensor, column in zip(stored, zip(*transitions, strict=True), strict=True):
        tensor.copy_(torch.from_numpy(np.stack(column)))
    found = distribution.evaluate(parameters.flatten(0, 1), rollout.action.flatten(0, 1))[0]
    rollout.log_probability.copy_(found.view_as(rollout.value))
    # Resets come one step late, so the observation that the policy meets next is the one that followed.
    rollout.next_value[:-1] = rollout.value[1:]
    rollout.next_value[-1] = policy(torch.as_tensor(observation).to(rollout.value.device))[1]
    return observation
