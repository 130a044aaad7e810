import numpy as np

from rlnas.envs import Episode, VectorEnv

NO = np.array([False, False])


def test_a_game_adds_up_its_rewards_until_it_ends():
    games = VectorEnv(2)
    assert games._count(np.array([1.5, 10.0]), NO, NO) == []
    assert games._count(np.array([-4.0, 10.0]), np.array([False, True]), np.array([False, True])) == [
        Episode(20.0, 2, True, 1)
    ]
    assert games.running_scores.tolist() == [-2.5, 0.0]
    assert games._count(np.array([7.0, 1.0]), np.array([True, False]), NO) == [Episode(4.5, 3, False, 0)]


def test_the_step_after_a_game_only_resets_and_counts_for_nothing():
    games = VectorEnv(2)
    games._count(np.array([5.0, 5.0]), np.array([True, False]), NO)
    games._count(np.array([100.0, 1.0]), NO, NO)
    assert games._count(np.array([1.0, 1.0]), ~NO, NO) == [Episode(1.0, 1, False, 0), Episode(7.0, 3, False, 1)]


def test_a_reset_forgets_the_games_in_progress():
    games = VectorEnv(2)
    games._count(np.array([5.0, 5.0]), np.array([True, False]), NO)
    games._forget_games()
    assert games._count(np.array([1.0, 2.0]), ~NO, NO) == [Episode(1.0, 1, False, 0), Episode(2.0, 1, False, 1)]


def test_large_scores_stay_exact():
    games = VectorEnv(1)
    one = np.ones(1, dtype=bool)
    games._count(np.array([2**24], dtype=np.float32), ~one, ~one)
    (episode,) = games._count(np.array([1], dtype=np.float32), one, ~one)
    assert episode.score == 2**24 + 1
