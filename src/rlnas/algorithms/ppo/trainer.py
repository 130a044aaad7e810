"""The trainer: PPO iterations with a learning-rate schedule, and all the state that a resumed run needs."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from rlnas import seeding
from rlnas.algorithms.ppo.adam import Adam
from rlnas.algorithms.ppo.distributions import distribution_for
from rlnas.algorithms.ppo.normalization import Normalizer
from rlnas.algorithms.ppo.rollout import COMPACT, Rollout, collect
from rlnas.algorithms.ppo.settings import PPOSettings
from rlnas.algorithms.ppo.update import UpdateStats, update
from rlnas.envs import Episode, VectorEnv
from rlnas.errors import TrainingDiverged, UserError


@dataclass(frozen=True)
class IterationLog:
    """What one iteration did.

    Attributes:
        iteration: its number, from 1.
        steps: environment steps so far, this iteration's included.
        episodes: the full games that ended in it, each with the environment step at which it did.
        stats: losses and the like.
        learning_rate: the rate used.
    """

    iteration: int
    steps: int
    episodes: list[tuple[int, Episode]]
    stats: UpdateStats
    learning_rate: float


def set_float_modes() -> None:
    """Sets how this process computes: denormal numbers are 0, and CUDA's fp32 is whole, its convolutions deterministic.

    Adam's moments of idle weights decay into denormals, which are slow many times over. Torch would round what goes
    into CUDA's convolutions to TF32, ten bits of mantissa, and differently in rollout and update where their batch
    sizes pick different kernels. Of its convolutions some add up in whatever order threads arrive; these are left out.
    Max-pooling to a size that does not divide the map, and padding by reflection, have no deterministic gradient there.

    The mode of denormals belongs to a thread and is inherited by those that it starts, so this has to come before
    torch's first parallel operation.
    """
    torch.set_flush_denormal(True)
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False


@contextlib.contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Runs the body with so many torch threads and `set_float_modes`; the caller's number of threads comes back."""
    set_float_modes()
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def make_normalizer(env: VectorEnv, settings: PPOSettings) -> Normalizer | None:
    """The normaliser that the settings ask for.

    Raises:
        UserError: if observations are to be normalised that are kept as bytes, or rewards whose sign is all that is
            learned from.
    """
    if settings.normalize_observations and env.observation_dtype in COMPACT:
        raise UserError(
            f"normalize_observations works on floats and whole numbers, and the observations of the environment are "
            f"{env.observation_dtype}: set it to false."
        )
    if settings.normalize_rewards and settings.reward_clip == "sign":
        raise UserError("normalize_rewards has no effect on the sign of rewards: set reward_clip to none.")
    if not settings.normalize_observations and not settings.normalize_rewards:
        return None
    chosen = settings.normalize_observations, settings.normalize_rewards
    return Normalizer(env.observation_shape, env.num_envs, *chosen, settings.gamma)


class Trainer:
    """Trains a policy module on a vector environment.

    Every random stream is derived from the seed and the iteration, so the state is the weights, Adam's moments, those
    of observations and rewards, and the number of iterations. Emulators cannot be saved, so `restart` begins new
    episodes from a seed of their own; runs that are to be resumable call it after every checkpoint, whether they were
    interrupted or not.

    Args:
        policy: a module that maps observations to the parameters of a distribution of actions, and to values. Where it
            has a true attribute `spare_idle_inputs`, that is passed on to Adam.
        env: the environments.
        settings: hyperparameters.
        iterations: the budget, over which the learning rate falls to 0.
        seed: the root of all random streams.
        device: where the policy lives.
    """

    def __init__(
        self,
        policy: nn.Module,
        env: VectorEnv,
        settings: PPOSettings,
        iterations: int,
        seed: int,
        device: torch.device | str = "cpu",
    ):
        set_float_modes()
        self.device = torch.device(device)
        self.policy = policy.to(self.device)
        self.env = env
        self.settings = settings
        self.iterations = iterations
        self.seed = seed
        self.iteration = 0
        self.optimizer = Adam(
            policy.named_parameters(),
            settings.learning_rate,
            settings.adam_eps,
            # A supernet whose narrow paths leave inputs at 0 says so.
            spare_idle_inputs=bool(getattr(policy, "spare_idle_inputs", False)),
        )
        self.distribution = distribution_for(env.actions)
        self.normalizer = make_normalizer(env, settings)
        self.rollout = Rollout(settings.rollout_steps, env, self.device)
        self.observation: np.ndarray | None = None

    @property
    def steps_per_iteration(self) -> int:
        """Environment steps of one iteration."""
        return self.settings.rollout_steps * self.env.num_envs

    @property
    def steps(self) -> int:
        """Environment steps so far."""
        return self.iteration * self.steps_per_iteration

    @property
    def done(self) -> bool:
        """Whether the budget is spent."""
        return self.iteration >= self.iterations

    @property
    def learning_rate(self) -> float:
        """Adam's learning rate for the next iteration."""
        spent = min(1, self.iteration / self.iterations)
        left = {"cosine": 0.5 * (1 + math.cos(math.pi * spent)), "linear": 1 - spent, "constant": 1.0}
        return self.settings.learning_rate * left[self.settings.learning_rate_schedule]

    def restart(self, number: int, occasion: str = "environments") -> None:
        """Begins new episodes everywhere; `occasion` and `number` say which restart this is: its seeds come from them.

        Episodes in progress are cut: for learning they end as truncated, since every rollout bootstraps its last
        values, and they are not scored.
        """
        observation = self.env.reset(seeding.integers(self.seed, occasion, number, count=self.env.num_envs))
        self.observation = self.normalizer.reset(observation) if self.normalizer else observation

    def iterate(self) -> IterationLog:
        """Runs one iteration: a rollout, then the update.

        Raises:
            EnvironmentFault: if an environment fails.
            TrainingDiverged: if a loss or gradient is no longer finite.
        """
        if self.observation is None:
            self.restart(0)
        assert self.observation is not None
        self.optimizer.learning_rate = rate = self.learning_rate
        actions = torch.Generator(self.device).manual_seed(seeding.integer(self.seed, "actions", self.iteration))
        shuffle = torch.Generator().manual_seed(seeding.integer(self.seed, "shuffle", self.iteration))
        before = self.steps
        self.observation = collect(
            self.policy,
            self.distribution,
            self.env,
            self.observation,
            self.rollout,
            actions,
            normalizer=self.normalizer,
        )
        stats = update(self.policy, self.distribution, self.optimizer, self.rollout, self.settings, shuffle)
        if not math.isfinite(stats.policy_loss + stats.value_loss + stats.gradient_norm):
            raise TrainingDiverged(f"training diverged at step {before}: a loss or gradient is not finite.")
        self.iteration += 1
        episodes = [(before + (t + 1) * self.env.num_envs, episode) for t, episode in self.rollout.episodes]
        return IterationLog(self.iteration, self.steps, episodes, stats, rate)

    def start_from(self, state: Mapping[str, Tensor]) -> None:
        """Takes over the weights and the moments of observations and rewards of another training, and nothing else.

        Args:
            state: as `state_dict` gives it; what it holds beyond that is left.

        Raises:
            KeyError, RuntimeError: if the tensors are those of another policy.
        """
        self.policy.load_state_dict(below("policy.", state))
        if self.normalizer is not None:
            self.normalizer.load_state_dict(below("normalizer.", state))

    def state_dict(self) -> dict[str, Tensor]:
        """Weights, Adam's moments, the moments of observations and rewards, and the iteration, as tensors by name."""
        state = {f"policy.{name}": tensor for name, tensor in self.policy.state_dict().items()}
        state |= {f"adam.{name}": tensor for name, tensor in self.optimizer.state_dict().items()}
        if self.normalizer is not None:
            state |= {f"normalizer.{name}": tensor for name, tensor in self.normalizer.state_dict().items()}
        state["iteration"] = torch.tensor(self.iteration)
        return state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restores what `state_dict` gave.

        Raises:
            KeyError, RuntimeError: if the tensors are those of another policy.
        """
        self.start_from(state)
        self.optimizer.load_state_dict(below("adam.", state))
        self.iteration = int(state["iteration"])


def below(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names have a prefix, without it."""
    return {name[len(prefix) :]: tensor for name, tensor in state.items() if name.startswith(prefix)}
