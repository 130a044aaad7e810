import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3.common.buffers import RolloutBuffer

from rlnas.algorithms.ppo.advantages import generalized_advantages

STEPS, ENVS = 40, 6


def random_rollout(seed: int) -> dict[str, np.ndarray]:
    """Rewards, values and ends, some of them both terminated and truncated, in float64."""
    rng = np.random.default_rng(seed)
    shape = (STEPS, ENVS)
    return {
        "reward": rng.normal(size=shape),
        "value": rng.normal(size=shape),
        "next_value": rng.normal(size=shape),
        "terminated": rng.random(shape) < 0.1,
        "truncated": rng.random(shape) < 0.1,
    }


def ours(rollout: dict[str, np.ndarray], gamma: float, gae_lambda: float) -> np.ndarray:
    tensors = {key: torch.as_tensor(array) for key, array in rollout.items()}
    tensors = {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
    return generalized_advantages(**tensors, gamma=gamma, gae_lambda=gae_lambda).numpy()


def by_definition(rollout: dict[str, np.ndarray], gamma: float, gae_lambda: float) -> np.ndarray:
    """Each advantage by itself: the sum of the temporal differences up to the end of its trajectory."""
    advantage = np.zeros((STEPS, ENVS))
    for i in range(ENVS):
        for t in range(STEPS):
            for later in range(t, STEPS):
                future = 0 if rollout["terminated"][later, i] else rollout["next_value"][later, i]
                delta = rollout["reward"][later, i] + gamma * future - rollout["value"][later, i]
                advantage[t, i] += (gamma * gae_lambda) ** (later - t) * delta
                if rollout["terminated"][later, i] or rollout["truncated"][later, i]:
                    break
    return advantage


@pytest.mark.parametrize(("gamma", "gae_lambda"), [(0.99, 0.95), (1.0, 1.0), (0.9, 0.0), (0.0, 0.5)])
@pytest.mark.parametrize("seed", range(3))
def test_advantages_are_the_discounted_sums_of_their_definition(seed, gamma, gae_lambda):
    rollout = random_rollout(seed)
    expected = by_definition(rollout, gamma, gae_lambda)
    np.testing.assert_allclose(ours(rollout, gamma, gae_lambda), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_advantages_are_those_of_stable_baselines3(seed):
    gamma, gae_lambda, rollout = 0.99, 0.95, random_rollout(seed)
    rollout["truncated"] &= ~rollout["terminated"]
    done = rollout["terminated"] | rollout["truncated"]
    # Where a trajectory runs on, SB3 reads the next value from the next step; elsewhere ours must not read that one.
    last = rollout["next_value"][-1].copy()
    following = np.vstack([rollout["value"][1:], last])
    rollout["next_value"] = np.where(done, rollout["next_value"], following)

    space = gymnasium.spaces.Box(0, 1, (1,))
    buffer = RolloutBuffer(STEPS, space, gymnasium.spaces.Discrete(2), "cpu", gae_lambda, gamma, ENVS)
    # On a time limit SB3 folds the value of the last observation into the reward.
    reward = rollout["reward"] + gamma * rollout["next_value"] * rollout["truncated"]
    start, zero = np.zeros(ENVS), torch.zeros(ENVS)
    for t in range(STEPS):
        value = torch.as_tensor(rollout["value"][t])
        buffer.add(np.zeros((ENVS, 1)), np.zeros(ENVS), reward[t], start, value, zero)
        start = done[t]
    buffer.compute_returns_and_advantage(torch.as_tensor(last), start)

    advantage = ours(rollout, gamma, gae_lambda)
    np.testing.assert_allclose(advantage, buffer.advantages, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(advantage + rollout["value"], buffer.returns, rtol=1e-5, atol=1e-5)


def test_nothing_after_an_end_reaches_the_steps_before_it():
    rollout = random_rollout(0)
    rollout["truncated"][:] = rollout["terminated"][:] = False
    rollout["terminated"][10, :3] = rollout["truncated"][10, 3:] = True
    before = ours(rollout, 0.99, 0.95)
    for key in ("reward", "value", "next_value"):
        rollout[key][11:] += 5
    rollout["next_value"][10, :3] += 5
    after = ours(rollout, 0.99, 0.95)
    np.testing.assert_array_equal(after[:11], before[:11])
    assert not (after[11:] == before[11:]).any()
