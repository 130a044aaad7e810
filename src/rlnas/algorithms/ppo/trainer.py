"""The trainer: PPO iterations with a learning-rate schedule, and all the state that a resumed run needs."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from rlnas import seeding
from rlnas.algorithms.algorithm import IterationLog, Trainer, below
from rlnas.algorithms.distributions import distribution_for
from rlnas.algorithms.ppo.adam import Adam
from rlnas.algorithms.ppo.normalization import Normalizer
from rlnas.algorithms.ppo.rollout import COMPACT, Rollout, collect
from rlnas.algorithms.ppo.settings import PPOSettings
from rlnas.algorithms.ppo.update import update
from rlnas.algorithms.torch_modes import Device
from rlnas.envs import VectorEnv
from rlnas.errors import TrainingDiverged, UserError
from rlnas.nets import Standardize


def make_normalizer(env: VectorEnv, settings: PPOSettings) -> Normalizer | None:
    """The normaliser for the settings; raises a `UserError` where it cannot work on such observations or rewards."""
    if settings.normalize_observations and env.observation_dtype in COMPACT:
        raise UserError(
            f"normalize_observations works on floats and whole numbers, and the observations of the environment are "
            f"{env.observation_dtype}: set it to false."
        )
    if settings.normalize_rewards and settings.reward_clip == "sign":
        raise UserError("normalize_rewards has no effect on the sign of rewards: set reward_clip to none.")
    chosen = settings.normalize_observations, settings.normalize_rewards
    return Normalizer(env.observation_shape, env.num_envs, *chosen, settings.gamma) if any(chosen) else None


class PPOTrainer(Trainer[PPOSettings]):
    """See `Trainer`: its state is the weights, Adam's moments, those of observations and rewards, and the iteration.

    Where the policy has a true attribute `spare_idle_inputs`, as a supernet with narrow paths, that is passed to Adam.
    """

    def __init__(
        self,
        policy: nn.Module,
        env: VectorEnv,
        settings: PPOSettings,
        iterations: int,
        seed: int,
        device: Device = "cpu",
    ):
        super().__init__(policy, env, settings, iterations, seed, device)
        spare = bool(getattr(policy, "spare_idle_inputs", False))
        rate, eps = settings.learning_rate, settings.adam_eps
        self.optimizer = Adam(policy.named_parameters(), rate, eps, spare_idle_inputs=spare)
        self.distribution = distribution_for(env.actions)
        self.normalizer = make_normalizer(env, settings)
        self.rollout = Rollout(settings.rollout_steps, env, self.device)
        self.observation: np.ndarray | None = None

    @property
    def standardize(self) -> Standardize | None:
        known = self.normalizer.observations if self.normalizer else None
        return None if known is None else known.standardize.to(self.device)

    @property
    def learning_rate(self) -> float:
        """Adam's learning rate for the next iteration."""
        spent = min(1, self.iteration / self.iterations)
        left = {"cosine": 0.5 * (1 + math.cos(math.pi * spent)), "linear": 1 - spent, "constant": 1.0}
        return self.settings.learning_rate * left[self.settings.learning_rate_schedule]

    def restart(self, number: int, occasion: str = "environments") -> None:
        # Every rollout bootstraps its last values, so a cut episode ends as truncated.
        observation = self.env.reset(seeding.integers(self.seed, occasion, number, count=self.env.num_envs))
        self.observation = self.normalizer.reset(observation) if self.normalizer else observation

    def iterate(self) -> IterationLog:
        if self.observation is None:
            self.restart(0)
        assert self.observation is not None
        self.optimizer.learning_rate = rate = self.learning_rate
        actions = torch.Generator(self.device).manual_seed(seeding.integer(self.seed, "actions", self.iteration))
        shuffle = torch.Generator().manual_seed(seeding.integer(self.seed, "shuffle", self.iteration))
        before = self.steps
        self.observation = collect(
            self.policy, self.distribution, self.env, self.observation, self.rollout, actions, self.normalizer
        )
        stats = update(self.policy, self.distribution, self.optimizer, self.rollout, self.settings, shuffle)
        if not math.isfinite(stats.policy_loss + stats.value_loss + stats.gradient_norm):
            raise TrainingDiverged(f"training diverged at step {before}: a loss or gradient is not finite.")
        self.iteration += 1
        episodes = [(before + (t + 1) * self.env.num_envs, episode) for t, episode in self.rollout.episodes]
        return IterationLog(self.iteration, self.steps, episodes, vars(stats), rate)

    def reset_optimizer(self) -> None:
        self.optimizer.state.clear()

    def weights(self, policy: nn.Module) -> dict[str, Tensor]:
        """With the weights go the moments of observations and rewards."""
        state = {f"policy.{name}": tensor for name, tensor in policy.state_dict().items()}
        if self.normalizer is not None:
            state |= {f"normalizer.{name}": tensor for name, tensor in self.normalizer.state_dict().items()}
        return state

    def start_from(self, state: Mapping[str, Tensor]) -> None:
        self.policy.load_state_dict(below("policy.", state))
        if self.normalizer is not None:
            self.normalizer.load_state_dict(below("normalizer.", state))

    def state_dict(self) -> dict[str, Tensor]:
        adam = {f"adam.{name}": tensor for name, tensor in self.optimizer.state_dict().items()}
        return {**self.weights(self.policy), **adam, "iteration": torch.tensor(self.iteration)}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.start_from(state)
        self.optimizer.load_state_dict(below("adam.", state))
        self.iteration = int(state["iteration"])
