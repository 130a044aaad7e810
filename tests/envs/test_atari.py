"""AtariEnv against Gymnasium's own wrappers, and the rules that it adds to ale-py's vector environment."""

import gymnasium
import numpy as np
import pytest
from ale_py import Action
from ale_py.env import AtariEnv as RawAtari
from gymnasium.wrappers import AtariPreprocessing, FrameStackObservation

from rlnas.envs import EnvSettings, Episode
from rlnas.envs.atari import AtariEnv
from rlnas.errors import EnvironmentFault

NOOP = 0


class VectorStart(gymnasium.Wrapper):
    """Starts a game as ale-py's vector environment does: no-ops up to a given frame."""

    start_frame = 0

    def reset(self, *, seed=None, options=None):
        observation, info = self.env.reset()
        ale = self.unwrapped.ale
        while ale.getEpisodeFrameNumber() < self.start_frame:
            ale.act(Action.NOOP)
        assert ale.getEpisodeFrameNumber() == self.start_frame
        return observation, info


class Reference:
    """One game in Gymnasium's standard preprocessing, without no-ops of its own."""

    def __init__(self, game: str, sticky: float, seed: int):
        raw = RawAtari(game, frameskip=1, repeat_action_probability=sticky, full_action_space=False)
        raw.ale.setInt("random_seed", seed)
        raw.load_game()
        self.start = VectorStart(raw)
        self.env = FrameStackObservation(AtariPreprocessing(self.start, noop_max=0), 4, padding_type="zero")
        self.fire = [meaning == "FIRE" for meaning in raw.get_action_meanings()].index(True) if self.has_fire else None

    @property
    def has_fire(self) -> bool:
        return "FIRE" in self.env.unwrapped.get_action_meanings()

    @property
    def lives(self) -> int:
        return self.env.unwrapped.ale.lives()

    def reset(self, frame: int) -> np.ndarray:
        self.start.start_frame = int(frame)
        observation, _ = self.env.reset()
        self.score, self.length = 0.0, 0
        return observation


@pytest.fixture
def make():
    """Makes an AtariEnv that notes ale-py's `info` in `env.info`, and is closed at the end."""
    made = []

    def make(rom: str, num_envs: int = 1, **settings) -> AtariEnv:
        env = AtariEnv(rom, EnvSettings(**{"sticky_actions": 0.0, **settings}), num_envs)
        reset, step = env._env.reset, env._env.step

        def noting_reset(**kwargs):
            result = reset(**kwargs)
            env.info = result[1]
            return result

        def noting_step(actions):
            result = step(actions)
            env.info = result[4]
            return result

        env._env.reset, env._env.step = noting_reset, noting_step
        made.append(env)
        return env

    yield make
    for env in made:
        env.close()


SMALL = {"screen_size": 21, "frame_stack": 1}


def act(*actions):
    return np.array(actions, dtype=np.int64)


@pytest.mark.parametrize(
    ("game", "sticky", "num_envs", "steps", "games"),
    [
        ("breakout", 0.25, 2, 320, 3),
        ("seaquest", 0.25, 2, 420, 1),
        ("asterix", 0.0, 2, 300, 1),  # lives, but no FIRE
        ("pong", 0.0, 1, 980, 1),  # no lives
    ],
)
def test_the_stream_is_that_of_gymnasiums_own_wrappers(make, game, sticky, num_envs, steps, games):
    env, rng = make(game, num_envs, sticky_actions=sticky), np.random.default_rng(1)
    seeds = np.array([101, 7])[:num_envs]
    references = [Reference(game, sticky, int(seed)) for seed in seeds]
    observation = env.reset(seeds)
    for i, reference in enumerate(references):
        np.testing.assert_array_equal(observation[i], reference.reset(env.info["episode_frame_number"][i]))
    over = [False] * num_envs
    must_fire = [reference.has_fire for reference in references]
    finished = 0
    for _ in range(steps):
        actions = rng.integers(env.actions.outputs, size=num_envs)
        step, episodes = env.step(actions), []
        for i, reference in enumerate(references):
            if over[i]:
                expected = reference.reset(env.info["episode_frame_number"][i])
                reward, terminated, lost_life, valid = 0, False, False, False
                over[i], must_fire[i] = False, reference.has_fire
            else:
                lives, valid = reference.lives, not must_fire[i]
                expected, reward, over[i], truncated, _ = reference.env.step(actions[i] if valid else reference.fire)
                assert not truncated
                lost_life = reference.lives < lives and not over[i]
                terminated = over[i] or lost_life
                must_fire[i] = lost_life and reference.has_fire
                reference.score += reward
                reference.length += 1
                if over[i]:
                    episodes.append(Episode(reference.score, reference.length, False, i))
            np.testing.assert_array_equal(step.observation[i], expected)
            assert (step.reward[i], step.terminated[i], step.truncated[i]) == (reward, terminated, False)
            assert step.valid[i] == valid
            assert env.info["lives"][i] == reference.lives
        assert step.episodes == episodes
        finished += len(episodes)
    assert finished >= games


def test_a_lost_life_ends_the_trajectory_but_not_the_game(make):
    env, rng = make("breakout", **SMALL), np.random.default_rng(0)
    env.reset(act(3))
    lives, score, length, terminations = [int(env.info["lives"][0])], 0.0, 0, 0
    while True:
        step = env.step(rng.integers(4, size=1))
        score, length, terminations = score + step.reward[0], length + 1, terminations + int(step.terminated[0])
        lives.append(int(env.info["lives"][0]))
        assert step.terminated[0] == (lives[-1] < lives[-2])
        if step.episodes:
            break
    assert sorted(set(lives), reverse=True) == [5, 4, 3, 2, 1, 0]
    assert terminations == 5
    assert score > 0
    assert step.episodes == [Episode(score, length, False, 0)]


def test_a_lost_life_can_be_left_out_of_learning(make):
    env = make("breakout", **SMALL, life_loss_ends_trajectory=False)
    env.reset(act(3))
    steps = [env.step(act(NOOP)) for _ in range(300)]
    assert [bool(step.episodes) for step in steps] == [bool(step.terminated[0]) for step in steps]
    assert sum(step.terminated[0] for step in steps) > 0
    # FIRE is pressed all the same.
    assert sum(not step.valid[0] for step in steps) > sum(step.terminated[0] for step in steps)


def test_the_action_after_a_lost_life_is_fire_whatever_the_policy_says(make):
    env, sent = make("breakout", **SMALL), []
    step_of_ale = env._env.step
    env._env.step = lambda actions: sent.append(int(actions[0])) or step_of_ale(actions)
    env.reset(act(3))
    steps = [env.step(act(NOOP)) for _ in range(100)]
    lost = [t for t, step in enumerate(steps[:-1]) if step.terminated[0] and not step.episodes]
    assert len(lost) >= 3
    for t, step in enumerate(steps):
        forced = t == 0 or t - 1 in lost
        assert sent[t] == (1 if forced else NOOP)
        assert step.valid[0] == (not forced)


def test_fire_can_be_left_to_the_policy(make):
    env, rng = make("breakout", **SMALL, fire=False), np.random.default_rng(0)
    env.reset(act(3))
    idle = [env.step(act(NOOP)) for _ in range(100)]
    assert all(step.valid[0] and not step.terminated[0] for step in idle)
    busy = [env.step(rng.integers(4, size=1)) for _ in range(100)]
    assert sum(step.terminated[0] for step in busy) > 1
    assert all(step.valid[0] for step in busy)


@pytest.mark.parametrize("sticky", [0.0, 0.25])
def test_a_policy_that_never_fires_still_finishes_its_games(make, sticky):
    env = make("breakout", 4, sticky_actions=sticky, **SMALL)
    env.reset(np.arange(4))
    games = {episode.environment for _ in range(180) for episode in env.step(np.zeros(4, dtype=np.int64)).episodes}
    # Each FIRE is held for four frames, which sticky actions swallow once in 256 times.
    assert len(games) >= (4 if sticky == 0 else 3)


def test_a_restart_is_not_a_transition(make):
    env, rng = make("breakout", **SMALL), np.random.default_rng(0)
    env.reset(act(3))
    while not (step := env.step(rng.integers(4, size=1))).episodes:
        pass
    assert step.terminated[0]
    assert step.valid[0]
    restart = env.step(act(3))
    assert not restart.valid[0]
    assert restart.reward[0] == 0
    assert not restart.terminated[0]
    assert not restart.truncated[0]
    assert env.info["lives"][0] == 5
    assert not env.step(act(3)).valid[0]  # FIRE starts the game
    assert env.step(act(3)).valid[0]


def test_a_time_limit_truncates_and_does_not_terminate(make):
    env = make("breakout", max_frames=24, fire=False, **SMALL)
    env.reset(act(3))
    steps = [env.step(act(NOOP)) for _ in range(7)]
    assert [bool(step.truncated[0]) for step in steps] == [False] * 5 + [True, False]
    assert not any(step.terminated[0] for step in steps)
    assert steps[5].episodes == [Episode(0.0, 6, True, 0)]
    assert [bool(step.valid[0]) for step in steps] == [True] * 6 + [False]


def frames_of(make, ends_on) -> int:
    """Frames that a fixed game of Breakout lasts up to the step that `ends_on` picks."""
    env = make("breakout", **SMALL)
    env.reset(act(3))
    return 4 * next(t for t in range(1, 400) if ends_on(env.step(act(NOOP))))


def test_a_time_limit_that_falls_on_a_lost_life_ends_the_game_and_the_trajectory(make):
    frames = frames_of(make, lambda step: step.terminated[0])
    env = make("breakout", max_frames=frames, **SMALL)
    env.reset(act(3))
    steps = [env.step(act(NOOP)) for _ in range(frames // 4)]
    assert env.info["lives"][0] == 4
    assert steps[-1].truncated[0]
    assert steps[-1].terminated[0]  # a lost life has no future, also here
    assert steps[-1].episodes == [Episode(0.0, frames // 4, True, 0)]
    restart = env.step(act(NOOP))
    assert not restart.valid[0]
    assert not env.step(act(NOOP)).valid[0]  # FIRE starts the game
    assert env.step(act(NOOP)).valid[0]  # the life was lost in another game: no second FIRE


def test_a_game_that_ends_before_the_time_limit_is_not_truncated(make):
    frames = frames_of(make, lambda step: step.episodes)
    env = make("breakout", max_frames=frames, **SMALL)
    env.reset(act(3))
    steps = [env.step(act(NOOP)) for _ in range(frames // 4)]
    assert steps[-1].terminated[0]
    assert not steps[-1].truncated[0]
    assert not steps[-1].episodes[0].truncated


def test_a_bad_action_raises_before_it_can_hang_ale(make, monkeypatch):
    env = make("breakout", 2, **SMALL)
    env.reset(act(1, 2))
    monkeypatch.setattr(env._env, "step", lambda actions: pytest.fail("the action reached ale-py"))
    for actions in (act(0, 4), act(-1, 0), act(0), act(0, 0, 0), np.zeros((2, 1), dtype=np.int64)):
        with pytest.raises(EnvironmentFault, match=r"actions must be 2 of DiscreteActions\(count=4\)"):
            env.step(actions)


def play(env: AtariEnv, seeds: np.ndarray) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [env.reset(seeds)] + [
        env.step(rng.integers(env.actions.outputs, size=env.num_envs)).observation for _ in range(40)
    ]


def test_a_game_depends_on_its_seed_alone(make):
    env = make("breakout", 2, sticky_actions=0.25)
    first, again, others = (play(env, seeds) for seeds in (act(5, 6), act(5, 6), act(6, 5)))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[-1][0], first[-1][1])
    assert not np.array_equal(first[-1], others[-1])
    assert np.array_equal(first[0], others[0][::-1])  # before any action


def test_every_game_after_the_first_has_its_own_start(make):
    env = make("breakout", 2, **SMALL, max_frames=4, fire=False)
    env.reset(act(1, 2))
    starts = []
    for _ in range(12):
        step = env.step(act(NOOP, NOOP))
        starts += env.info["episode_frame_number"][~step.valid].tolist()
    assert len(starts) == 2 * 6
    assert len(set(starts)) > 2
    assert max(starts) <= 30


def test_a_game_without_lives_is_one_trajectory_of_the_full_length(make):
    env = make("freeway", **SMALL)
    env.reset(act(3))
    steps = [env.step(act(1)) for _ in range(2060)]
    assert [bool(step.terminated[0]) for step in steps] == [bool(step.episodes) for step in steps]
    (episode,) = (episode for step in steps for episode in step.episodes)
    assert 2000 < episode.length < 2060  # two minutes
    assert 19 <= episode.score <= 24  # what always pressing "up" brings


def test_settings_shape_the_observation(make):
    env = make("breakout", 3, screen_size=42, frame_stack=2)
    assert env.observation_shape == (2, 42, 42)
    observation = env.reset(act(1, 2, 3))
    assert observation.shape == (3, 2, 42, 42)
    assert observation.dtype == env.observation_dtype == np.uint8
    assert (observation[:, 0] == 0).all()
    assert (observation[:, 1] > 0).any()


def test_an_observation_stays_as_it_was_returned(make):
    env = make("breakout", **SMALL)
    kept = [env.reset(act(3))]
    copies = [kept[0].copy()]
    for _ in range(5):
        kept.append(env.step(act(3)).observation)
        copies.append(kept[-1].copy())
    assert all(np.array_equal(a, b) for a, b in zip(kept, copies, strict=True))
    assert not np.array_equal(kept[0], kept[-1])


def test_scores_are_not_clipped(make):
    env, rng = make("space_invaders", **SMALL), np.random.default_rng(0)
    env.reset(act(3))
    assert max(env.step(rng.integers(6, size=1)).reward[0] for _ in range(300)) >= 5
