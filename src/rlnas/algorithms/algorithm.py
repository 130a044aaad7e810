"""What an algorithm is to the rest of rlnas: options, the heads that its networks need, and a trainer."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from rlnas.algorithms.torch_modes import Device, set_torch_modes
from rlnas.envs import ActionSpace, Episode, VectorEnv
from rlnas.nets import Heads, Network, Standardize

Policy = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Maps observations `(n, *shape)` to the parameters of a distribution of actions, `(n, k)`, and to values `(n,)`."""


class AlgorithmSettings(BaseModel):
    """Hyperparameters of an algorithm; a subclass adds the fields, with what `rlnas describe` says of each."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    def iteration_steps(self, num_envs: int) -> int:
        """Environment steps of one iteration."""
        raise NotImplementedError

    def minibatch(self, num_envs: int) -> int:
        """Observations of one gradient step."""
        raise NotImplementedError

    @property
    def own_value_encoder(self) -> bool:
        """Whether the value head has an encoder of its own."""
        return False

    @property
    def scales_observations(self) -> bool:
        """Whether the trainer brings observations to a common scale itself, by what it has seen."""
        return False


Settings = TypeVar("Settings", bound=AlgorithmSettings)


@dataclass(frozen=True)
class IterationLog:
    """What one iteration did; the first is iteration 1, and `steps` are the environment steps at its end."""

    iteration: int
    steps: int
    episodes: list[tuple[int, Episode]]
    """The full games that ended in it, each with the environment step at which it did."""
    losses: Mapping[str, float]
    learning_rate: float


class Trainer(ABC, Generic[Settings]):
    """Trains a policy module on a vector environment.

    Every random stream is derived from the seed and the iteration, so that the state is tensors and a number. Emulators
    cannot be saved, so `restart` begins new episodes from a seed of their own; runs that are to be resumable call it
    after every checkpoint, whether they were interrupted or not.

    Args:
        policy: maps observations to the parameters of a distribution of actions, and to values.
        env: the environments.
        settings: hyperparameters.
        iterations: the budget, over which schedules run.
        seed: root of all random streams.
        device: where the policy is to live.
    """

    def __init__(
        self, policy: nn.Module, env: VectorEnv, settings: Settings, iterations: int, seed: int, device: Device = "cpu"
    ):
        set_torch_modes()
        self.device = torch.device(device)
        self.policy = policy.to(self.device)
        self.env = env
        self.settings = settings
        self.iterations = iterations
        self.steps_per_iteration = settings.iteration_steps(env.num_envs)
        self.seed = seed
        self.iteration = 0

    @property
    def steps(self) -> int:
        """Environment steps so far."""
        return self.iteration * self.steps_per_iteration

    @property
    def done(self) -> bool:
        """Whether the budget is spent."""
        return self.iteration >= self.iterations

    @property
    def standardize(self) -> Standardize | None:
        """Brings observations to the scale that the policy learns from; `None` where they come on it."""
        return None

    @abstractmethod
    def restart(self, number: int, occasion: str = "environments") -> None:
        """Begins new episodes everywhere, with seeds that come from `occasion` and `number`.

        Episodes in progress are cut: for learning they end as truncated, and they are not scored.
        """

    @abstractmethod
    def iterate(self) -> IterationLog:
        """Collects experience and learns from it.

        Raises:
            EnvironmentFault: if an environment fails.
            TrainingDiverged: if a loss or gradient is no longer finite.
        """

    @abstractmethod
    def reset_optimizer(self) -> None:
        """Lets the optimiser begin anew: no earlier gradient moves the weights."""

    @abstractmethod
    def weights(self, policy: nn.Module) -> dict[str, Tensor]:
        """What `start_from` takes: the weights of a policy, and what else this training knows of its environment."""

    @abstractmethod
    def start_from(self, state: Mapping[str, Tensor]) -> None:
        """Takes over what `weights` gave, perhaps of another training; what the state holds beyond that is left.

        A `KeyError` or `RuntimeError` says that the tensors are those of another policy.
        """

    @abstractmethod
    def state_dict(self) -> dict[str, Tensor]:
        """All that a resumed run needs, as tensors by name, `weights` among them."""

    @abstractmethod
    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restores what `state_dict` gave; raises as `start_from` does."""


class Algorithm(ABC, Generic[Settings]):
    """An algorithm, as `rlnas.algorithms.registry` names it: the classes of its settings and its trainer, and more."""

    settings: type[Settings]
    trainer: type[Trainer[Settings]]

    @abstractmethod
    def check(self, options: Settings, env: VectorEnv, num_envs: int, given: Collection[str] = ()) -> None:
        """Raises a `UserError` unless hyperparameters go with a training in `num_envs` copies of an environment.

        `env` may have fewer copies; `given` are the names of the hyperparameters that the user has set.
        """

    @abstractmethod
    def heads(self, actions: ActionSpace, options: Settings) -> Heads:
        """What a network ends in, for an action space."""

    @abstractmethod
    def load_agent(self, network: Network, state: Mapping[str, Tensor]) -> None:
        """Gives a network the weights in a trainer's state, and the scale of observations; raises as `start_from`."""


def below(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names have a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
