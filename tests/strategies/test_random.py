import time
from collections import Counter

import numpy as np
import pytest

from rlnas.spaces import load_space
from rlnas.strategies import (
    SPOS,
    Evaluate,
    Fit,
    Outcome,
    RandomSearch,
    RandomSearchSettings,
    RandomShared,
    RandomSharedSettings,
    Ranked,
    Train,
    make_strategy,
)
from rlnas.strategies.builtin import by_proxy, draw_distinct
from rlnas.strategies.conformance import example_spaces

SPACE = load_space("paper-1")
LARGE = example_spaces()[2]


def true_score(path) -> float:
    return float(10 * path["k2"] + path["k3"])


def drive(strategy) -> list:
    """Answers proposals until the search is over; returns them."""
    proposals = []
    while (proposal := strategy.ask()) is not None:
        proposals.append(proposal)
        if isinstance(proposal, Fit):
            strategy.tell(Outcome(((1.0,),)))
        else:
            paths = proposal.paths if isinstance(proposal, Evaluate) else proposal.architectures
            strategy.tell(Outcome(tuple((true_score(path), true_score(path) + 2) for path in paths)))
    return proposals


@pytest.mark.parametrize("count", [3, 15])
def test_draws_are_uniform_distinct_and_in_random_order(count: int) -> None:
    """Few of a space are drawn by trial, many by a shuffle of all."""
    rng, rounds = np.random.default_rng(0), 1_000
    first, anywhere = Counter(), Counter()
    for _ in range(rounds):
        drawn = draw_distinct(SPACE, count, rng)
        assert len(set(drawn)) == len(drawn) == count
        first[drawn[0]] += 1
        anywhere.update(drawn)
    # Chi-square of 25 cells: 99.9% of uniform samples stay below 51.2; draws without replacement vary less.
    for counts, total in ((first, rounds), (anywhere, rounds * count)):
        assert set(counts) <= set(SPACE)
        assert sum((counts[a] - total / 25) ** 2 / (total / 25) for a in SPACE) < 51.2


@pytest.mark.parametrize("count", [25, 26, 1_000])
def test_all_are_drawn_where_there_are_no_more(count: int) -> None:
    drawn = draw_distinct(SPACE, count, np.random.default_rng(0))
    assert len(drawn) == 25
    assert set(drawn) == set(SPACE)
    assert drawn != list(SPACE)


def test_random_search_trains_what_it_draws_and_ranks_by_the_mean() -> None:
    strategy = RandomSearch(SPACE, 1_000, seed=0, settings=RandomSearchSettings(samples=4))
    (proposal,) = drive(strategy)
    assert isinstance(proposal, Train)
    assert len(set(proposal.architectures)) == strategy.coverage == 4
    expected = sorted(proposal.architectures, key=true_score, reverse=True)
    assert strategy.rank() == [Ranked(path, true_score(path) + 1) for path in expected]
    assert RandomSearch(SPACE, 1, seed=0).coverage == 3
    assert RandomSearch(load_space("nature-cnn"), 1, seed=0).coverage == 1


def test_random_search_leaves_out_what_has_no_score() -> None:
    strategy = RandomSearch(SPACE, 1, seed=0)
    assert strategy.rank() == []
    _, two, three = strategy.ask().architectures
    strategy.tell(Outcome(((), (1.0, 2.0), (4.0,))))
    assert strategy.rank() == [Ranked(three, 4.0), Ranked(two, 1.5)]
    assert strategy.coverage == 3
    assert strategy.ask() is None
    failed = RandomSearch(SPACE, 1, seed=0)
    failed.tell(Outcome(((), (), ())))
    assert (failed.rank(), failed.ask()) == ([], None)


def test_random_search_wants_an_answer_for_each() -> None:
    with pytest.raises(ValueError, match="shorter"):
        RandomSearch(SPACE, 1, seed=0).tell(Outcome(((1.0,),)))


def test_ties_have_a_random_order() -> None:
    orders = set()
    for seed in range(30):
        ranked = by_proxy([(a, 1.0) for a in list(SPACE)[:3]], seed, "test-tie")
        assert ranked == by_proxy([(a, 1.0) for a in list(SPACE)[2::-1]], seed, "test-tie")
        orders.add(tuple(entry.architecture for entry in ranked))
    assert len(orders) == 6


def test_seeds_draw_differently() -> None:
    one, again, other = (RandomSearch(LARGE, 1, seed).ask() for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_a_thousand_random_searches_take_no_time() -> None:
    table = {architecture: (true_score(architecture),) for architecture in SPACE}
    start = time.process_time()
    for seed in range(1_000):
        strategy = RandomSearch(SPACE, 1, seed)
        proposal = strategy.ask()
        strategy.tell(Outcome(tuple(table[architecture] for architecture in proposal.architectures)))
        assert len(strategy.rank()) == 3
    assert time.process_time() - start < 1.0
    assert len({a for seed in range(200) for a in RandomSearch(SPACE, 1, seed).drawn}) == 25


def test_random_shared_fits_the_paths_of_spos_then_scores_a_random_subset() -> None:
    settings = RandomSharedSettings(subset=7, eval_episodes=2, eval_batch=3, iterations_per_path=2)
    strategy = RandomShared(SPACE, 31, seed=5, settings=settings)
    proposals = drive(strategy)
    spos = drive(SPOS(SPACE, 31, seed=5))
    fits = [p for p in proposals if isinstance(p, Fit)]
    evaluations = [p for p in proposals if isinstance(p, Evaluate)]
    assert proposals == [*fits, *evaluations]
    assert [fit.iterations for fit in fits] == [2] * 15 + [1]
    assert [fit.path for fit in fits] == [p.path for p in spos[:16]]
    assert [(len(p.paths), p.episodes, p.done, p.total) for p in evaluations] == [
        (3, 2, 0, 7),
        (3, 2, 3, 7),
        (1, 2, 6, 7),
    ]
    scored = [path for p in evaluations for path in p.paths]
    assert len(set(scored)) == 7
    assert strategy.rank() == [Ranked(p, true_score(p) + 1) for p in sorted(scored, key=true_score, reverse=True)]
    others = [path for p in drive(RandomShared(SPACE, 1, 6, settings))[1:] for path in p.paths]
    assert set(others) != set(scored)
    assert RandomShared(SPACE, 1, 0).coverage == 10
    assert RandomShared(SPACE, 1, 0, RandomSharedSettings(subset=99)).coverage == 25
    assert RandomShared(LARGE, 1, 0).coverage == 10


def test_made_by_name() -> None:
    strategy = make_strategy("random", SPACE, 7, 3, {"samples": 2})
    assert isinstance(strategy, RandomSearch)
    assert strategy.ask() == RandomSearch(SPACE, 1, 3, RandomSearchSettings(samples=2)).ask()
    shared = make_strategy("random-shared", SPACE, 7, 3, {"subset": 2})
    assert isinstance(shared, RandomShared)
    assert (shared.iterations, shared.seed, shared.coverage) == (7, 3, 2)


def test_architectures_are_drawn_one_by_one_where_a_space_is_not_enumerable(monkeypatch):
    space = load_space("minatar-1")
    monkeypatch.setattr(type(space), "enumerable", property(lambda self: False))
    monkeypatch.delattr(type(space), "__iter__")
    drawn = draw_distinct(space, 20, np.random.default_rng(0))
    assert len(set(drawn)) == 20
