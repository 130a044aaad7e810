import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete

from rlnas.envs import Episode, GymEnv
from rlnas.errors import EnvironmentFault, UserError


class Counter(gymnasium.Env):
    """Counts its steps; an episode ends after three, or after two with action 11. The observation is [seed, step]."""

    observation_space = Box(-10, 2**31, (2,), dtype=np.float64)
    action_space = Discrete(2, start=10)

    def __init__(self, fault: str = ""):
        self.fault = fault
        self.count = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if self.fault == "reset raises":
            raise RuntimeError("no power.")
        self.first = float(seed) if seed is not None else -1.0
        self.count = 0
        return self.observation("reset"), {}

    def step(self, action):
        assert action in (10, 11)
        self.count += 1
        if self.fault == "step raises" and self.count == 2:
            raise RuntimeError("cable cut.")
        reward = {"nan reward": np.nan, "infinite reward": np.inf}.get(self.fault, 2.5 * self.count)
        cut = self.fault == "time limit" and self.count == 3
        both = self.fault == "end at the time limit" and self.count == 3
        ended = (self.count == 3 and not cut) or (action == 11 and self.count == 2)
        return self.observation("step"), reward, ended, cut or both, {}

    def observation(self, where):
        return np.array([np.nan if self.fault == f"nan in {where}" else self.first, self.count])


class Odd(Counter):
    """An environment with spaces that rlnas cannot handle."""

    def __init__(self, observation=None, action=None):
        super().__init__()
        self.observation_space = observation or self.observation_space
        self.action_space = action or self.action_space


ID = "RlnasTest/Counter-v0"


@pytest.fixture(autouse=True)
def _registered():
    """Registers the environments of this file for the length of a test, without Gymnasium's own checks."""
    gymnasium.register(ID, Counter, disable_env_checker=True)
    yield
    for name in [name for name in gymnasium.registry if name.startswith("RlnasTest/")]:
        del gymnasium.registry[name]


def make(num_envs=2, **options) -> GymEnv:
    if options:
        gymnasium.register("RlnasTest/Odd-v0", options.pop("kind", Counter), kwargs=options, disable_env_checker=True)
        return GymEnv("RlnasTest/Odd-v0", num_envs)
    return GymEnv(ID, num_envs)


def act(*actions):
    return np.array(actions, dtype=np.int64)


def test_an_environment_says_what_it_takes_and_gives():
    env = make(3)
    assert (env.num_envs, env.num_actions, env.observation_shape) == (3, 2, (2,))
    assert env.observation_dtype == np.float64
    assert env.reset(np.array([5, 9, 7])).tolist() == [[5, 0], [9, 0], [7, 0]]


def test_an_episode_ends_with_its_last_observation_and_restarts_one_step_later():
    env = make()
    env.reset(np.array([5, 6]))
    env.step(act(0, 0))
    second = env.step(act(1, 0))
    assert second.terminated.tolist() == [True, False]
    assert second.observation.tolist() == [[5, 2], [6, 2]]
    assert second.valid.all()
    assert second.episodes == [Episode(2.5 + 5, 2, False, 0)]

    third = env.step(act(0, 0))
    assert third.valid.tolist() == [False, True]
    assert third.reward.tolist() == [0, 7.5]
    assert third.terminated.tolist() == [False, True]
    assert third.observation.tolist() == [[-1, 0], [6, 3]]
    assert third.episodes == [Episode(2.5 + 5 + 7.5, 3, False, 1)]

    fourth = env.step(act(0, 0))
    assert fourth.valid.tolist() == [True, False]
    assert fourth.reward.tolist() == [2.5, 0]
    assert fourth.episodes == []


def test_the_step_of_a_restart_does_not_count_towards_the_next_score():
    env = make(1)
    env.reset(np.array([5]))
    episodes = [episode for _ in range(12) for episode in env.step(act(0)).episodes]
    assert episodes == [Episode(15.0, 3, False, 0)] * 3


def test_a_time_limit_truncates():
    env = make(1, fault="time limit")
    env.reset(np.array([5]))
    step = [env.step(act(0)) for _ in range(3)][-1]
    assert step.truncated.tolist() == [True]
    assert step.terminated.tolist() == [False]
    assert step.observation.tolist() == [[5, 3]]
    assert step.episodes == [Episode(15.0, 3, True, 0)]
    assert env.step(act(0)).valid.tolist() == [False]


def test_an_end_that_falls_on_the_time_limit_is_an_end():
    env = make(1, fault="end at the time limit")
    env.reset(np.array([5]))
    step = [env.step(act(0)) for _ in range(3)][-1]
    assert step.terminated.tolist() == [True]
    assert step.truncated.tolist() == [False]
    assert step.episodes == [Episode(15.0, 3, False, 0)]


@pytest.mark.parametrize("actions", [[0], [0, 1]])  # in the middle of an episode, and where one has just ended
def test_reset_forgets_the_episode_in_progress(actions):
    env = make(1)
    env.reset(np.array([5]))
    for action in actions:
        env.step(act(action))
    env.reset(np.array([8]))
    steps = [env.step(act(0)) for _ in range(3)]
    assert all(step.valid.all() for step in steps)
    assert steps[-1].episodes == [Episode(15.0, 3, False, 0)]


def test_an_observation_stays_as_it_was_returned():
    env = make(1)
    kept = [env.reset(np.array([5])), env.step(act(0)).observation, env.step(act(0)).observation]
    assert [observation[0, 1] for observation in kept] == [0, 1, 2]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("reset raises", "raised in reset: RuntimeError: no power."),
        ("step raises", "raised in step: RuntimeError: cable cut."),
        ("nan in reset", "returned NaN as observation."),
        ("nan in step", "returned NaN as observation."),
        ("nan reward", "returned NaN as reward."),
        ("infinite reward", "returned infinity as reward."),
    ],
)
def test_a_broken_environment_is_named_with_its_fault(fault, message):
    def play():
        env = make(fault=fault)
        env.reset(np.array([5, 6]))
        for _ in range(4):
            env.step(act(0, 0))

    with pytest.raises(EnvironmentFault) as caught:
        play()
    assert str(caught.value) == f"environment 'RlnasTest/Odd-v0' {message}"


def test_an_environment_that_cannot_be_made_is_named():
    with pytest.raises(EnvironmentFault, match="'RlnasTest/Odd-v0' cannot be made: TypeError"):
        make(no_such_option=1)


@pytest.mark.parametrize(
    ("spaces", "message"),
    [
        ({"observation": Dict(a=Box(0, 1, (2,)))}, "has Dict observations; only Box works"),
        ({"observation": Discrete(3)}, "has Discrete observations; only Box works"),
        ({"action": Box(-1, 1, (2,))}, "has Box actions; only Discrete works"),
    ],
)
def test_spaces_that_no_network_handles_yet_are_refused(spaces, message):
    with pytest.raises(UserError, match=f"'RlnasTest/Odd-v0' {message}"):
        make(kind=Odd, **spaces)


def test_closing_twice_does_no_harm():
    env = make()
    env.close()
    env.close()
