"""Filmed environments: the frames are those of the very game that the agent plays."""

from typing import ClassVar

import gymnasium
import numpy as np
import pytest
from ale_py.env import AtariEnv as RawAtari
from gymnasium.spaces import Box, Discrete
from gymnasium.wrappers import AtariPreprocessing, FrameStackObservation

from rlnas.envs import EnvSettings, film_env, make_env
from rlnas.envs.minatar import GridCamera
from rlnas.errors import EnvironmentFault, UserError

FIRE = 1


class Eye(gymnasium.Wrapper):
    """Keeps the emulator's last two pictures."""

    pictures = ()

    def reset(self, **kwargs):
        result = self.env.reset(**kwargs)
        self.pictures = [self.unwrapped.ale.getScreenRGB()] * 2
        return result

    def step(self, action):
        result = self.env.step(action)
        self.pictures = [self.pictures[1], self.unwrapped.ale.getScreenRGB()]
        return result


@pytest.mark.parametrize(("game", "rom", "lives_to_lose"), [("Breakout", "breakout", 2), ("Pong", "pong", 0)])
def test_the_film_of_an_atari_game_shows_what_the_agent_observes(game, rom, lives_to_lose):
    """One emulator, run by Gymnasium's own wrappers, gives both: the observations, and the pictures of the film."""
    seed, frames, rng = 11, [], np.random.default_rng(0)
    env, fps = film_env(f"ALE/{game}-v5", EnvSettings(noop_max=0), frames.append)
    raw = RawAtari(rom, frameskip=1, repeat_action_probability=0.25, full_action_space=False)
    raw.ale.setInt("random_seed", seed)
    raw.load_game()
    eye = Eye(raw)
    reference = FrameStackObservation(AtariPreprocessing(eye, noop_max=0), 4, padding_type="zero")
    observation, must_fire, lost, score = env.reset(np.array([seed])), True, 0, 0.0
    np.testing.assert_array_equal(observation[0], reference.reset()[0])
    np.testing.assert_array_equal(frames[0], eye.pictures[1])
    for count in range(1, 121):
        action, lives = rng.integers(env.actions.count, size=1), raw.ale.lives()
        step = env.step(action)
        expected, reward, *_ = reference.step(FIRE if must_fire else action[0])
        must_fire = raw.ale.lives() < lives
        lost, score = lost + must_fire, score + reward
        np.testing.assert_array_equal(step.observation[0], expected)
        assert len(frames) == count + 1
        np.testing.assert_array_equal(frames[-1], np.maximum(*eye.pictures))
    assert frames[0].shape == (210, 160, 3)
    assert len(np.unique(frames[-1].reshape(-1, 3), axis=0)) > 3
    assert lost >= lives_to_lose
    assert env.running_scores[0] == score != 0
    assert fps == 15
    env.close()


def test_a_film_of_another_atari_game_is_refused():
    env, _ = film_env("ALE/Breakout-v5", EnvSettings(), lambda frame: None)
    env.reset(np.array([1]))
    env._camera._twin.reset(np.array([4]))
    actions = np.random.default_rng(0).integers(4, size=(300, 1))
    with pytest.raises(EnvironmentFault, match="another game"):
        [env.step(action) for action in actions]
    env.close()


@pytest.mark.parametrize("env_id", ["ALE/Breakout-v5", "MinAtar/Seaquest-v1"])
def test_a_filmed_environment_plays_as_one_that_is_not(env_id):
    settings, rng, frames = EnvSettings(), np.random.default_rng(0), []
    filmed, _ = film_env(env_id, settings, frames.append)
    alone = make_env(env_id, settings, num_envs=1)
    for seed in (3, 4):
        np.testing.assert_array_equal(filmed.reset(np.array([seed])), alone.reset(np.array([seed])))
        for _ in range(60):
            action = rng.integers(alone.actions.count, size=1)
            one, two = filmed.step(action), alone.step(action)
            np.testing.assert_array_equal(one.observation, two.observation)
            assert (one.reward, one.terminated, one.valid, one.episodes) == (
                two.reward,
                two.terminated,
                two.valid,
                two.episodes,
            )
    assert len(frames) == 2 * 61
    filmed.close()
    alone.close()


def test_a_grid_has_a_colour_for_each_channel_and_the_last_one_on_top():
    camera = GridCamera(3)
    grid = np.zeros((1, 3, 4, 5), dtype=bool)
    grid[0, 0, 1, 2] = grid[0, 2, 1, 2] = grid[0, 1, 3, 4] = True
    frame = camera.reset(np.array([0]), grid)
    assert (frame.shape, frame.dtype) == ((4, 5, 3), np.uint8)
    expected = np.zeros((4, 5), dtype=int)
    expected[1, 2], expected[3, 4] = 3, 2
    np.testing.assert_array_equal(frame, camera.palette[expected])


@pytest.mark.parametrize("channels", [4, 6, 7, 10])
def test_colours_of_channels_can_be_told_apart(channels):
    palette = GridCamera(channels).palette.astype(int)
    distances = [np.abs(a - b).sum() for i, a in enumerate(palette) for b in palette[:i]]
    assert min(distances) >= 60


class Painter(gymnasium.Env):
    """Draws its step number; can be made to misbehave."""

    metadata: ClassVar = {"render_modes": ["rgb_array"], "render_fps": 12}
    observation_space, action_space = Box(0, 9, (1,)), Discrete(2)

    def __init__(self, render_mode=None, fault=""):
        self.render_mode, self.fault, self.count = render_mode, fault, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(1, dtype=np.float32), {}

    def step(self, action):
        self.count += 1
        return np.array([self.count], dtype=np.float32), 1.0, self.count == 3, False, {}

    def render(self):
        assert self.render_mode == "rgb_array"
        if self.fault == "raises":
            raise RuntimeError("no paint")
        if self.fault == "needs":
            raise gymnasium.error.DependencyNotInstalled("paint is not installed.")
        if self.fault == "nothing":
            return None
        if self.fault == "floats":
            return np.zeros((2, 3, 3))
        rows = 2 + (self.fault == "grows") * self.count
        return np.full((rows, 3, 3), self.count, dtype=np.uint8)


class Shy(Painter):
    metadata: ClassVar = {"render_modes": ["human", "ansi"]}


class Blind(Painter):
    metadata: ClassVar = {"render_modes": []}

    def __init__(self):
        super().__init__()


@pytest.fixture(autouse=True)
def _registered():
    for kind in (Painter, Shy, Blind):
        gymnasium.register(f"RlnasFilm/{kind.__name__}-v0", kind, disable_env_checker=True)
    yield
    for kind in (Painter, Shy, Blind):
        del gymnasium.registry[f"RlnasFilm/{kind.__name__}-v0"]


def test_a_gymnasium_environment_draws_itself_after_each_step():
    frames = []
    env, fps = film_env("RlnasFilm/Painter-v0", EnvSettings(), frames.append)
    env.reset(np.array([1]))
    steps = [env.step(np.array([0])) for _ in range(3)]
    # The last frame is that of the last step, not of the next game.
    assert [int(frame[0, 0, 0]) for frame in frames] == [0, 1, 2, 3]
    assert steps[-1].episodes[0].score == 3
    assert fps == 12


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Shy", ["'RlnasFilm/Shy-v0' cannot be filmed", "'rgb_array'", "only 'human', 'ansi'"]),
        ("Blind", ["'RlnasFilm/Blind-v0' cannot be filmed", "none at all"]),
    ],
)
def test_an_environment_that_cannot_draw_itself_is_refused(name, parts):
    with pytest.raises(UserError) as caught:
        film_env(f"RlnasFilm/{name}-v0", EnvSettings(), print)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        ("raises", EnvironmentFault, "raised in render: RuntimeError: no paint"),
        ("needs", UserError, "cannot draw itself: paint is not installed."),
        ("nothing", UserError, "draws NoneType, but"),
        ("floats", UserError, r"draws float64 \(2, 3, 3\), but"),
        ("grows", UserError, "several sizes"),
    ],
)
def test_bad_frames_are_named(fault, kind, message):
    gymnasium.registry["RlnasFilm/Painter-v0"].kwargs["fault"] = fault
    env, _ = film_env("RlnasFilm/Painter-v0", EnvSettings(), lambda frame: None)
    with pytest.raises(kind, match=message):
        [env.reset(np.array([1])), env.step(np.array([0]))]
