import re

import numpy as np
import pytest

from rlnas.spaces import load_space
from rlnas.strategies import SPOS, Fit, Outcome, SPOSSettings
from rlnas.strategies.reliability import reliability, remark_on_games


def draw(games: int, noise: float, architectures: int = 4_000, *, luck: float = 0.0, seed: int = 0) -> np.ndarray:
    """Returns of architectures that differ by 1, with noise, in games that are hard or easy for all by `luck`."""
    rng = np.random.default_rng(seed)
    values = np.random.default_rng(99).normal(0, 1, (architectures, 1))
    return values + rng.normal(0, luck, (1, games)) + rng.normal(0, noise, (architectures, games))


@pytest.mark.parametrize("luck", [0.0, 30.0])
@pytest.mark.parametrize(("games", "noise"), [(2, 0.5), (10, 3.0), (24, 5.0)])
def test_is_the_correlation_with_other_games(games, noise, luck):
    one, two = draw(games, noise, luck=luck, seed=1), draw(games, noise, luck=luck, seed=2)
    again = np.corrcoef(one.mean(1), two.mean(1))[0, 1]
    found = reliability(one)
    assert found.value == pytest.approx(again, abs=0.03)
    assert found.value == pytest.approx(1 / (1 + noise**2 / games), abs=0.03)
    assert found.low < found.value < found.high < found.low + 0.15


@pytest.mark.parametrize("architectures", [5, 25])
def test_the_interval_holds_the_truth(architectures):
    truth = 1 / (1 + 3.0**2 / 10)
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(300):
        found = reliability(rng.normal(0, 1, (architectures, 1)) + rng.normal(0, 3, (architectures, 10)))
        inside += found.low <= truth <= found.high
    assert 0.92 < inside / 300 < 0.98


def test_there_is_none_without_two_of_each_or_any_difference():
    assert reliability(np.zeros((1, 5))) is reliability(np.zeros((5, 1))) is reliability(np.ones((5, 5))) is None
    assert reliability(np.arange(5.0).repeat(3).reshape(5, 3)) == (1, 1, 1)
    assert reliability(np.array([[1.0, 2.0], [2.0, 1.0]])) == (0, 0, 0)
    assert remark_on_games([]) is remark_on_games([[1.0, 2.0]]) is None


def test_the_number_of_games_that_is_named_is_enough():
    remark = remark_on_games(draw(24, 5.0).tolist())
    numbers = re.search(r"with these by about (0\.\d\d) \[(0\.\d\d), (0\.\d\d)\]\. For 0\.8, .* about (\d+) \(", remark)
    *said, wanted = map(float, numbers.groups())
    assert said == pytest.approx(list(reliability(draw(24, 5.0))), abs=0.005)
    assert reliability(draw(int(wanted), 5.0, seed=3)).value == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(
    ("returns", "remark"),
    [
        (draw(24, 1.0), None),
        (draw(24, 1.0, luck=100.0), None),
        (draw(2, 40.0, 20), "The 2 games of each architecture do not show that architectures differ: "),
        (draw(100, 20.0), "Chance had a part in ranking by 100 games .* needs more than 1,000"),
        ([[1.0, 2.0], [2.0, 1.0]], r"about 0.00 \[0.00, 0.00\], so their order may be chance."),
        (np.ones((3, 4)), "All architectures had the same returns"),
        ([[9.0, 10.0, 10.0]] * 20, "their order is random"),
        ([[1.0], [2.0]], "One game ranked each architecture: how much of the order is chance cannot be told"),
    ],
)
def test_nothing_is_said_of_clear_rankings_and_much_of_random_ones(returns, remark):
    found = remark_on_games(np.array(returns).tolist())
    assert found is None if remark is None else re.search(remark, found)


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
