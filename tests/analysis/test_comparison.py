"""Searches that are compared on a table."""

import numpy as np
import pytest

from rlnas.errors import UserError
from rlnas.report.comparison import report
from rlnas.spaces import Activation, Choice, Space, load_space
from rlnas.stats.selection import held_out_scores
from rlnas.table import MissingRun, Table
from rlnas.table.files import write_table

from .tables import ENV, MEAN, NAMES, SPACE, TOTAL, perfect, quick, records, row, search, table, worst


def test_a_perfect_proxy(mine):
    view = quick(mine, [perfect()]).views["total_reward"]
    (found,) = view.strategies[0].searches
    assert found.architecture == NAMES[-1] == view.best
    assert (found.rank, found.regret, found.hits) == (1, 0.0, 3)
    assert {estimate.value for estimate in found.correlations.values()} == {1.0}
    assert view.correlations["spos"]["kendall"].value == 1.0
    other = quick(mine, [perfect()]).views["reward_mean"]
    assert other.strategies[0].searches[0].correlations["spearman"].value == -1.0
    # By reward mean the truth is reversed, so the best of its top 3 is its third.
    assert other.strategies[0].searches[0].architecture == NAMES[-3]


def test_a_search_costs_its_own_steps_and_its_trainings(mine):
    view = quick(mine, [perfect(), perfect(strategy="enas")], top_k=2, budget=500).views["total_reward"]
    assert [c.searches[0].cost for c in view.strategies] == [900 + 2 * 3 * 500] * 2
    assert {found.cost for found in view.random.searches} == {2 * 3 * 500}


def test_the_seeds_that_judge_can_be_named(mine):
    view = quick(mine, [perfect()], seeds=[3, 1]).views["total_reward"]
    assert view.truth.seeds == (1, 3)
    assert view.truth.scores == pytest.approx(TOTAL[:, [0, 2]])
    assert view.truth.table.checksum == mine.checksum


def test_a_network_without_the_seeds_that_judge_is_not_lost(tmp_path):
    rows = [row(n, s + 1, TOTAL[i, s], MEAN[i, s]) for i, n in enumerate(NAMES) for s in range(3)]
    rows += [row("my-cnn", 1, 1.0, 1.0)]
    write_table(tmp_path / "t.parquet", rows, {"env": ENV, "space": SPACE.to_dict()})
    mine = Table.read(tmp_path / "t.parquet")
    with pytest.raises(MissingRun, match="no run of architecture 'my-cnn' with seed 2"):
        quick(mine, [], seeds=[2, 3])
    assert quick(mine, [], seeds=[2, 3], drop_incomplete=True).remarks[0].endswith("1 network (my-cnn).")


def test_incomplete_networks_are_left_out_if_asked_for(tmp_path):
    rows = [row(n, s + 1, TOTAL[i, s], MEAN[i, s]) for i, n in enumerate(NAMES[:9]) for s in range(3)]
    rows[-1] = row(NAMES[8], 3, None, None, status="failed")
    rows += [row("my-cnn", 1, 1.0, 1.0)]
    write_table(tmp_path / "part.parquet", rows, {"env": ENV, "space": SPACE.to_dict()})
    part = Table.read(tmp_path / "part.parquet")
    with pytest.raises(MissingRun):
        quick(part, [perfect()])
    found = quick(part, [perfect(), worst(seed=1, trained=(NAMES[8],))], drop_incomplete=True, repeats=200)
    assert found.remarks[0].endswith(f"2 networks ({NAMES[8]}, my-cnn).")
    view = found.views["total_reward"]
    assert [yard for yard in view.references if yard.kind == "hand-made"] == []
    first, second = view.strategies[0].searches
    assert first.architecture == NAMES[7]  # the next of its ranking moved up
    assert np.isfinite(first.proxies).sum() == 8
    assert second.cost == 900 + 4 * 3 * 1000  # what it had trained was paid for, though it is left out
    assert {one.architecture for one in view.random.searches} <= set(NAMES[:8])
    assert "8 of 10 architectures" in report(found).markdown()
    with pytest.raises(UserError, match="ranks no architecture that the table 'part' has"):
        quick(part, [search({NAMES[8]: 1.0})], drop_incomplete=True)
    nothing = [row(name, seed, None, None) for name in NAMES for seed in (1, 2)]
    write_table(tmp_path / "none.parquet", nothing, {"env": ENV, "space": SPACE.to_dict()})
    with pytest.raises(UserError, match="no architecture with a score under each"):
        quick(Table.read(tmp_path / "none.parquet"), [], drop_incomplete=True)


def test_a_missing_run_is_named(tmp_path):
    with pytest.raises(MissingRun, match=rf"no run of architecture '{NAMES[3]}' with seed 2 at budget 1000"):
        quick(table(tmp_path, drop=(NAMES[3], 2)), [])
    with pytest.raises(MissingRun, match="its budgets are 500, 1000"):
        quick(table(tmp_path), [], budget=700)


def test_an_architecture_that_is_not_in_the_table_is_named(tmp_path):
    rows = [row(name, 1, 1.0, 1.0) for name in NAMES[:-1]]
    write_table(tmp_path / "part.parquet", rows, {"env": ENV, "space": SPACE.to_dict()})
    part = Table.read(tmp_path / "part.parquet")
    with pytest.raises(MissingRun, match=f"'{NAMES[-1]}'.* no run of that architecture is in it"):
        quick(part, [worst()], repeats=1)
    with pytest.raises(MissingRun, match="no run of that architecture is in it"):
        quick(part, [], repeats=100)


def test_searches_of_one_strategy_with_other_options_have_rows_of_their_own(mine):
    searches = [
        perfect(options={"subset": 2, "same": 1}),
        perfect(options={"subset": 3, "same": 1}),
        perfect(options={"subset": 3, "same": 1}, seed=1),
        perfect(options={"same": 1}, steps=2000),
        perfect(strategy="enas"),
    ]
    view = quick(mine, searches).views["total_reward"]
    assert {one.label: len(one.searches) for one in view.strategies} == {
        "enas": 1,
        "spos (800 steps, subset=2)": 1,
        "spos (800 steps, subset=3)": 2,
        "spos (2k steps, subset=default)": 1,
    }


def test_options_that_are_equal_but_not_the_same_keep_their_rows(mine):
    options = [{"a": 1}, {"a": 1.0}, {"a": True}, {"a": None}, {}]
    view = quick(mine, [perfect(options=one) for one in options]).views["total_reward"]
    assert [one.label for one in view.strategies] == [
        f"spos (a={spelled})" for spelled in ("1", "1.0", "true", "null", "default")
    ]


def test_strategies_are_picked_by_name(mine):
    searches = [perfect(), perfect(strategy="enas"), worst(strategy="random")]
    found = quick(mine, searches, strategies=["spos", "random", "enas"])
    assert [one.label for one in found.views["total_reward"].strategies] == ["spos", "enas"]
    assert found.remarks[0].startswith("1 of the given searches are random search")
    assert quick(mine, searches, strategies=["random"]).views["total_reward"].strategies == ()
    with pytest.raises(UserError, match=r"unknown strategy 'enos'. Did you mean 'enas'\?"):
        quick(mine, searches, strategies=["enos"])


def test_a_search_without_settings_is_remarked_on(mine):
    (remark,) = quick(mine, [perfect(settings={})]).remarks
    assert remark.startswith("spos with seed 0 does not record its training settings")


def test_several_searches_without_settings_are_one_remark(mine):
    (remark,) = quick(mine, [perfect(settings={}, seed=seed) for seed in range(3)]).remarks
    assert remark.startswith("spos with seed 0 and 2 other searches do not record")


def test_what_a_search_had_trained_is_its_outcome(mine):
    """A search that trained six architectures and ranks them by total reward, scored by both metrics."""
    own = NAMES[2:8]
    ranking = {name: float(TOTAL[NAMES.index(name)].mean()) for name in own}
    found = quick(mine, [search(ranking, "mine", trained=tuple(own), cost_steps=0, train_steps=1000)])
    total, mean = (found.views[metric].strategies[0].searches[0] for metric in ("total_reward", "reward_mean"))
    # By reward mean, which is the other way round, it is the last of its ranking that is the best.
    assert (total.architecture, mean.architecture) == (own[-1], own[0])
    assert total.cost == 6 * 3 * 1000
    # All six are there to be picked by the seeds that a held-out score leaves.
    np.testing.assert_allclose(total.held_out, held_out_scores(TOTAL[2:8]))
    # A training is no proxy of itself.
    assert np.isnan(total.proxies).all()
    assert total.correlations["kendall"].value is None


def test_shorter_trainings_of_a_search_are_a_proxy(mine):
    ranking = {name: float(n) for n, name in enumerate(NAMES)}
    short = search(ranking, "mine", trained=tuple(NAMES), cost_steps=0, train_steps=100, train_seeds=(1, 2, 3))
    comparison = quick(mine, [short])
    found = comparison.views["total_reward"].strategies[0].searches[0]
    assert found.cost == 10 * 3 * 100 + 3 * 3 * 1000
    assert not np.isnan(found.proxies).any()
    np.testing.assert_allclose(found.held_out, held_out_scores(TOTAL[7:]))
    assert "ranks by trainings of 100 steps with seeds of the table" in comparison.remarks[0]


@pytest.mark.parametrize(("seeds", "paid"), [((7001,), 10 * 1 * 1000 + 3 * 3 * 1000), ((1, 2), 10 * 2 * 1000)])
def test_trainings_with_seeds_of_their_own_are_a_proxy(mine, seeds, paid):
    ranking = {name: float(n) for n, name in enumerate(NAMES)}
    one = search(ranking, "mine", trained=tuple(NAMES), cost_steps=0, train_steps=1000, train_seeds=seeds)
    comparison = quick(mine, [one])
    found = comparison.views["total_reward"].strategies[0].searches[0]
    assert found.cost == paid
    assert np.isnan(found.proxies).all() == (seeds == (1, 2))
    assert comparison.remarks == ()


def test_trainings_longer_than_the_budget_are_paid_for_and_a_proxy(mine):
    ranking = {name: float(n) for n, name in enumerate(NAMES)}
    one = search(ranking, "mine", trained=tuple(NAMES), cost_steps=0, train_steps=1000, train_seeds=(1, 2, 3))
    found = quick(mine, [one], budget=500).views["total_reward"].strategies[0].searches[0]
    assert found.cost == 10 * 3 * 1000 + 3 * 3 * 500
    assert not np.isnan(found.proxies).any()


def test_remarks_on_short_and_on_tied_rankings(mine):
    tied = search({name: float(n > 4) for n, name in enumerate(NAMES)}, "enas")
    remarks = quick(mine, [search({NAMES[0]: 1.0}), tied]).remarks
    assert remarks == (
        "enas with seed 0: 5 architectures share the proxy at the cut, so its top 3 is arbitrary.",
        "spos with seed 0 ranks 1 architectures only, fewer than the top 3.",
    )
    ranking = {name: float(n) for n, name in enumerate(NAMES)}
    two = [search(ranking), search(ranking, options={"games": 9}, remarks=("It rained.",))]
    assert quick(mine, two).remarks == ("spos (games=9) with seed 0: It rained.",)


def test_a_proxy_without_differences_has_no_correlation(mine, tmp_path):
    quick(mine, [search(dict.fromkeys(NAMES, 1.0))], metrics=["total_reward"], out=tmp_path)
    assert records(tmp_path, "proxies-total-reward")[0]["kendall"] == ""


def test_a_table_in_which_all_are_equal(tmp_path):
    rows = [row(name, seed, 0.1, 0.1) for name in NAMES for seed in (1, 2, 3)]
    write_table(tmp_path / "flat.parquet", rows, {"env": ENV, "space": SPACE.to_dict()})
    flat = Table.read(tmp_path / "flat.parquet")
    view = quick(flat, [perfect()], metrics=["total_reward"], out=tmp_path / "out").views["total_reward"]
    assert view.components.icc.value is None
    assert view.significance["spos"].probability.value == 0.5
    text = (tmp_path / "out" / "comparison.md").read_text()
    assert "All scores of the table are equal under some seed" in text
    assert "spos: 0.10, not significantly different from random search at the same cost" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"top_k": 0}, "top_k must be at least 1"),
        ({"repeats": 0}, "repeats must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"metrics": ["reward"]}, "unknown metric 'reward'"),
        ({"metrics": []}, "at least one metric"),
        ({"top_k": 11}, "top_k must be at most 10, the architectures compared, not 11"),
        ({"seeds": [1, 4]}, "no runs with seed 4: its seeds are 1, 2, 3"),
        ({"seeds": [1, 1]}, r"each once, not \[1, 1\]"),
        ({"seeds": []}, r"at least one training seed"),
    ],
)
def test_arguments_that_are_not_allowed(mine, arguments, message):
    with pytest.raises(UserError, match=message):
        quick(mine, [], **arguments)


def test_a_search_on_something_else_is_refused(mine):
    with pytest.raises(UserError, match="its environment is 'Other-v0'"):
        quick(mine, [perfect(env="Other-v0")])


def test_the_papers_own_nature_cnn_is_among_the_hand_made(tmp_path):
    view = quick(table(tmp_path, space=load_space("paper-1")), []).views["total_reward"]
    made = {yard.label: yard for yard in view.references if yard.kind == "hand-made"}
    assert list(made) == ["my-cnn", "k2=4,k3=3 (the paper's Nature-CNN)"]
    assert made["k2=4,k3=3 (the paper's Nature-CNN)"].architecture == "k2=4,k3=3"
    assert [yard.architecture for yard in view.references if yard.label.startswith("largest")] == ["k2=5,k3=5"]


def test_budgets_that_read_alike_are_told_apart(mine):
    searches = [perfect(steps=1_000_000), perfect(steps=1_000_448)]
    labels = [one.label for one in quick(mine, searches).views["total_reward"].strategies]
    assert len(set(labels)) == 2
    assert any("1000448 steps" in label for label in labels)


def test_the_largest_of_equal_size_are_one_yardstick(tmp_path):
    tied = Space("tied", SPACE.input_shape, [*SPACE.layers, Activation(Choice("act", ["relu", "tanh"]))])
    view = quick(table(tmp_path, space=tied), []).views["total_reward"]
    (largest,) = [yard for yard in view.references if yard.kind == "largest"]
    assert largest.label == "largest network: average of 2 of equal size"
    both = [view.truth.index(f"c=4,k=5,act={act}") for act in ("relu", "tanh")]
    assert largest.scores == pytest.approx(view.truth.scores[both].mean(0))
    assert largest.score != pytest.approx(view.truth.means[both[0]])
