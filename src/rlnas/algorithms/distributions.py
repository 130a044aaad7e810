"""The distributions that actions are drawn from, one for each kind of action space."""

import math
from typing import Protocol

import torch
from torch import Tensor

from rlnas.envs import ActionSpace, ContinuousActions, MultiDiscreteActions
from rlnas.errors import TrainingDiverged


class Distribution(Protocol):
    """What PPO needs of a distribution; `parameters`, `(n, k)`, are what the policy says of `n` observations."""

    def sample(self, parameters: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draws actions `(n, *shape)`; returns them and their log-probabilities `(n,)`."""
        ...

    def evaluate(self, parameters: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities of given actions and entropies in nats, both `(n,)`."""
        ...

    def mode(self, parameters: Tensor) -> Tensor:
        """The most probable actions `(n, *shape)`."""
        ...


class Categorical:
    """One of some actions, int64 `(n,)`; the parameters are their logits."""

    def sample(self, parameters: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        log_probability = torch.log_softmax(parameters, -1)
        action = torch.multinomial(log_probability.exp(), 1, generator=generator)
        return action.squeeze(-1), log_probability.gather(-1, action).squeeze(-1)

    def evaluate(self, parameters: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        log_probabilities = torch.log_softmax(parameters, -1)
        log_probability = log_probabilities.gather(-1, action[:, None]).squeeze(-1)
        return log_probability, -(log_probabilities.exp() * log_probabilities).sum(-1)

    def mode(self, parameters: Tensor) -> Tensor:
        return parameters.argmax(-1)


class MultiCategorical:
    """Several independent decisions, int64 `(n, decisions)`, each with its count of options.

    The parameters are the logits, one decision after another.
    """

    def __init__(self, counts: tuple[int, ...]):
        self.counts = list(counts)
        self._one = Categorical()

    def sample(self, parameters: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        drawn = [self._one.sample(logits, generator) for logits in torch.split(parameters, self.counts, -1)]
        return torch.stack([action for action, _ in drawn], -1), torch.stack([p for _, p in drawn], -1).sum(-1)

    def evaluate(self, parameters: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        parts = zip(torch.split(parameters, self.counts, -1), action.unbind(-1), strict=True)
        found = [self._one.evaluate(logits, own) for logits, own in parts]
        return torch.stack([p for p, _ in found], -1).sum(-1), torch.stack([e for _, e in found], -1).sum(-1)

    def mode(self, parameters: Tensor) -> Tensor:
        return torch.stack([logits.argmax(-1) for logits in torch.split(parameters, self.counts, -1)], -1)


class DiagonalGaussian:
    """Independent normal distributions of float32 `(n, numbers)`, not clipped; probabilities are densities.

    The parameters are the means, then the logarithms of the deviations.
    """

    def sample(self, parameters: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        mean, log_deviation = parameters.chunk(2, -1)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        action = mean + log_deviation.exp() * noise
        return action, self.evaluate(parameters, action)[0]

    def evaluate(self, parameters: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_deviation = parameters.chunk(2, -1)
        distance = (action - mean) / log_deviation.exp()
        log_density = -0.5 * distance.square() - log_deviation - 0.5 * math.log(2 * math.pi)
        entropy = log_deviation + 0.5 * math.log(2 * math.pi * math.e)
        return log_density.sum(-1), entropy.sum(-1)

    def mode(self, parameters: Tensor) -> Tensor:
        return parameters.chunk(2, -1)[0]


def distribution_for(actions: ActionSpace) -> Distribution:
    """The distribution for an action space."""
    if isinstance(actions, ContinuousActions):
        return DiagonalGaussian()
    return MultiCategorical(actions.counts) if isinstance(actions, MultiDiscreteActions) else Categorical()


def check_finite(parameters: Tensor) -> None:
    """Raises `TrainingDiverged` where actions cannot be drawn, because a policy no longer gives finite numbers."""
    if not parameters.isfinite().all():
        raise TrainingDiverged("training diverged: the policy's outputs are no longer finite.")
