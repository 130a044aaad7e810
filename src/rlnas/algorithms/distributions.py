"""The distributions that actions are drawn from, one for each kind of action space."""

import math
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from rlnas.envs import ActionSpace, ContinuousActions, MultiDiscreteActions
from rlnas.errors import TrainingDiverged

Backward = Callable[[Tensor, float], Tensor]
"""The backward pass: from a loss's gradients to its gradient of the parameters, `(n, k)`.

It takes the gradients of the log-probabilities, `(n,)`, and that of every entropy, which is one number for all. In
closed form: autograd takes twenty small operations a minibatch.
"""


class Distribution(Protocol):
    """What PPO needs of a distribution; `parameters`, `(n, k)`, are what the policy says of `n` observations."""

    def noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """The random numbers for samples, `(..., m)`, of parameters of the shape `(..., k)`."""
        ...

    def sample(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Draws actions `(n, *shape)` with noise `(n, m)`."""
        ...

    def evaluate(self, parameters: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Backward]:
        """Log-probabilities of given actions and entropies in nats, both `(n,)`, and the backward pass."""
        ...

    def mode(self, parameters: Tensor) -> Tensor:
        """The most probable actions `(n, *shape)`."""
        ...


class Categorical:
    """One of some actions, int64 `(n,)`; the parameters are their logits."""

    def noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        # Gumbel's distribution: the largest of logits and such noise is a sample of their softmax.
        return torch.empty(shape, device=generator.device).exponential_(generator=generator).log_().neg_()

    def sample(self, parameters: Tensor, noise: Tensor) -> Tensor:
        return self.mode(parameters + noise)

    def evaluate(self, parameters: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Backward]:
        logarithms = torch.log_softmax(parameters, -1)
        probabilities, places = logarithms.exp(), action.unsqueeze(-1)
        entropy = -(probabilities * logarithms).sum(-1)

        def backward(grad_log_probability: Tensor, grad_entropy: float) -> Tensor:
            grad = grad_log_probability.unsqueeze(-1)
            weighted = (logarithms + entropy.unsqueeze(-1)).mul_(grad_entropy).add_(grad)
            return weighted.mul_(probabilities).neg_().scatter_add_(-1, places, grad)

        return logarithms.gather(-1, places).squeeze(-1), entropy, backward

    def mode(self, parameters: Tensor) -> Tensor:
        return parameters.argmax(-1)


class MultiCategorical:
    """Several independent decisions, int64 `(n, decisions)`, each with its count of options.

    The parameters are the logits, one decision after another.
    """

    def __init__(self, counts: tuple[int, ...]):
        self.counts = list(counts)
        self._one = Categorical()

    def noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return self._one.noise(shape, generator)

    def sample(self, parameters: Tensor, noise: Tensor) -> Tensor:
        return self.mode(parameters + noise)

    def evaluate(self, parameters: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Backward]:
        parts = zip(torch.split(parameters, self.counts, -1), action.unbind(-1), strict=True)
        found = [self._one.evaluate(logits, own) for logits, own in parts]

        def backward(grad_log_probability: Tensor, grad_entropy: float) -> Tensor:
            return torch.cat([own(grad_log_probability, grad_entropy) for _, _, own in found], -1)

        log_probability = torch.stack([one for one, _, _ in found], -1).sum(-1)
        return log_probability, torch.stack([one for _, one, _ in found], -1).sum(-1), backward

    def mode(self, parameters: Tensor) -> Tensor:
        return torch.stack([logits.argmax(-1) for logits in torch.split(parameters, self.counts, -1)], -1)


class DiagonalGaussian:
    """Independent normal distributions of float32 `(n, numbers)`, not clipped; probabilities are densities.

    The parameters are the means, then the logarithms of the deviations.
    """

    def noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.randn((*shape[:-1], shape[-1] // 2), generator=generator, device=generator.device)

    def sample(self, parameters: Tensor, noise: Tensor) -> Tensor:
        mean, log_deviation = parameters.chunk(2, -1)
        return mean + log_deviation.exp() * noise

    def evaluate(self, parameters: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Backward]:
        mean, log_deviation = parameters.chunk(2, -1)
        deviation = log_deviation.exp()
        distance = (action - mean) / deviation
        log_density = -0.5 * distance.square() - log_deviation - 0.5 * math.log(2 * math.pi)
        entropy = log_deviation + 0.5 * math.log(2 * math.pi * math.e)

        def backward(grad_log_probability: Tensor, grad_entropy: float) -> Tensor:
            grad = grad_log_probability.unsqueeze(-1)
            return torch.cat([grad * distance / deviation, grad * (distance.square() - 1) + grad_entropy], -1)

        return log_density.sum(-1), entropy.sum(-1), backward

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
