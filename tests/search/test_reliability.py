import re

import numpy as np
import pytest

from rlnas.search import SPOS, Fit, Outcome, SPOSSettings
from rlnas.search.reliability import reliability, remark_on_games
from rlnas.spaces import load_space


def draw(games: int, noise: float, architectures: int = 4_000, spread: float = 1.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.random.default_rng(99).normal(0, spread, (architectures, 1))
    return values + rng.normal(0, noise, (architectures, games))


@pytest.mark.parametrize(("games", "noise"), [(2, 0.5), (10, 3.0), (24, 5.0)])
def test_is_the_correlation_with_other_games(games, noise):
    one, two = draw(games, noise, seed=1), draw(games, noise, seed=2)
    again = np.corrcoef(one.mean(1), two.mean(1))[0, 1]
    assert reliability(one) == pytest.approx(again, abs=0.03)
    assert reliability(one) == pytest.approx(1 / (1 + noise**2 / games), abs=0.03)


def test_there_is_none_without_two_of_each_or_any_difference():
    assert reliability(np.zeros((1, 5))) is reliability(np.zeros((5, 1))) is reliability(np.ones((5, 5))) is None
    assert reliability(np.arange(5.0).repeat(3).reshape(5, 3)) == 1
    assert remark_on_games([]) is remark_on_games([[1.0, 2.0]]) is remark_on_games([[1.0], [2.0]]) is None


def test_the_number_of_games_that_is_named_is_enough():
    remark = remark_on_games(draw(24, 5.0).tolist())
    assert remark.startswith("Chance had a part in the ranking: 24 other games of each architecture")
    said, wanted = re.search(r"by about (0\.\d\d)\. With eval_episodes=(\d+) it would be about 0.8", remark).groups()
    assert float(said) == pytest.approx(reliability(draw(24, 5.0)), abs=0.005)
    assert reliability(draw(int(wanted), 5.0, seed=3)) == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(
    ("returns", "remark"),
    [
        (draw(24, 1.0), None),
        (draw(2, 40.0).tolist(), "The 2 games of each architecture tell none from another: their order is chance."),
        ([[1.0, 2.0], [2.0, 1.0]], "The 2 games of each architecture tell none from another: their order is chance."),
        (np.ones((3, 4)), "All games that ranked the architectures had the same return: their order was drawn by lot."),
    ],
)
def test_nothing_is_said_of_clear_rankings_and_much_of_lots(returns, remark):
    assert remark_on_games(np.array(returns).tolist()) == remark


@pytest.mark.parametrize("noise", [0.0, 40.0])
def test_a_search_says_when_chance_ranked(noise):
    strategy = SPOS(load_space("paper-1"), 3, 0, SPOSSettings(eval_episodes=6))
    rng = np.random.default_rng(0)
    while (proposal := strategy.ask()) is not None:
        if isinstance(proposal, Fit):
            strategy.tell(Outcome(((1.0,),)))
            assert strategy.remarks() == []
        else:
            kernels = [sum(path.values()) for path in proposal.paths]
            strategy.tell(Outcome(tuple(tuple(k + noise * rng.normal(size=6)) for k in kernels)))
    assert len(strategy.remarks()) == (noise > 0)
