"""Normalisation, against VecNormalize of Stable-Baselines3 on the same environments and actions."""

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rlnas.algorithms.ppo import PPOSettings
from rlnas.algorithms.ppo.normalization import Moments, Normalizer
from rlnas.algorithms.ppo.trainer import make_normalizer
from rlnas.envs import EnvSettings, Step, make_env
from rlnas.envs.gym import GymEnv
from rlnas.errors import UserError

GAMMA = 0.97


class Walk(gymnasium.Env):
    """A walk whose steps are its seed's; episodes end after 5 steps, every third one by its time limit."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (3,), np.float64)
    action_space = gymnasium.spaces.Discrete(2)
    number = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count, self.number = 0, self.number + 1
        return self.np_random.normal([3, -50, 0], [1, 10, 0.1]), {}

    def step(self, action):
        self.count += 1
        over, cut = self.count == 5, self.number % 3 == 0
        observation = self.np_random.normal([3, -50, 0], [1, 10, 0.1])
        return observation, float(self.np_random.normal(4, 20)), over and not cut, over and cut, {}


@pytest.fixture(autouse=True)
def _registered():
    gymnasium.register("RlnasTest/Walk-v0", Walk, disable_env_checker=True)
    yield
    del gymnasium.registry["RlnasTest/Walk-v0"]


def test_observations_and_rewards_are_those_of_vec_normalize():
    # Both wrap one environment: with several, ours resets a step later than Stable-Baselines3 and orders sums anew.
    theirs = VecNormalize(DummyVecEnv([Walk]), gamma=GAMMA)
    theirs.seed(7)
    env, normalizer = GymEnv("RlnasTest/Walk-v0", 1), Normalizer((3,), 1, True, True, GAMMA)
    ours = normalizer.reset(env.reset(np.array([7])))
    np.testing.assert_allclose(ours, theirs.reset(), rtol=1e-6)
    moments = copy(normalizer.observations)
    for _ in range(40):
        step = env.step(np.array([0]))
        ours, reward = normalizer.step(step)
        expected, rewards, dones, _ = theirs.step(np.array([0]))
        np.testing.assert_allclose(reward, rewards, rtol=1e-6)
        if dones[0]:
            # The last observation is scaled by what came before it; the first of the next episode is one step late.
            last = (step.observation[0] - moments.mean) / moments.deviation
            np.testing.assert_allclose(ours[0], np.clip(last, -10, 10), rtol=1e-6)
            ours, _ = normalizer.step(env.step(np.array([0])))
        np.testing.assert_allclose(ours, expected, rtol=1e-6)
        moments = copy(normalizer.observations)
    np.testing.assert_allclose(normalizer.observations.mean, theirs.obs_rms.mean, rtol=1e-12)
    np.testing.assert_allclose(normalizer.returns.variance, theirs.ret_rms.var, rtol=1e-12)
    assert normalizer.returns.count == theirs.ret_rms.count


def copy(moments):
    found = Moments(moments.mean.shape)
    found.load_state_dict(moments.state_dict())
    return found


def make_step(reward, valid, ended, observation=0.0):
    n = len(reward)
    seen = np.full((n, 2), observation)
    none = np.zeros(n, dtype=bool)
    return Step(seen, np.array(reward, dtype=np.float32), np.array(ended), none, np.array(valid))


def test_only_played_steps_count_towards_the_returns():
    normalizer = Normalizer((2,), 2, False, True, 0.5)
    normalizer.reset(np.zeros((2, 2)))
    normalizer.step(make_step([2, 4], [True, True], [True, False]))
    normalizer.step(make_step([0, 4], [False, True], [False, False]))
    normalizer.step(make_step([8, 0], [True, True], [False, False]))
    # Returns: 2 and 4; then 6 of the second alone; then 8, which began anew, and 3.
    expected = Moments(())
    for batch in ([2, 4], [6], [8, 3]):
        expected.update(np.array(batch))
    assert normalizer.returns.state_dict() == expected.state_dict()


def test_what_is_off_stays_as_it_is():
    observation = np.array([[300.0, 0], [1, 2]])
    normalizer = Normalizer((2,), 2, False, True, 0.5)
    assert normalizer.reset(observation) is observation
    normalizer = Normalizer((2,), 2, True, False, 0.5)
    normalizer.reset(observation)
    _, reward = normalizer.step(make_step([200, 1], [True, True], [False, False]))
    assert reward.tolist() == [200, 1]


def test_normalised_numbers_are_clipped_and_small():
    normalizer = Normalizer((2,), 2, True, True, 0.5)
    for value in range(50):
        normalizer.reset(np.full((2, 2), value % 2, dtype=float))
    observation, reward = normalizer.step(make_step([1e9, 0], [True, True], [True, True], observation=1e6))
    assert observation.tolist() == [[10, 10], [10, 10]]
    assert observation.dtype == reward.dtype == np.float32
    assert abs(reward).max() <= 10


def test_moments_are_those_of_all_that_was_seen():
    rng, moments = np.random.default_rng(0), Moments((4,))
    batches = [rng.normal(7, 3, (n, 4)) for n in (5, 1, 200, 0, 40)]
    for batch in batches:
        moments.update(batch)
    whole = np.concatenate(batches)
    np.testing.assert_allclose(moments.mean, whole.mean(0), rtol=1e-5)
    np.testing.assert_allclose(moments.variance, whole.var(0), rtol=1e-4)


def test_a_normaliser_goes_on_where_it_was_saved():
    rng = np.random.default_rng(0)
    one, other = (Normalizer((2,), 2, True, True, 0.5) for _ in range(2))
    for _ in range(3):
        one.reset(rng.normal(5, 2, (2, 2)))
        one.step(make_step(rng.normal(size=2), [True, True], [False, False]))
    saved = {name: tensor.clone() for name, tensor in one.state_dict().items()}
    assert all(tensor.dtype == torch.float64 for tensor in saved.values())
    other.load_state_dict(saved)
    fresh, step = rng.normal(size=(2, 2)), make_step([3, -1], [True, True], [False, True], 4.0)
    assert one.reset(fresh).tolist() == other.reset(fresh).tolist()
    for a, b in zip(one.step(step), other.step(step), strict=True):
        assert a.tolist() == b.tolist()
    with pytest.raises(KeyError):
        other.load_state_dict({})


def test_bytes_cannot_be_normalised_nor_signs():
    env = make_env("MinAtar/Breakout-v1", EnvSettings(num_envs=1))
    with pytest.raises(UserError, match="of the environment are bool: set it to false"):
        make_normalizer(env, PPOSettings(normalize_observations=True))
    assert make_normalizer(env, PPOSettings()) is None
    assert make_normalizer(env, PPOSettings(normalize_rewards=True, reward_clip="none")).observations is None
