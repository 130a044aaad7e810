"""PPO's loss and the update of one iteration (Schulman et al., 2017; the details of CleanRL and OpenAI Baselines)."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from rlnas.algorithms.algorithm import Policy
from rlnas.algorithms.distributions import Distribution
from rlnas.algorithms.ppo.adam import Adam
from rlnas.algorithms.ppo.advantages import generalized_advantages
from rlnas.algorithms.ppo.rollout import Rollout
from rlnas.algorithms.ppo.settings import PPOSettings


@dataclass(frozen=True)
class Minibatch:
    """Samples to learn from; all tensors have the batch as their first dimension."""

    observation: Tensor
    action: Tensor
    log_probability: Tensor
    value: Tensor
    advantage: Tensor
    target: Tensor


@dataclass(frozen=True)
class UpdateStats:
    """Means over the samples of an update; the value loss is before its coefficient, the norm before clipping.

    `approx_kl` is `mean(ratio - 1 - log ratio)`, an estimate of the divergence from the policy that acted (in nats, as
    the entropy is), `clip_fraction` the share of samples whose ratio lies outside the clip range, and
    `explained_variance` the share of the returns' variance that the values explain, before the update.
    """

    policy_loss: float
    value_loss: float
    entropy: float
    approx_kl: float
    clip_fraction: float
    gradient_norm: float
    explained_variance: float


class Losses(NamedTuple):
    """The parts of the loss of some samples, each `(n,)`: of all, the means count; no gradient runs through them."""

    policy: Tensor
    value: Tensor
    entropy: Tensor
    ratio: Tensor
    log_ratio: Tensor


@torch.no_grad()
def ppo_gradients(
    parameters: Tensor, value: Tensor, distribution: Distribution, batch: Minibatch, settings: PPOSettings
) -> tuple[Tensor, Tensor, Losses]:
    """The gradients of a minibatch's loss with respect to the policy's `parameters` and `value`, and the losses."""
    share = 1 / len(value)
    log_probability, entropy, backward = distribution.evaluate(parameters, batch.action)
    advantage = batch.advantage
    if settings.normalize_advantages and len(advantage) > 1:
        variance, mean = torch.var_mean(advantage)
        advantage = (advantage - mean) / (variance.sqrt() + 1e-8)
    log_ratio = log_probability - batch.log_probability
    ratio = log_ratio.exp()
    gain, clipped = advantage * ratio, advantage * ratio.clamp(1 - settings.clip, 1 + settings.clip)
    # Beyond the clip range the smaller one is a constant. The derivative of a ratio is the ratio itself.
    grad_log_probability = (gain * (gain <= clipped)).mul_(-share)
    grad_parameters = backward(grad_log_probability, -settings.entropy_coef * share)

    error = value - batch.target
    value_loss, grad_value = error.square(), error * (2 * settings.value_coef * share)
    if settings.value_clip is not None:
        change = value - batch.value
        near = batch.value + change.clamp(-settings.value_clip, settings.value_clip) - batch.target
        other = near.square()
        grad_value *= (value_loss >= other) | (change.abs() <= settings.value_clip)
        value_loss = torch.max(value_loss, other)
    return grad_parameters, grad_value, Losses(-torch.min(gain, clipped), value_loss, entropy, ratio, log_ratio)


def update(
    policy: Policy,
    distribution: Distribution,
    optimizer: Adam,
    rollout: Rollout,
    settings: PPOSettings,
    generator: torch.Generator,
) -> UpdateStats:
    """Learns from a rollout: `epochs` passes over minibatches that the generator shuffles.

    Samples that the policy did not choose (autoresets, forced actions) are left out.
    """
    reward = rollout.reward.sign() if settings.reward_clip == "sign" else rollout.reward
    ends, decays = (rollout.terminated, rollout.truncated), (settings.gamma, settings.gae_lambda)
    advantage = generalized_advantages(reward, rollout.value, rollout.next_value, *ends, *decays)
    target = advantage + rollout.value
    flat = [x.flatten(0, 1) for x in (rollout.action, rollout.log_probability, rollout.value, advantage, target)]
    valid = rollout.valid.flatten().nonzero().squeeze(-1)
    if not len(valid):
        return UpdateStats(*[0.0] * 7)
    losses, norms = [], []
    for _ in range(settings.epochs):
        order = valid[torch.randperm(len(valid), generator=generator).to(valid.device)]
        for index in order.tensor_split(min(settings.minibatches, len(order))):
            batch = Minibatch(rollout.observations(index), *(x.index_select(0, index) for x in flat))
            outputs = policy(batch.observation)
            *gradients, found = ppo_gradients(*outputs, distribution, batch, settings)
            optimizer.zero_grad()
            torch.autograd.backward(outputs, gradients)
            norms.append(optimizer.step(settings.max_grad_norm))
            losses.append(found)
    mean = Losses(*(torch.cat(parts) for parts in zip(*losses, strict=True)))
    played = target.flatten()[valid]
    unexplained = advantage.flatten()[valid].var(correction=0) / played.var(correction=0).clamp(min=1e-8)
    numbers = [
        *(mean.policy.mean(), mean.value.mean(), mean.entropy.mean()),
        (mean.ratio - 1 - mean.log_ratio).mean(),
        ((mean.ratio - 1).abs() > settings.clip).float().mean(),
        *(torch.stack(norms).mean(), 1 - unexplained),
    ]
    return UpdateStats(*torch.stack(numbers).tolist())
