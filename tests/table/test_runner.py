import time

import pytest

from rlnas.errors import UserError
from rlnas.strategies import Evaluate, Fit, Train, drive, make_strategy
from rlnas.table import MissingRun, TableRunner

from .helpers import NAMES, SPACE, make_table, row, total


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory):
    return make_table(tmp_path_factory.mktemp("table") / "t.parquet")


def runner(table, seeds=(1, 2), budget=100):
    return TableRunner(table, budget=budget, metric="total_reward", seeds=seeds)


def test_trainings_are_looked_up_and_paid_for_once(table):
    simulated = runner(table)
    a, b, c = (SPACE.architecture(NAMES[place]) for place in (3, 9, 20))
    assert simulated.answer(Train((a, b))).returns == ((total(3, 1), total(3, 2)), (total(9, 1), total(9, 2)))
    assert simulated.clock == 2 * 2 * 100
    simulated.answer(Train((b, c)))
    assert simulated.clock == 3 * 2 * 100


def test_a_training_that_goes_on_costs_the_difference(table):
    simulated = runner(table)
    a, b = (SPACE.architecture(NAMES[place]) for place in (3, 9))
    paused = simulated.answer(Train((a, b), steps=20, seeds=1))
    assert paused.returns == ((total(3, 1) / 2,), (total(9, 1) / 2,))
    assert paused.reward_means == ((0.5,), (0.5,))
    assert simulated.clock == 2 * 50  # the next budget of the table
    assert simulated.answer(Train((b,))).returns == ((total(9, 1), total(9, 2)),)
    assert simulated.clock == 50 + 2 * 100
    simulated.answer(Train((b,), steps=50))  # what was paid for once
    assert simulated.clock == 50 + 2 * 100


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"steps": 51}, "trains for 51 steps, and a training has 50"),
        ({"seeds": 3}, "trains with 3 seeds, and the search has 2: raise --train-seeds"),
    ],
)
def test_more_than_a_study_has_is_refused(table, asked, fault):
    with pytest.raises(UserError, match=fault):
        runner(table, budget=50).answer(Train((SPACE.architecture(NAMES[3]),), **asked))


def test_a_budget_may_be_spelled_and_must_be_there(table):
    simulated = runner(table, budget="50")
    simulated.answer(Train((SPACE.architecture(NAMES[3]),)))
    assert simulated.clock == 2 * 50
    with pytest.raises(MissingRun, match="no scores at budget 70"):
        runner(table, budget=70)


def test_a_search_on_a_table_finds_the_best_of_what_it_tried(table):
    strategy = make_strategy("random", SPACE, 0, 7, {"samples": 4})
    simulated = runner(table)
    drive(strategy, simulated)
    ranking = strategy.rank()
    places = [NAMES.index(entry.architecture.id) for entry in ranking]
    assert places == sorted(places, reverse=True)
    assert simulated.trained == {NAMES[place] for place in places}
    assert ranking[0].proxy == total(places[0], 1.5)
    assert simulated.clock == 4 * 2 * 100


def test_a_thousand_random_searches_take_less_than_a_second(table):
    start = time.process_time()
    for seed in range(1000):
        strategy = make_strategy("random", SPACE, 0, seed, {})
        drive(strategy, runner(table))
        strategy.rank()
    assert time.process_time() - start < 1.0


def test_a_table_has_no_supernet_and_no_run_that_it_lacks(table):
    path = SPACE.architecture(NAMES[0])
    for proposal in (Fit(path, 1), Evaluate((path,), 1, 0, 1)):
        with pytest.raises(UserError, match="the strategy shares weights"):
            runner(table).answer(proposal)
    with pytest.raises(MissingRun, match="with seed 3"):
        runner(table, seeds=(3,)).answer(Train((path,)))


def test_runs_that_failed_or_finished_no_game_give_no_score_as_in_a_live_search(tmp_path):
    rows = [row(NAMES[0], 1), row(NAMES[1], 1, status="failed", reason="killed"), row(NAMES[2], 1)]
    table = make_table(tmp_path / "t.parquet", rows)
    asked = Train(tuple(SPACE.architecture(name) for name in NAMES[:3]))
    assert runner(table, seeds=(1,), budget=50).answer(asked).returns == ((), (), (total(2, 1) / 2,))
