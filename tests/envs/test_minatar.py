import numpy as np
import pytest
from minatar import Environment

from rlnas.envs import EnvSettings, known_ids, make_env
from rlnas.envs.minatar import MinAtarEnv
from rlnas.errors import EnvironmentFault, UserError


def test_a_stream_is_that_of_the_games_themselves():
    env = MinAtarEnv("MinAtar/Breakout-v1", EnvSettings(num_envs=3, sticky_actions=0.1))
    seeds = np.array([5, 6, 7])
    games = []
    for seed in seeds:
        game = Environment("breakout")
        game.seed(int(seed))
        game.reset()
        games.append(game)
    observation = env.reset(seeds)
    rng, over, score, length = np.random.default_rng(0), [False] * 3, [0.0] * 3, [0] * 3
    ends = 0
    for _ in range(200):
        for i, game in enumerate(games):
            assert np.array_equal(observation[i], np.moveaxis(game.state(), -1, 0))
        actions = rng.integers(0, 3, 3)
        step = env.step(actions)
        finished = {episode.environment: episode for episode in step.episodes}
        for i, game in enumerate(games):
            assert step.valid[i] == (not over[i])
            if over[i]:
                game.reset()
                over[i], score[i], length[i] = False, 0.0, 0
                assert step.reward[i] == 0
                assert not step.terminated[i]
                continue
            reward, over[i] = game.act([0, 1, 3][actions[i]])  # v1: nothing, left, right
            score[i] += reward
            length[i] += 1
            assert (step.reward[i], step.terminated[i]) == (reward, over[i])
            assert (i in finished) == over[i]
            if over[i]:
                ends += 1
                assert (finished[i].score, finished[i].length) == (score[i], length[i])
        assert not step.truncated.any()
        observation = step.observation
    assert ends > 3


def test_running_scores_are_the_returns_so_far():
    env = MinAtarEnv("MinAtar/Asterix-v1", EnvSettings(num_envs=4, sticky_actions=0.1))
    env.reset(np.arange(4))
    total = np.zeros(4)
    for t in range(100):
        step = env.step(np.full(4, t % 5))
        total += step.reward
        for episode in step.episodes:
            total[episode.environment] = 0
        assert np.array_equal(env.running_scores, total)
    assert total.any()


def test_a_restart_forgets_everything():
    """A sticky action would repeat the last action of before."""

    def play(env):
        frames = [env.reset(np.arange(64))]
        frames += [env.step(np.zeros(64, dtype=np.int64)).observation for _ in range(3)]
        return np.stack(frames)

    used = MinAtarEnv("MinAtar/SpaceInvaders-v1", EnvSettings(num_envs=64, sticky_actions=0.1))
    used.reset(np.arange(64))
    for _ in range(300):
        used.step(np.full(64, 1))
    assert np.array_equal(
        play(used), play(MinAtarEnv("MinAtar/SpaceInvaders-v1", EnvSettings(num_envs=64, sticky_actions=0.1)))
    )


@pytest.mark.parametrize(
    ("game", "channels", "minimal"),
    [("Asterix", 4, 5), ("Breakout", 4, 3), ("Freeway", 7, 3), ("Seaquest", 10, 6), ("SpaceInvaders", 6, 4)],
)
def test_games_differ_in_channels_and_actions(game, channels, minimal):
    for version, actions in (("v0", 6), ("v1", minimal)):
        env = make_env(f"MinAtar/{game}-{version}", EnvSettings(), num_envs=2)
        assert env.observation_shape == (channels, 10, 10)
        assert env.actions.outputs == actions
        assert env.reset(np.array([1, 2])).shape == (2, channels, 10, 10)
        assert f"MinAtar/{game}-{version}" in known_ids()


def test_the_time_limit_of_freeway_truncates():
    env = MinAtarEnv("MinAtar/Freeway-v1", EnvSettings(num_envs=1))
    env.reset(np.array([3]))
    steps = [env.step(np.array([0])) for _ in range(2501)]
    assert not any(step.terminated[0] or step.truncated[0] for step in steps[:-1])
    assert (steps[-1].terminated[0], steps[-1].truncated[0]) == (False, True)
    assert (steps[-1].episodes[0].length, steps[-1].episodes[0].truncated) == (2501, True)


def test_sticky_actions_are_an_option():
    def played(sticky):
        env = MinAtarEnv("MinAtar/Breakout-v1", EnvSettings(num_envs=8, sticky_actions=sticky))
        env.reset(np.arange(8))
        return np.stack([env.step(np.full(8, t % 3)).observation for t in range(6)])

    assert not np.array_equal(played(0.0), played(0.9))
    assert np.array_equal(played(0.9), played(0.9))


@pytest.mark.parametrize("actions", [[0, 3], [-1, 0], [0]])
def test_an_action_out_of_range_is_a_fault(actions):
    env = MinAtarEnv("MinAtar/Breakout-v1", EnvSettings(num_envs=2, sticky_actions=0.1))
    env.reset(np.array([1, 2]))
    with pytest.raises(EnvironmentFault, match="actions must be 2 of"):
        env.step(np.array(actions))


@pytest.mark.parametrize("name", ["MinAtar/Breakout-v2", "MinAtar/Brakeout-v1", "MinAtar/Breakout"])
def test_an_unknown_game_is_refused_with_the_nearest_match(name):
    with pytest.raises(UserError, match="Did you mean 'MinAtar/Breakout-v"):
        make_env(name, EnvSettings())
