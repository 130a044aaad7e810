import numpy as np
import pytest

from rlnas.errors import UserError
from rlnas.spaces import load_space
from rlnas.table import MissingRun, Table, load, merge
from rlnas.trials.metrics import METRICS

from .helpers import NAMES, make_table, row, total


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    rows = [row(name, seed) for name in (*reversed(NAMES), "minatar-cnn") for seed in (2, 1)]
    return make_table(tmp_path_factory.mktemp("table") / "mine.parquet", rows)


def test_a_query_gives_one_run_at_one_budget(table):
    record = table.query("k1=1,k2=4", seed=2, budget=100)
    assert (record.total_reward, record.reward_mean) == (total(3, 2), total(3, 2) / 4)
    assert (record.parameters, record.multiply_adds, record.seed, record.steps) == (30, 300, 2, 100)
    assert table.query("k1=1,k2=4", seed=2, budget="50").total_reward == total(3, 2) / 2
    assert table.query("minatar-cnn", seed=1, budget=100).total_reward == total(100, 1)


def test_the_table_says_what_it_holds(table):
    assert table.architectures == NAMES
    assert (table.baselines, table.seeds, table.budgets, table.steps) == (["minatar-cnn"], [1, 2], [50, 100], 100)
    assert table.complete
    assert table.missing() == []
    assert repr(table) == "Table('mine': MinAtar/Breakout-v1, 25 architectures of minatar-1, 2 seeds, 100 steps)"
    assert table.measured("k1=1,k2=1")["measured_wall_seconds"] == 1.5


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        (("k1=1,k2=4", 3, 100), "no run of architecture 'k1=1,k2=4' with seed 3 at budget 100: its seeds are 1, 2"),
        (("k1=1,k2=4", 1, 70), "no run of architecture 'k1=1,k2=4' with seed 1 at budget 70: its budgets are 50, 100"),
    ],
)
def test_a_missing_run_is_named(table, question, fault):
    architecture, seed, budget = question
    with pytest.raises(MissingRun, match=fault):
        table.query(architecture, seed=seed, budget=budget)


def test_an_architecture_that_is_not_in_the_space_is_refused(table):
    with pytest.raises(UserError, match="unknown option for choice 'k1'"):
        table.query("k1=9,k2=4", seed=1, budget=100)


def test_nothing_is_filled_in(tmp_path):
    rows = [row(name, seed) for name in NAMES[:3] for seed in (1, 2)]
    rows[1] |= {"status": "failed", "reason": "the cable was cut", "total_reward": [None, None]}
    del rows[5]
    table = make_table(tmp_path / "torn.parquet", rows)
    assert not table.complete
    assert table.missing()[:3] == [(NAMES[0], 2), (NAMES[2], 2), (NAMES[3], 1)]
    assert len(table.missing()) == 2 + 2 * 22
    assert table.absent() == table.missing()[1:]
    with pytest.raises(MissingRun, match=r"that run failed .the cable was cut"):
        table.query(NAMES[0], seed=2, budget=100)
    with pytest.raises(MissingRun, match=f"'{NAMES[2]}' with seed 2"):
        table.mean(NAMES[2], budget=100, metric="total_reward", seeds=[1, 2])
    with pytest.raises(MissingRun, match=f"'{NAMES[4]}' with seed 1 .*no run of that architecture"):
        table.query(NAMES[4], seed=1, budget=100)
    with pytest.raises(MissingRun, match="no game had ended by then"):
        table.mean(NAMES[0], budget=50, metric="total_reward", seeds=[1])


def test_averages_are_asked_for_by_name(table):
    assert table.mean(NAMES[7], budget=100, metric="total_reward", seeds=[1, 2]) == 7.375
    assert table.mean(NAMES[7], budget=100, metric="total_reward", seeds=[2]) == 7.5
    scores = table.scores(budget=100, metric="reward_mean", seeds=[1, 2])
    assert np.array_equal(scores, [[total(place, seed) / 4 for seed in (1, 2)] for place in range(25)])
    with pytest.raises(UserError, match=r"unknown metric 'total_rewards'\. Did you mean 'total_reward'"):
        table.mean(NAMES[7], budget=100, metric="total_rewards", seeds=[1])


def test_the_digest_of_the_results_ignores_what_a_machine_measured(tmp_path, table):
    rows = [row(name, seed) for name in (*NAMES, "minatar-cnn") for seed in (1, 2)]
    slower = make_table(tmp_path / "slower.parquet", [r | {"measured_wall_seconds": 99.0} for r in rows])
    assert slower.checksum != table.checksum
    assert slower.results_digest == table.results_digest
    rows[0] |= {"reward_mean": [0.5, 0.1]}
    assert make_table(tmp_path / "other.parquet", rows).results_digest != table.results_digest


def test_an_unknown_table_is_refused(tmp_path):
    with pytest.raises(UserError, match="unknown table 'minatar-brakeout'"):
        load("minatar-brakeout")
    with pytest.raises(UserError, match="cannot be read"):
        load(str(tmp_path / "none.parquet"))


def test_what_is_missing_is_told_by_the_settings(tmp_path):
    rows = [row(name, 1) for name in NAMES]
    table = make_table(tmp_path / "t.parquet", rows, seeds=[1, 2], baselines=["minatar-cnn"])
    assert not table.complete
    assert len(table.missing()) == 25 + 2
    few = make_table(tmp_path / "few.parquet", [row(NAMES[2], 1)], seeds=[1], architectures=[NAMES[2]])
    assert few.missing() == []
    assert not few.complete


def test_an_id_may_be_spelled_in_another_order(table):
    assert table.query("k2=4,k1=1", seed=2, budget=100).total_reward == total(3, 2)


@pytest.mark.parametrize("seeds", [[], [1, 1]])
def test_seeds_are_named_each_once(table, seeds):
    with pytest.raises(UserError, match="name at least one seed, and each once"):
        table.mean(NAMES[0], budget=100, metric="total_reward", seeds=seeds)


def test_a_table_of_a_space_too_large_to_enumerate_is_read_at_once(tmp_path):
    space = load_space("paper-large")
    names = [space.sample(np.random.default_rng(seed)).id for seed in (1, 2)]
    table = make_table(tmp_path / "t.parquet", [row(name, 1) for name in names], space=space.to_dict(), seeds=[1])
    assert sorted(table.architectures) == sorted(names)
    assert not table.complete


def test_runs_of_different_budgets_are_refused(tmp_path):
    with pytest.raises(UserError, match="a run twice, or runs of different budgets"):
        make_table(tmp_path / "t.parquet", [row(NAMES[0], 1), row(NAMES[1], 1, budgets=[10, 20])])
    with pytest.raises(UserError, match="a run twice, or runs of different budgets"):
        make_table(tmp_path / "t.parquet", [row(NAMES[0], 1), row(NAMES[0], 1)])


def test_a_record_has_the_id_however_it_was_asked_for(table):
    name = table.architectures[0]
    swapped = ",".join(reversed(name.split(",")))
    assert swapped != name
    record = table.query(swapped, seed=table.seeds[0], budget=table.budgets[-1])
    assert record.architecture == name


def test_an_architecture_may_be_given_by_its_options(table):
    assert table.query({"k1": 1, "k2": 4}, seed=1, budget=100).architecture == "k1=1,k2=4"


def test_a_part_of_a_table(table):
    part = table.part(seeds=[2], without=[NAMES[0], "minatar-cnn"])
    assert (part.architectures, part.baselines, part.seeds) == (NAMES[1:], [], [2])
    assert (part.name, part.checksum) == (table.name, table.checksum)
    assert part.values(NAMES[3], budget=50, metric="total_reward", seeds=[2]) == [total(3, 2) / 2]
    with pytest.raises(MissingRun, match="no runs with seed 7: its seeds are 1, 2"):
        table.part(seeds=[1, 7])
    with pytest.raises(UserError, match="holds no run"):
        table.part(seeds=[1], without=[*NAMES, "minatar-cnn"])


def test_networks_without_a_score_under_every_seed(tmp_path):
    rows = [row(name, seed) for name in NAMES[:4] for seed in (1, 2)]
    rows[1] |= {"status": "failed", "reason": "the cable was cut", "total_reward": [None, None]}
    del rows[5]
    torn = make_table(tmp_path / "torn.parquet", rows)
    assert torn.unscored(budget=100, seeds=[1, 2]) == [NAMES[0], NAMES[2]]
    assert torn.unscored(budget="50", seeds=[2]) == [NAMES[0], NAMES[2]]
    assert torn.unscored(budget=100, seeds=[1]) == []
    with pytest.raises(MissingRun, match="no scores at budget 70: its budgets are 50, 100"):
        torn.unscored(budget=70, seeds=[1])


def test_a_table_that_was_built_before_there_was_a_metric_is_read_without_it(tmp_path, table):
    rows = [{name: value for name, value in row(NAMES[n], 1).items() if name != "reward_mean"} for n in (1, 2)]
    older = make_table(tmp_path / "older.parquet", rows)
    assert (older.metrics, table.metrics) == (["total_reward"], ["total_reward", "reward_mean"])
    assert older.query(NAMES[1], seed=1, budget=100).scores == dict.fromkeys(METRICS) | {"total_reward": total(1, 1)}
    assert older.unscored(budget=100, seeds=[1]) == []
    with pytest.raises(MissingRun, match="the table 'older' was built without reward_mean"):
        older.mean(NAMES[1], budget=100, metric="reward_mean", seeds=[1])
    newer = make_table(tmp_path / "newer.parquet", [row(NAMES[3], 1)])
    with pytest.raises(UserError, match=r"metrics is \['total_reward'\] there, not \['total_reward', 'reward_mean'\]"):
        merge([older, newer], tmp_path / "merged.parquet")


def test_the_curve_of_a_training_is_its_score_at_each_budget(table):
    found = table.query(NAMES[3], seed=2, budget=100)
    assert (found.curve_steps, found.curve) == ([50, 100], [total(3, 2) / 2, total(3, 2)])
    assert table.query(NAMES[0], seed=2, budget=100).curve_steps == [100]
