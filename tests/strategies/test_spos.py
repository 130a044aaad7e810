import json
from dataclasses import replace

import pytest

from rlnas.errors import UserError
from rlnas.spaces import Choice, Conv, Flatten, Space, load_space
from rlnas.strategies import SPOS, Evaluate, Fit, Outcome, SPOSSettings, make_strategy


def true_score(path) -> float:
    """Larger kernels are better; the second counts more."""
    return sum((i + 1) * int(option) for i, option in enumerate(path.values()))


def drive(strategy: SPOS, stop_after: int | None = None) -> list:
    """Answers proposals until the search is over; returns them."""
    proposals = []
    while (proposal := strategy.ask()) is not None and (stop_after is None or len(proposals) < stop_after):
        proposals.append(proposal)
        if isinstance(proposal, Fit):
            strategy.tell(Outcome(((1.0,),)))
        else:
            strategy.tell(Outcome(tuple((true_score(path), true_score(path) + 2) for path in proposal.paths)))
    return proposals


def wide_space(depth: int = 4) -> Space:
    layers = [Conv(2, kernel=Choice(f"k{n}", range(1, 8)), stride=2) for n in range(depth)]
    return Space("wide", (1, 32, 32), [*layers, Flatten()])


def test_fits_uniform_paths_within_the_budget_then_scores_every_architecture() -> None:
    space = load_space("paper-1")
    strategy = SPOS(space, 501, seed=0, settings=SPOSSettings(iterations_per_path=2, eval_episodes=3))
    proposals = drive(strategy)
    fits = [p for p in proposals if isinstance(p, Fit)]
    evaluations = [p for p in proposals if isinstance(p, Evaluate)]
    assert proposals == [*fits, *evaluations]
    assert sum(fit.iterations for fit in fits) == 501
    assert [fit.iterations for fit in fits] == [2] * 250 + [1]
    counts = {a.id: sum(fit.path == a for fit in fits) for a in space}
    assert min(counts.values()) >= 2
    # Chi-square of 25 cells with 251 draws: 99.9% of uniform samples stay below 51.2.
    assert sum((n - 251 / 25) ** 2 / (251 / 25) for n in counts.values()) < 51.2
    scored = [path.id for p in evaluations for path in p.paths]
    assert scored == [a.id for a in space]
    assert {p.episodes for p in evaluations} == {3}
    assert not any(fit.reset_optimizer for fit in fits)
    reset = SPOS(space, 501, seed=0, settings=SPOSSettings(iterations_per_path=2, reset_optimizer=True))
    assert [replace(fit, reset_optimizer=True) for fit in fits] == [p for p in drive(reset) if isinstance(p, Fit)]


def test_ranks_by_mean_return_with_ties_in_random_order() -> None:
    space = load_space("paper-1")
    rankings = []
    for seed in (0, 1):
        strategy = SPOS(space, 1, seed)
        drive(strategy)
        rankings.append(strategy.rank())
    for ranking in rankings:
        assert len(ranking) == 25
        assert (ranking[0].architecture.id, ranking[0].proxy) == ("k2=5,k3=5", 5 + 10 + 1)
        assert [r.proxy for r in ranking] == sorted((r.proxy for r in ranking), reverse=True)
    assert [r.proxy for r in rankings[0]] == [r.proxy for r in rankings[1]]
    assert rankings[0] != rankings[1]


def test_ask_changes_nothing() -> None:
    strategy = SPOS(wide_space(), 3, seed=5, settings=SPOSSettings(selection="evolution", population=4, parents=2))
    for _ in range(8):
        before = strategy.state_dict()
        assert strategy.ask() == strategy.ask()
        assert strategy.state_dict() == before
        drive(strategy, stop_after=1)


@pytest.mark.parametrize("selection", ["full", "evolution"])
def test_state_round_trip_at_every_point_changes_nothing(selection: str) -> None:
    settings = SPOSSettings(selection=selection, population=4, parents=2, eval_budget=10, eval_batch=3)
    space = load_space("paper-1")
    whole = SPOS(space, 3, seed=1, settings=settings)
    expected = drive(whole)
    for cut in range(len(expected) + 1):
        first = SPOS(space, 3, seed=1, settings=settings)
        head = drive(first, stop_after=cut)
        second = SPOS(space, 3, seed=1, settings=settings)
        second.load_state_dict(json.loads(json.dumps(first.state_dict())))
        assert head + drive(second) == expected
        assert second.rank() == whole.rank()


def test_seeds_give_different_searches_and_the_same_seed_the_same() -> None:
    space = load_space("paper-1")
    one, again, other = (drive(SPOS(space, 20, seed)) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_evolution_keeps_to_its_budget_scores_nothing_twice_and_beats_random_choice() -> None:
    space = wide_space()
    settings = SPOSSettings(selection="evolution", population=20, parents=5, eval_budget=200, mutation_rate=0.25)
    strategy = SPOS(space, 1, seed=0, settings=settings)
    scored = [p.id for proposal in drive(strategy) if isinstance(proposal, Evaluate) for p in proposal.paths]
    assert len(scored) == len(set(scored)) == 200
    assert all(space.architecture(i) in space for i in scored)
    best_of_first_generation = max(true_score(space.architecture(i)) for i in scored[:20])
    assert true_score(strategy.rank()[0].architecture) > best_of_first_generation
    assert strategy.rank()[0].architecture.id == "k0=7,k1=7,k2=7,k3=7"


def test_a_generation_is_half_mutants_and_half_crossovers_of_the_best() -> None:
    made: dict[str, list[str]] = {"_mutate": [], "_cross": []}
    layers = [Conv(2, kernel=Choice(f"k{n}", range(1, 8)), stride=1) for n in range(8)]
    space = Space("long", (1, 32, 32), [*layers, Flatten()])
    settings = SPOSSettings(selection="evolution", population=20, parents=5, eval_budget=1000)
    strategy = SPOS(space, 1, seed=0, settings=settings)

    def recorded(name: str) -> None:
        make = getattr(strategy, name)

        def record(*arguments):
            child = make(*arguments)
            made[name].append(child.id)
            return child

        setattr(strategy, name, record)

    for name in made:
        recorded(name)
    while len(strategy.scores) < 20:
        drive(strategy, stop_after=1)
    second = strategy.generation
    assert len(second) == 20
    assert set(second[:10]) <= set(made["_mutate"])
    assert set(second[10:]) <= set(made["_cross"])


def test_where_nothing_can_be_crossed_mutants_fill_up() -> None:
    settings = SPOSSettings(selection="evolution", population=20, parents=1, eval_budget=40, mutation_rate=0.5)
    strategy = SPOS(wide_space(), 1, seed=0, settings=settings)
    while len(strategy.scores) < 20:
        drive(strategy, stop_after=1)
    best = strategy.rank()[0].architecture
    changes = [sum(best[name] != strategy.space.architecture(i)[name] for name in best) for i in strategy.generation]
    assert len(changes) == 20
    # Of four choices a mutant changes 1.7 on average, a random architecture 3.4.
    assert sum(changes) / 20 < 2.6


@pytest.mark.parametrize(("budget", "scored"), [(20, 20), (1000, 25)])
def test_evolution_spends_its_budget_or_exhausts_the_space(budget: int, scored: int) -> None:
    settings = SPOSSettings(selection="evolution", population=5, parents=3, eval_budget=budget)
    strategy = SPOS(load_space("paper-1"), 1, seed=0, settings=settings)
    proposals = drive(strategy)
    assert len(strategy.rank()) == scored
    last = proposals[-1]
    assert isinstance(last, Evaluate)
    assert last.done + len(last.paths) == last.total == scored


@pytest.mark.parametrize("seed", range(3))
def test_evolution_finds_the_last_architectures_of_a_space(seed: int) -> None:
    settings = SPOSSettings(selection="evolution", population=38, eval_budget=343)  # the last generation is of one
    strategy = SPOS(wide_space(depth=3), 1, seed, settings)
    drive(strategy)
    assert len(strategy.rank()) == strategy.coverage == 343


def test_full_selection_of_a_huge_space_is_refused() -> None:
    with pytest.raises(UserError, match="'evolution'"):
        SPOS(load_space("paper-large"), 1, 0, SPOSSettings(selection="full"))


def test_large_spaces_are_searched_by_evolution_unless_told_otherwise() -> None:
    assert SPOS(load_space("paper-2"), 1, 0).full_selection
    assert not SPOS(load_space("paper-large"), 1, 0).full_selection
    assert not SPOS(load_space("paper-2"), 1, 0, SPOSSettings(selection="evolution")).full_selection


def test_made_by_name() -> None:
    strategy = make_strategy("spos", load_space("paper-1"), 7, 3, {"eval_episodes": 9})
    assert isinstance(strategy, SPOS)
    assert (strategy.iterations, strategy.seed, strategy.settings.eval_episodes) == (7, 3, 9)
