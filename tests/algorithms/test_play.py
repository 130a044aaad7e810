import numpy as np
import pytest
import torch

from rlnas.algorithms.play import play_episodes, play_in_portions
from rlnas.envs import Episode
from rlnas.nets import Network, Supernet


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def always(action: int):
    """What makes a policy ready that takes one action, all but surely."""

    def policy(observation):
        logits = torch.full((len(observation), 4), -50.0)
        logits[:, action] = 50
        return logits, torch.zeros(len(observation))

    return lambda: policy


@pytest.fixture
def first_games(guess_env):
    """The first game of every seed, when one action is always taken: stepped one by one."""

    def first_games(seeds: list[int], action: int) -> list[Episode]:
        games = []
        for seed in seeds:
            env, episodes = guess_env(1), []
            env.reset(np.array([seed]))
            while not episodes:
                episodes = env.step(np.array([action])).episodes
            games.append(episodes[0])
        return games

    return first_games


def test_every_environment_plays_one_full_game(guess_env, first_games):
    seeds, env = list(range(8)), guess_env(8)
    reset = env.reset

    def with_one_long_game(seeds):
        observation = reset(seeds)
        env.length[0] = 40
        return observation

    env.reset = with_one_long_game
    (games,) = play_episodes([always(2)], env, np.array(seeds), generators(0))
    assert [episode.environment for episode in games] == seeds
    assert games[0].length == 40
    # The others, nine steps at most, played on meanwhile without counting.
    expected = first_games(seeds, 2)[1:]
    assert [(e.score, e.length, e.truncated) for e in games[1:]] == [(e.score, e.length, e.truncated) for e in expected]


def test_policies_share_the_environments_and_meet_the_same_games(guess_env, first_games):
    seeds, env = [11, 12, 13], guess_env(6)
    found = play_episodes([always(0), always(3)], env, np.array(seeds), generators(0, 1))
    assert env.resets == [seeds + seeds]
    for games, action in zip(found, (0, 3), strict=True):
        assert [episode.score for episode in games] == [episode.score for episode in first_games(seeds, action)]
    assert found[0] != found[1]


def test_what_a_policy_plays_does_not_depend_on_the_policies_beside_it(guess_env, guess_space):
    supernet, seeds = Supernet(guess_space, 4, seed=3), np.array([11, 12])
    with torch.no_grad():
        supernet.policy.weight.mul_(100)

    def on(path):
        def ready():
            supernet.activate(path)
            return supernet

        return ready

    paths = list(guess_space)[:3]
    together = play_episodes([on(path) for path in paths], guess_env(6), seeds, generators(0, 1, 2))
    for number, path in enumerate(paths):
        (alone,) = play_episodes([on(path)], guess_env(2), seeds, generators(number))
        assert [(e.score, e.length) for e in alone] == [(e.score, e.length) for e in together[number]]


def test_games_in_progress_are_scored_as_they_stand_when_the_steps_run_out(guess_env, first_games):
    seeds = list(range(8))
    full = first_games(seeds, 1)
    (games,) = play_episodes([always(1)], guess_env(8), np.array(seeds), generators(0), max_steps=6)
    env, score = guess_env(8), np.zeros(8)
    env.reset(np.array(seeds))
    for _ in range(6):
        score += env.step(np.full(8, 1)).reward
    assert {episode.length for episode in full} > {6}
    for i in range(8):
        if full[i].length <= 6:
            assert (games[i].score, games[i].length, games[i].truncated) == (
                full[i].score,
                full[i].length,
                full[i].truncated,
            )
        else:
            assert games[i] == Episode(score[i], 6, True, i, cut=True)
    assert not any(games[i].cut for i in range(8) if full[i].length <= 6)


@pytest.mark.parametrize(("own", "length"), [(None, 5), (7, 7)])
def test_a_game_that_does_not_end_is_cut_unless_the_environment_says_when_it_ends(guess_env, monkeypatch, own, length):
    monkeypatch.setattr("rlnas.algorithms.play.LONGEST_GAME", 5)
    env = guess_env(1)
    env.max_steps, begin = own, env.begin
    env.begin = lambda which: (begin(which), env.length.__setitem__(0, 10**9))
    told: list[int] = []
    ((game,),) = play_episodes([always(1)], env, np.array([3]), generators(0), tell=told.append)
    assert (game.length, game.truncated, game.cut) == (length, True, True)
    assert sum(told) == length


def test_greedy_play_takes_the_most_probable_action(guess_env, guess_space):
    network = Network(guess_space, next(iter(guess_space)), 4)  # all actions are about equally likely
    actions, env = [], guess_env(4)
    play = env.step
    env.step = lambda chosen: actions.append(chosen.copy()) or play(chosen)
    seeds = np.arange(4)
    first = play_episodes([lambda: network], env, seeds, generators(0), greedy=True)
    best, _ = network(torch.as_tensor(guess_env(4).reset(seeds)))
    assert actions[0].tolist() == best.argmax(-1).tolist()
    assert play_episodes([lambda: network], guess_env(4), seeds, generators(1), greedy=True) == first
    drawn = [play_episodes([lambda: network], guess_env(4), seeds, generators(seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_nothing_is_learned(guess_env, guess_space):
    network = Network(guess_space, next(iter(guess_space)), 4)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    play_episodes([lambda: network], guess_env(4), np.arange(4), generators(0))
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("num_envs", [3, 5])
def test_environments_that_cannot_be_shared_evenly_are_refused(guess_env, num_envs):
    with pytest.raises(ValueError, match=f"2 policies with 2 games each need as many environments: {num_envs}"):
        play_episodes([always(0), always(1)], guess_env(num_envs), np.arange(2), generators(0, 1))


class Made:
    """Makes environments, and keeps those that it made."""

    def __init__(self, make):
        self.make = make
        self.envs = []

    def __call__(self, count):
        env = self.make(count)
        env.closed, env.close = False, lambda: setattr(env, "closed", True)
        self.envs.append(env)
        return env

    @property
    def sizes(self):
        return [env.num_envs for env in self.envs]


def drawing(seed: int):
    """What makes a policy ready that draws its actions."""

    def policy(observation):
        return torch.full((len(observation), 4), float(seed)), torch.zeros(len(observation))

    return lambda: policy


def played(games: list[Episode]) -> list[tuple[float, int, bool]]:
    return [(episode.score, episode.length, episode.truncated) for episode in games]


@pytest.mark.parametrize(("most", "sizes"), [(12, [12]), (11, [9, 3]), (6, [6, 6]), (5, [3, 3, 3, 3]), (3, [3] * 4)])
def test_policies_play_the_same_games_however_few_are_played_at_a_time(guess_env, most, sizes):
    policies, seeds = [drawing(n) for n in range(4)], np.array([11, 12, 13])
    whole = play_episodes(policies, guess_env(12), seeds, generators(0, 1, 2, 3))
    made = Made(guess_env)
    found = play_in_portions(policies, made, seeds, generators(0, 1, 2, 3), most=most)
    assert [played(games) for games in found] == [played(games) for games in whole]
    assert made.sizes == sizes
    assert all(env.closed for env in made.envs)


def test_a_policy_with_more_games_than_are_played_at_a_time_plays_all_of_them(guess_env, first_games):
    seeds, made = list(range(20, 27)), Made(guess_env)
    found = play_in_portions([always(0), always(2)], made, np.array(seeds), generators(0, 1), most=3)
    assert made.sizes == [3, 3, 1] * 2
    for games, action in zip(found, (0, 2), strict=True):
        assert played(games) == played(first_games(seeds, action))


def test_portions_play_as_they_are_told(guess_env):
    seeds = np.arange(8)
    whole = play_episodes([drawing(1)], guess_env(8), seeds, generators(0), greedy=True, max_steps=2)
    found = play_in_portions([drawing(1)], guess_env, seeds, generators(0), most=8, greedy=True, max_steps=2)
    assert played(found[0]) == played(whole[0])
    assert max(episode.length for episode in found[0]) == 2


def test_environments_are_closed_when_a_game_fails(guess_env):
    def broken():
        raise RuntimeError("no weights")

    made = Made(guess_env)
    with pytest.raises(RuntimeError, match="no weights"):
        play_in_portions([broken], made, np.arange(3), generators(0), most=3)
    assert [env.closed for env in made.envs] == [True]
