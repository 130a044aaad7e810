"""The update against a naive one: sample by sample, with Adam and gradient clipping written out."""

import math
from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rlnas.algorithms.distributions import Categorical
from rlnas.algorithms.ppo import PPOSettings
from rlnas.algorithms.ppo.adam import Adam
from rlnas.algorithms.ppo.rollout import Rollout, collect
from rlnas.algorithms.ppo.update import Minibatch, UpdateStats, ppo_gradients, update
from rlnas.envs import DiscreteActions
from rlnas.nets import Network
from rlnas.spaces import load_space

CPU = torch.device("cpu")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network(guess_env, guess_space):
    return Network(guess_space, guess_space.architecture("k=2,c=4"), guess_env.actions.outputs)


@pytest.fixture
def rollout(guess_env, network):
    """21 steps of 4 environments, with autoresets, forced actions, lost lives and truncations among them."""
    env = guess_env(4)
    rollout = Rollout(21, env, CPU)
    collect(network, Categorical(), env, env.reset(np.arange(4)), rollout, generator())
    assert not rollout.valid.all()
    assert rollout.terminated.any()
    assert rollout.truncated.any()
    return rollout


def ours(network: nn.Module, rollout: Rollout, settings: PPOSettings, shuffle: int = 5) -> UpdateStats:
    adam = Adam(network.named_parameters(), settings.learning_rate, settings.adam_eps)
    return update(network, Categorical(), adam, rollout, settings, generator(shuffle))


def naive_advantages(rollout: Rollout, settings: PPOSettings) -> list[list[float]]:
    steps, envs = rollout.value.shape
    advantage = [[0.0] * envs for _ in range(steps)]
    for i in range(envs):
        for t in reversed(range(steps)):
            reward, value, following = (x[t, i].item() for x in (rollout.reward, rollout.value, rollout.next_value))
            if settings.reward_clip == "sign":
                reward = math.copysign(1, reward) if reward else 0.0
            ended = rollout.terminated[t, i] or rollout.truncated[t, i]
            advantage[t][i] = reward + (0 if rollout.terminated[t, i] else settings.gamma * following) - value
            if not ended and t + 1 < steps:
                advantage[t][i] += settings.gamma * settings.gae_lambda * advantage[t + 1][i]
    return advantage


def naive_update(network: nn.Module, rollout: Rollout, settings: PPOSettings, shuffle: int = 5) -> SimpleNamespace:
    steps, envs = rollout.value.shape
    advantages = naive_advantages(rollout, settings)
    samples = []
    for t in range(steps):
        for i in range(envs):
            if rollout.valid[t, i]:
                value, advantage = rollout.value[t, i].item(), advantages[t][i]
                samples.append(
                    SimpleNamespace(
                        observation=rollout.observations(torch.tensor([t * envs + i])).contiguous(),
                        action=rollout.action[t, i].item(),
                        log_probability=rollout.log_probability[t, i].item(),
                        value=value,
                        advantage=advantage,
                        target=advantage + value,
                    )
                )
    parameters = list(network.parameters())
    moments = [[torch.zeros_like(p), torch.zeros_like(p)] for p in parameters]
    order_of, numbers, norms, count = generator(shuffle), [], [], 0
    for _ in range(settings.epochs):
        order = torch.randperm(len(samples), generator=order_of).tolist()
        size, rest = divmod(len(order), settings.minibatches)
        for m in range(settings.minibatches):
            batch = [samples[order.pop(0)] for _ in range(size + (m < rest))]
            loss, stats = naive_loss(network, batch, settings)
            numbers += [stats] * len(batch)
            gradients = torch.autograd.grad(loss, parameters)
            norms.append(math.sqrt(sum(gradient.double().square().sum().item() for gradient in gradients)))
            scale = min(1.0, settings.max_grad_norm / norms[-1])
            count += 1
            with torch.no_grad():
                for parameter, gradient, pair in zip(parameters, gradients, moments, strict=True):
                    gradient = gradient * scale
                    pair[0] = 0.9 * pair[0] + 0.1 * gradient
                    pair[1] = 0.999 * pair[1] + 0.001 * gradient**2
                    mean, square = pair[0] / (1 - 0.9**count), pair[1] / (1 - 0.999**count)
                    parameter -= settings.learning_rate * mean / (square.sqrt() + settings.adam_eps)
    unexplained = np.var([s.advantage for s in samples]) / np.var([s.target for s in samples])
    stats = [sum(column) / len(numbers) for column in zip(*numbers, strict=True)]
    return SimpleNamespace(stats=[*stats, sum(norms) / count, 1 - unexplained], norms=norms)


def naive_loss(network: nn.Module, batch: list, settings: PPOSettings) -> tuple[Tensor, list[float]]:
    n = len(batch)
    mean = sum(sample.advantage for sample in batch) / n
    deviation = math.sqrt(sum((sample.advantage - mean) ** 2 for sample in batch) / (n - 1))
    low, high = 1 - settings.clip, 1 + settings.clip
    losses, stats = [], [0.0] * 5
    for sample in batch:
        logits, value = network(sample.observation)
        log_probabilities = logits[0] - logits[0].exp().sum().log()
        entropy = -sum(p.exp() * p for p in log_probabilities)
        advantage = sample.advantage
        if settings.normalize_advantages:
            advantage = (advantage - mean) / (deviation + 1e-8)
        ratio = (log_probabilities[sample.action] - sample.log_probability).exp()
        clipped = low if ratio < low else high if ratio > high else ratio
        gain = advantage * ratio if advantage * ratio < advantage * clipped else advantage * clipped
        error = (value[0] - sample.target) ** 2
        if settings.value_clip is not None:
            change = value[0] - sample.value
            limit = settings.value_clip
            change = -limit if change < -limit else limit if change > limit else change
            clipped_error = (sample.value + change - sample.target) ** 2
            error = clipped_error if clipped_error > error else error
        losses.append(-gain + settings.value_coef * error - settings.entropy_coef * entropy)
        outside = float(abs(ratio - 1) > settings.clip)
        for k, number in enumerate((-gain, error, entropy, ratio - 1 - ratio.log(), outside)):
            stats[k] += torch.as_tensor(number).item() / n
    return sum(losses) / n, stats


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"reward_clip": "none", "max_grad_norm": 5.0},
        {"value_clip": None},
        {"normalize_advantages": False},
        {"gamma": 0.7, "gae_lambda": 0.3, "clip": 0.02, "value_coef": 2.0, "entropy_coef": 0.2},
    ],
    ids=str,
)
def test_an_update_is_the_naive_one(network, rollout, change):
    settings = PPOSettings(**{"epochs": 3, "minibatches": 4, "learning_rate": 4e-3, **change})
    naive = deepcopy(network).to(memory_format=torch.contiguous_format)
    before = deepcopy(network.state_dict())
    stats, expected = ours(network, rollout, settings), naive_update(naive, rollout, settings)
    for name, tensor in naive.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], tensor, rtol=1e-5, atol=2e-6, msg=name)
        assert (before[name] - tensor).abs().max() > 0.005
    np.testing.assert_allclose(list(vars(stats).values()), expected.stats, rtol=1e-4, atol=1e-6)
    # The parts that only show under strain were under strain.
    assert stats.clip_fraction > 0.05
    assert max(expected.norms) > settings.max_grad_norm
    assert rollout.valid.sum() % settings.minibatches


def test_samples_that_the_policy_did_not_choose_have_no_influence(network, rollout):
    other, twin = deepcopy(rollout), deepcopy(network)
    invalid = ~other.valid
    assert invalid.sum() > 5
    other.reward[invalid] -= 7
    other.action[invalid] = (other.action[invalid] + 1) % 4
    other.log_probability[invalid] -= 3
    other.value[invalid] += 11
    other.next_value[invalid] -= 11
    other._observation[invalid] = 255 - other._observation[invalid]
    settings = PPOSettings(learning_rate=1e-3)
    assert ours(network, rollout, settings) == ours(twin, other, settings)
    for name, tensor in network.state_dict().items():
        assert torch.equal(twin.state_dict()[name], tensor)


@pytest.mark.parametrize("field", ["reward", "action", "log_probability", "value"])
def test_samples_that_the_policy_chose_have_influence(network, rollout, field):
    other, twin = deepcopy(rollout), deepcopy(network)
    t, i = other.valid.nonzero()[7].tolist()
    getattr(other, field)[t, i] = (getattr(other, field)[t, i] + 1) % 4
    ours(network, rollout, PPOSettings(reward_clip="none"))
    ours(twin, other, PPOSettings(reward_clip="none"))
    assert not torch.equal(network.policy.weight, twin.policy.weight)


def test_a_rollout_without_a_chosen_action_teaches_nothing(network, rollout):
    before = deepcopy(network.state_dict())
    rollout.valid[:] = False
    assert ours(network, rollout, PPOSettings()) == UpdateStats(*[0] * 7)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("samples", [1, 2])
def test_fewer_samples_than_minibatches_are_learned_from_one_by_one(network, rollout, samples):
    rollout.valid[:] = False
    rollout.valid[3, :samples] = True
    before = network.policy.weight.clone()
    stats = ours(network, rollout, PPOSettings())
    assert all(math.isfinite(number) for number in vars(stats).values())
    assert not torch.equal(network.policy.weight, before)


@pytest.mark.parametrize(("bf16", "most"), [(False, 1e-5), (True, 0.02)], ids=["fp32", "bf16"])
def test_rollout_and_update_agree_on_log_probabilities(bf16, most):
    # Another batch size or memory layout would be other arithmetic, and the clip would bite on the difference.
    pixels = np.random.default_rng(0)
    space = load_space("paper-1")
    network = Network(space, space.architecture("k2=4,k3=3"), 4)
    with torch.no_grad():
        network.policy.weight.mul_(300)
    network.bf16 = bf16
    seen = {"observation_shape": space.input_shape, "observation_dtype": np.dtype(np.uint8)}
    env = SimpleNamespace(num_envs=8, actions=DiscreteActions(4), **seen)
    n = np.zeros(8, dtype=bool)

    def step(actions):
        observation = pixels.integers(0, 256, (8, *space.input_shape)).astype(np.uint8)
        return SimpleNamespace(
            observation=observation, reward=n.astype(np.float32), terminated=n, truncated=n, valid=~n, episodes=[]
        )

    env.step = step
    rollout = Rollout(16, env, CPU)
    collect(network, Categorical(), env, step(None).observation, rollout, generator())
    assert rollout.log_probability.std() > 0.1
    with torch.no_grad():
        logits, value = network(rollout.observations(torch.arange(128)))
    recomputed = torch.log_softmax(logits, -1).gather(-1, rollout.action.flatten()[:, None]).squeeze(-1)
    ratio = (recomputed - rollout.log_probability.flatten()).exp()
    assert (ratio - 1).abs().max() < most
    torch.testing.assert_close(value, rollout.value.flatten(), rtol=most, atol=most)


def gradients(
    settings: PPOSettings,
    ratio: float = 1.0,
    advantage: float = 0.0,
    value: float = 0.0,
    target: float = 0.0,
):
    """Those of a sample of two equally likely actions, whose probability has changed by `ratio`, from a value of 0."""
    batch = Minibatch(
        torch.zeros(1, 1),
        torch.tensor([0]),
        torch.tensor([math.log(0.5) - math.log(ratio)]),
        torch.tensor([0.0]),
        torch.tensor([advantage]),
        torch.tensor([target]),
    )
    return ppo_gradients(torch.zeros(1, 2), torch.tensor([value]), Categorical(), batch, settings)


@pytest.mark.parametrize(
    ("ratio", "advantage", "learns"),
    [(1.0, 1, True), (1.5, 1, False), (0.5, -1, False), (1.5, -1, True), (0.5, 1, True), (1.05, 1, True)],
)
def test_the_policy_gradient_vanishes_where_the_ratio_has_gone_far_enough(ratio, advantage, learns):
    found, _, _ = gradients(PPOSettings(clip=0.1, entropy_coef=0, value_coef=0), ratio, float(advantage))
    expected = -advantage * ratio * 0.5 if learns else 0.0
    torch.testing.assert_close(found, torch.tensor([[expected, -expected]]))


@pytest.mark.parametrize(
    ("value", "target", "error"),
    [
        (0.05, 1.0, 0.95**2),  # within the clip range
        (0.5, 1.0, 0.9**2),  # clipped to 0.1: the larger error counts, and it gives no gradient
        (0.5, -1.0, 1.5**2),  # clipping would hide the error: it does not count
        (-0.5, 1.0, 1.5**2),
    ],
)
def test_the_value_loss_is_the_larger_of_the_two_errors(value, target, error):
    settings = PPOSettings(entropy_coef=0, value_coef=1, value_clip=0.1)
    _, found, losses = gradients(settings, value=value, target=target)
    assert losses.value.item() == pytest.approx(error)
    assert found.item() == pytest.approx(0.0 if error == 0.9**2 else 2 * (value - target))


def test_the_entropy_is_in_nats():
    assert gradients(PPOSettings())[2].entropy.item() == pytest.approx(math.log(2))
