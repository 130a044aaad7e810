from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rlnas.algorithms.distributions import Categorical
from rlnas.algorithms.ppo.rollout import Rollout, collect
from rlnas.envs import DiscreteActions
from rlnas.nets import Network

CPU = torch.device("cpu")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def collected(guess_env, guess_space):
    """A rollout of 12 steps in 3 environments, with what the environments showed and returned."""
    env = guess_env(3)
    network = Network(guess_space, next(iter(guess_space)), env.actions.outputs)
    first = env.reset(np.array([1, 2, 3]))
    seen, steps, play = [first], [], env.step

    def step(actions):
        steps.append(play(actions))
        seen.append(steps[-1].observation)
        return steps[-1]

    env.step = step
    rollout = Rollout(12, env, CPU)
    last = collect(network, Categorical(), env, first, rollout, generator())
    return SimpleNamespace(env=env, network=network, rollout=rollout, seen=seen, steps=steps, last=last)


def draw(logits, seed):
    return Categorical().sample(logits, Categorical().noise(logits.shape, generator(seed)))


def test_actions_follow_the_distribution_of_the_logits():
    logits = torch.tensor([[0.0, 1.0, 2.0, -1.0], [3.0, -30.0, 3.0, 3.0]])
    probability = torch.softmax(logits, -1)
    n = 20_000
    for row in range(2):
        action = draw(logits[row].expand(n, -1), row)
        log_probability = Categorical().evaluate(logits[row].expand(n, -1), action)[0]
        assert action.dtype == torch.int64
        torch.testing.assert_close(log_probability, probability[row].log()[action])
        share = torch.bincount(action, minlength=4) / n
        deviation = (probability[row] * (1 - probability[row]) / n).sqrt()
        assert ((share - probability[row]).abs() <= 4.5 * deviation).all()


def test_actions_depend_on_the_generator_alone():
    logits = torch.zeros(50, 4)
    a, b, c = (draw(logits, seed) for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_a_rollout_keeps_what_the_policy_saw_did_and_got(collected):
    rollout = collected.rollout
    flat = rollout.observations(torch.arange(36))
    for t, step in enumerate(collected.steps):
        shown = torch.as_tensor(collected.seen[t])
        assert torch.equal(flat[3 * t : 3 * t + 3], shown)
        logits, value = collected.network(shown)
        torch.testing.assert_close(rollout.value[t], value.detach())
        expected = torch.log_softmax(logits, -1).gather(-1, rollout.action[t][:, None]).squeeze(-1)
        torch.testing.assert_close(rollout.log_probability[t], expected.detach())
        for name in ("reward", "terminated", "truncated", "valid"):
            assert np.array_equal(getattr(rollout, name)[t].numpy(), getattr(step, name))
    assert rollout.episodes == [(t, episode) for t, step in enumerate(collected.steps) for episode in step.episodes]
    assert rollout.episodes
    assert np.array_equal(collected.last, collected.seen[-1])


def test_the_next_value_is_that_of_the_observation_that_followed(collected):
    for t in range(12):
        _, value = collected.network(torch.as_tensor(collected.seen[t + 1]))
        torch.testing.assert_close(collected.rollout.next_value[t], value.detach())
    # The last observation of a truncated game is met, as a dummy step, before the game restarts.
    cut = collected.rollout.truncated[:-1]
    assert cut.any()
    assert torch.equal(collected.rollout.next_value[:-1][cut], collected.rollout.value[1:][cut])
    assert not collected.rollout.valid[1:][cut].any()


def test_maps_lie_channels_last_and_read_as_they_were(guess_env):
    env = guess_env(3)
    rollout = Rollout(2, env, CPU)
    observation = env.reset(np.array([1, 2, 3]))
    shown = rollout.store_observation(1, observation)
    assert torch.equal(shown, torch.as_tensor(observation))
    assert shown.is_contiguous(memory_format=torch.channels_last)
    batch = rollout.observations(torch.tensor([5, 3]))
    assert torch.equal(batch, torch.as_tensor(observation[[2, 0]]))
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert batch.dtype == torch.uint8


@pytest.mark.parametrize(
    ("shape", "dtype", "kept"),
    [((4,), np.float64, torch.float32), ((3, 5), np.uint8, torch.uint8), ((2, 3, 4), bool, torch.bool)],
)
def test_observations_of_any_shape_and_type_are_kept(shape, dtype, kept):
    env = SimpleNamespace(
        num_envs=2, observation_shape=shape, observation_dtype=np.dtype(dtype), actions=DiscreteActions(2)
    )
    rollout = Rollout(3, env, CPU)
    observation = np.random.default_rng(0).integers(0, 2, (2, *shape)).astype(dtype)
    rollout.store_observation(2, observation)
    batch = rollout.observations(torch.tensor([4, 5]))
    assert batch.dtype == kept
    np.testing.assert_array_equal(batch.numpy(), observation)


def test_a_second_rollout_goes_on_where_the_first_ended(collected):
    collected.network.eval()
    rollout, env = collected.rollout, collected.env
    first_episodes = list(rollout.episodes)
    collect(collected.network, Categorical(), env, collected.last, rollout, generator(1))
    assert torch.equal(rollout.observations(torch.arange(3)), torch.as_tensor(collected.last))
    assert rollout.episodes != first_episodes
    assert all(t < 12 for t, _ in rollout.episodes)
