import numpy as np

from rlnas.envs import Episode
from rlnas.envs.base import EpisodeCounter

NO = np.array([False, False])


def test_a_game_adds_up_its_rewards_until_it_ends():
    games = EpisodeCounter(2)
    assert games.add(np.array([1.5, 10.0]), ~NO, NO, NO) == []
    assert games.add(np.array([-4.0, 10.0]), ~NO, np.array([True, False]), NO) == [Episode(-2.5, 2, False, 0)]
    assert games.add(np.array([7.0, 10.0]), ~NO, ~NO, np.array([False, True])) == [
        Episode(7.0, 1, False, 0),
        Episode(30.0, 3, True, 1),
    ]


def test_a_step_that_only_resets_counts_for_nothing():
    games = EpisodeCounter(2)
    games.add(np.array([5.0, 5.0]), np.array([True, False]), NO, NO)
    assert games.add(np.array([1.0, 1.0]), ~NO, ~NO, NO) == [Episode(6.0, 2, False, 0), Episode(1.0, 1, False, 1)]


def test_reset_forgets_the_games_in_progress():
    games = EpisodeCounter(2)
    games.add(np.array([5.0, 5.0]), ~NO, NO, NO)
    games.reset()
    assert games.add(np.array([1.0, 2.0]), ~NO, ~NO, NO) == [Episode(1.0, 1, False, 0), Episode(2.0, 1, False, 1)]


def test_large_scores_stay_exact():
    games = EpisodeCounter(1)
    one = np.ones(1, dtype=bool)
    games.add(np.array([2**24], dtype=np.float32), one, ~one, ~one)
    (episode,) = games.add(np.array([1], dtype=np.float32), one, one, ~one)
    assert episode.score == 2**24 + 1
