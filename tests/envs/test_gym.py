import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete

from rlnas.envs import DiscreteActions, Episode
from rlnas.envs.gym import GymEnv
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
        if self.fault == "step exits":
            sys.exit("out")
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
    assert (env.num_envs, env.actions, env.observation_shape) == (3, DiscreteActions(2), (2,))
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


class Worn(Counter):
    """Wears out: what it returns depends on the games before, whatever the seed says."""

    wear = 0

    def step(self, action):
        self.wear += 1
        observation, reward, *rest = super().step(action)
        return observation, reward + self.wear / 8, *rest


def test_environments_that_played_are_as_new_when_all_begin_again():
    gymnasium.register("RlnasTest/Worn-v0", Worn, disable_env_checker=True)
    env, scores = GymEnv("RlnasTest/Worn-v0", 2), []
    for _ in range(2):
        env.reset(np.array([5, 8]))
        played = [env.step(act(0, 0)) for _ in range(8)]
        scores.append([episode.score for step in played for episode in step.episodes])
    assert scores[0] == scores[1]
    assert len(set(scores[0])) == 2  # within a run of games it does wear out


def test_environments_that_cannot_be_made_again_are_named():
    makes = []

    def once():
        makes.append(None)
        if len(makes) > 1:
            raise RuntimeError("the licence is taken")
        return Counter()

    gymnasium.register("RlnasTest/Once-v0", once, disable_env_checker=True)
    env = GymEnv("RlnasTest/Once-v0", 1)
    env.reset(np.array([1]))
    env.reset(np.array([1]))  # nothing was played
    env.step(act(0))
    with pytest.raises(EnvironmentFault, match="cannot be made: RuntimeError: the licence is taken"):
        env.reset(np.array([1]))


def test_an_observation_stays_as_it_was_returned():
    env = make(1)
    kept = [env.reset(np.array([5])), env.step(act(0)).observation, env.step(act(0)).observation]
    assert [observation[0, 1] for observation in kept] == [0, 1, 2]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("reset raises", "raised in reset: RuntimeError: no power."),
        ("step raises", "raised in step: RuntimeError: cable cut."),
        ("step exits", "raised in step: SystemExit: out."),
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
        ({"observation": "numbers"}, "has str observations; only Box works"),
        ({"observation": Box(0, 1, (2, 2, 2, 2))}, r"has observations of shape \(2, 2, 2, 2\): vectors, and maps"),
        ({"action": Box(0, 9, (2,), np.int32)}, "has int32 Box actions; Discrete, MultiDiscrete and Box of floats"),
        ({"action": MultiBinary(3)}, "has MultiBinary actions; Discrete, MultiDiscrete and Box of floats"),
    ],
)
def test_spaces_that_no_network_handles_yet_are_refused(spaces, message):
    with pytest.raises(UserError, match=f"'RlnasTest/Odd-v0' {message}"):
        make(kind=Odd, **spaces)


def test_closing_twice_does_no_harm():
    env = make()
    env.close()
    env.close()


class Free(gymnasium.Env):
    """Returns what it is told to return, and keeps the actions."""

    def __init__(self, observation_space, action_space, observation, reward=0.0, **odd):
        self.observation_space, self.action_space = observation_space, action_space
        self.observation, self.reward, self.odd = observation, reward, odd
        self.played = []

    def reset(self, *, seed=None, options=None):
        return self.odd.get("reset", (self.observation_space.low, {}))

    def step(self, action):
        self.played.append(action)
        return self.odd.get("step", (self.observation, self.reward, False, False, {}))

    def close(self):
        if "close" in self.odd:
            raise RuntimeError("will not close")


UNIT = Box(0, 1, (2,), np.float32)


def make_free(observation_space=UNIT, action_space=Discrete(2), observation=(0.5, 1), **options):  # noqa: B008
    return make(1, kind=Free, observation_space=observation_space, action_space=action_space,
                observation=observation, **options)  # fmt: skip


def played(env: GymEnv):
    return env._envs[0].unwrapped.played


@pytest.mark.parametrize(
    ("space", "action", "played_as"),
    [
        (Discrete(3, start=-1), 0, -1),
        (MultiDiscrete([2, 3]), [1, 2], [1, 2]),
        (MultiDiscrete([[2, 3], [4, 2]]), [1, 2, 3, 0], [[1, 2], [3, 0]]),
        (MultiDiscrete([2, 3], start=[5, -1]), [1, 0], [6, -1]),
        (Box(-1, 1, (2,)), [0.5, -7], [0.5, -1]),
        (Box(-1, 1, (2, 2), np.float64), [1, 2, -3, 0.25], [[1, 1], [-1, 0.25]]),
        (Box(-np.inf, np.inf, (1,)), [80], [80]),
        (Box(-0.1, 0.1, (2,), np.float64), [3, -3], [0.1, -0.1]),
        (Box(-1, 1, ()), [3], 1),
    ],
)
def test_actions_reach_the_environment_in_the_form_of_its_space(space, action, played_as):
    env = make_free(action_space=space)
    env.reset(np.array([1]))
    env.step(np.array([action], dtype=env.actions.dtype))
    (found,) = played(env)
    assert np.array_equal(found, played_as)
    assert np.asarray(found).dtype == space.dtype
    assert space.contains(found)


@pytest.mark.parametrize(
    ("shape", "as_seen"),
    [
        ((), (1,)),
        ((5,), (5,)),
        ((6, 4), (1, 6, 4)),
        ((6, 4, 3), (3, 6, 4)),
        ((3, 6, 4), (3, 6, 4)),
        ((3, 3, 3), (3, 3, 3)),
    ],
)
def test_networks_see_vectors_and_maps_with_their_channels_first(shape, as_seen):
    observation = np.arange(np.prod(shape, dtype=int), dtype=np.uint8).reshape(shape)
    env = make_free(Box(0, 255, shape, np.uint8), observation=observation)
    assert env.observation_shape == as_seen
    assert env.reset(np.array([1])).shape == (1, *as_seen)
    seen = env.step(act(0)).observation
    last = len(shape) == 3 and shape[-1] == 3
    assert np.array_equal(seen[0], observation.transpose(2, 0, 1) if last else observation.reshape(as_seen))
    assert seen.dtype == np.uint8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"observation": (1, 2, 3)}, "returned an observation of shape (3,), but its space has (2,)."),
        ({"observation": {"a": 1}}, "returned an observation that is not an array of numbers."),
        ({"observation": None}, "returned an observation that is not an array of numbers."),
        ({"observation": [[1], [1, 2]]}, "returned an observation that is not an array of numbers."),
        ({"observation": (np.inf, 0)}, "returned infinity as observation."),
        (
            {"observation_space": Box(0, 255, (2,), np.uint8), "observation": (0.5, 0.1)},
            "returned float64 numbers as observation, but its space has uint8.",
        ),
        (
            {"observation_space": Box(0, 255, (2,), np.uint8), "observation": np.array([3, 256])},
            "returned an observation outside its space: number 1 is 256, not in 0..255.",
        ),
        (
            {"observation_space": Box(0, 3, (2, 2), np.int64), "observation": np.array([[0, 1], [-1, 3]])},
            "returned an observation outside its space: number (1, 0) is -1, not in 0..3.",
        ),
        ({"reward": "much"}, "returned 'much' as reward, which must be one number."),
        ({"reward": None}, "returned None as reward, which must be one number."),
        ({"reward": 1e39}, "returned a number too large for float32 as reward."),
        ({"reward": 10**400}, "returned infinity as reward."),
        (
            {
                "observation_space": Box(-np.inf, np.inf, (2,), np.float16),
                "observation": np.full(2, np.inf, np.float16),
            },
            "returned infinity as observation.",
        ),
        ({"reward": np.array([1.0, 2.0])}, "returned array([1., 2.]) as reward, which must be one number."),
        ({"observation": np.array([1e300, 0])}, "returned an observation that is too large for float32."),
        (
            {"step": (np.zeros(2), 0.0, np.array([True, False]), False, {})},
            "returned array([ True, False]) as terminated, which must be true or false.",
        ),
        ({"step": (np.zeros(2), 0.0, False, None, {})}, "returned None as truncated, which must be true or false."),
        ({"reset": np.zeros(2)}, "must return (observation, info) from reset."),
        (
            {"step": (np.zeros(2), 0.0, False, {})},
            "must return (observation, reward, terminated, truncated, info) from step.",
        ),
    ],
)
def test_what_an_environment_returns_is_named_where_it_is_malformed(options, message):
    env = make_free(**options)

    def play():
        env.reset(np.array([1]))
        env.step(act(0))

    with pytest.raises(EnvironmentFault) as caught:
        play()
    assert str(caught.value) == f"environment 'RlnasTest/Odd-v0' {message}"


def test_real_numbers_outside_their_space_are_remarked_on_once():
    env = make_free(observation=np.array([0.5, 1.25]))
    env.reset(np.array([1]))
    assert env.remarks == {}
    for _ in range(3):
        assert env.step(act(0)).observation.tolist() == [[0.5, 1.25]]
    assert env.remarks == {
        "bounds": "environment 'RlnasTest/Odd-v0' returned an observation outside its space: number 1 is 1.25, not in "
        "0.0..1.0."
    }


@pytest.mark.parametrize("reward", [np.array([2.5]), np.array([[2.5]]), [2.5], np.float32(2.5), np.array(2.5), 2.5])
def test_a_reward_may_be_an_array_of_one_number(reward):
    env = make_free(reward=reward)
    env.reset(np.array([1]))
    assert env.step(act(0)).reward.tolist() == [2.5]


def test_environments_that_were_closed_are_made_again_by_a_reset():
    env = make()
    env.reset(np.array([5, 6]))
    env.close()
    assert env.reset(np.array([7, 8])).tolist() == [[7, 0], [8, 0]]


def test_scaling_is_for_real_numbers():
    with pytest.raises(UserError, match="'scale_actions' is for continuous actions"):
        GymEnv(ID, 1, scale_actions=True)


def test_an_environment_that_cannot_be_closed_does_no_harm():
    make_free(close=True).close()


class Gone(BaseException):
    pass


def call(env: GymEnv, where: str) -> None:
    if where == "__init__":
        GymEnv(ID, 1)
    elif where == "reset":
        env.reset(np.array([1]))
    else:
        env.step(np.array([0]))


@pytest.mark.parametrize("error", [Gone("gone"), GeneratorExit("gone"), SystemExit("gone"), RuntimeError("gone")])
@pytest.mark.parametrize("where", ["__init__", "reset", "step"])
def test_whatever_an_environment_raises_is_its_fault(monkeypatch, error, where):
    env = GymEnv(ID, 1)
    env.reset(np.array([1]))

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(Counter, where, fail)
    with pytest.raises(EnvironmentFault, match=f"{type(error).__name__}: gone"):
        call(env, where)
    monkeypatch.setattr(Counter, "close", fail, raising=False)
    env.close()


@pytest.mark.parametrize("where", ["__init__", "reset", "step"])
def test_an_interruption_is_no_fault_of_the_environment(monkeypatch, where):
    env = GymEnv(ID, 1)
    env.reset(np.array([1]))

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Counter, where, interrupt)
    with pytest.raises(KeyboardInterrupt):
        call(env, where)


@pytest.mark.parametrize("name", ["action_space", "observation_space"])
def test_a_space_that_is_missing_is_named(monkeypatch, name):
    monkeypatch.delattr(Counter, name)
    with pytest.raises(UserError, match=f"environment {ID!r} has no {name}"):
        GymEnv(ID, 1)

    def fail(self):
        raise Gone("gone")

    monkeypatch.setattr(Counter, name, property(fail), raising=False)
    with pytest.raises(EnvironmentFault, match=f"raised in {name}: Gone: gone"):
        GymEnv(ID, 1)
