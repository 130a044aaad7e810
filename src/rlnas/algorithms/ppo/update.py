"""PPO's loss and the update of one iteration (Schulman et al., 2017; the details of CleanRL and OpenAI Baselines)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

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
    """Means over the minibatches of an update; the value loss is before its coefficient, the norm before clipping.

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


def ppo_loss(
    policy: Policy, distribution: Distribution, batch: Minibatch, settings: PPOSettings
) -> tuple[Tensor, Tensor]:
    """The loss of one minibatch, and `(5,)` detached numbers: the first five of `UpdateStats`."""
    parameters, value = policy(batch.observation)
    log_probability, entropies = distribution.evaluate(parameters, batch.action)
    entropy = entropies.mean()

    advantage = batch.advantage
    if settings.normalize_advantages and len(advantage) > 1:
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
    log_ratio = log_probability - batch.log_probability
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - settings.clip, 1 + settings.clip)
    policy_loss = -torch.min(advantage * ratio, advantage * clipped).mean()

    error = (value - batch.target).square()
    if settings.value_clip is not None:
        near = batch.value + (value - batch.value).clamp(-settings.value_clip, settings.value_clip)
        error = torch.max(error, (near - batch.target).square())
    value_loss = error.mean()

    loss = policy_loss + settings.value_coef * value_loss - settings.entropy_coef * entropy
    with torch.no_grad():
        kl = (ratio - 1 - log_ratio).mean()
        outside = ((ratio - 1).abs() > settings.clip).float().mean()
        stats = torch.stack([policy_loss, value_loss, entropy, kl, outside]).detach()
    return loss, stats


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
    stats = []
    for _ in range(settings.epochs):
        order = valid[torch.randperm(len(valid), generator=generator).to(valid.device)]
        for index in order.tensor_split(min(settings.minibatches, len(order))):
            batch = Minibatch(rollout.observations(index), *(x.index_select(0, index) for x in flat))
            loss, numbers = ppo_loss(policy, distribution, batch, settings)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            norm = nn.utils.clip_grad_norm_(optimizer.parameters, settings.max_grad_norm)
            optimizer.step()
            stats.append(torch.cat([numbers, norm.view(1)]))
    played = target.flatten()[valid]
    unexplained = (advantage.flatten()[valid].var(correction=0) / played.var(correction=0).clamp(min=1e-8)).item()
    return UpdateStats(*torch.stack(stats).mean(0).tolist(), 1 - unexplained)  # type: ignore[call-arg]
