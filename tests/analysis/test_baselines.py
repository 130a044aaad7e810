"""What searches have to beat, and when they are said to."""

import statistics
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rlnas.analysis.baselines import random_search
from rlnas.analysis.ground_truth import ComparisonSettings, GroundTruth
from rlnas.analysis.outcomes import StrategyOutcome, evaluate_search
from rlnas.analysis.significance import significance
from rlnas.stats.selection import held_out_scores
from rlnas.table import METRICS, MissingRun, Table
from rlnas.table.files import write_table

from .tables import ENV, MEAN, NAMES, SPACE, TOTAL, held_out, perfect, quick, row, table


def test_random_search_has_the_expectation_of_the_best_of_three(mine):
    view = quick(mine, [], repeats=1000).views["total_reward"]
    best = [max(trio) for trio in combinations(TOTAL.mean(1), 3)]
    error = statistics.stdev(best) / 1000**0.5
    assert view.random.mean == pytest.approx(statistics.fmean(best), abs=4 * error)
    assert view.random.deviation == pytest.approx(statistics.stdev(best), rel=0.1)
    assert view.random.average("hits") == pytest.approx(0.9, abs=0.06)  # 3 x 3 / 10


def test_random_search_at_the_cost_of_a_search_draws_more(mine):
    # A training with three seeds costs 3,000 steps, so 900 for the search and 9,000 for its top 3 pay for three.
    assert quick(mine, [perfect()]).views["total_reward"].random_at_cost == ()
    view = quick(mine, [perfect(cost_steps=8_900), perfect(strategy="enas", cost_steps=10**6)]).views["total_reward"]
    # Short trainings are among the rows, too: 5,000 and 9,000 steps pay for four, 10,000 and 9,000 for six.
    assert [one.label for one in view.random_at_cost] == [f"random search (K = {n})" for n in (4, 5, 6, 10)]
    assert {found.cost for found in view.random_at_cost[1].searches} == {15_000}
    assert set(view.random_at_cost[3].scores) == {TOTAL.mean(1).max()}
    assert len(view.random_at_cost[3].searches) == 20
    baselines = {label: found.baseline for label, found in view.significance.items()}
    labels = ["short trainings (500 steps)", "spos", "short trainings (1k steps)", "enas"]
    assert baselines == dict(zip(labels, view.random_at_cost, strict=True))


def test_short_trainings_rank_by_one_seed_and_are_scored_by_the_others(tmp_path):
    scores = np.random.default_rng(2).normal(size=(len(NAMES), 4))
    early = np.random.default_rng(3).normal(size=(len(NAMES), 4))
    rows = []
    for number, name in enumerate(NAMES):
        for seed in range(4):
            entry = row(name, seed + 1, scores[number, seed], 0.0)
            rows.append({**entry, "total_reward": [early[number, seed], scores[number, seed]]})
    write_table(tmp_path / "t.parquet", rows, {"env": ENV, "space": SPACE.to_dict()})
    mine = Table.read(tmp_path / "t.parquet")
    # 499 steps each are too few.
    assert quick(mine, [perfect(cost_steps=4_990)]).views["total_reward"].short_trainings == ()
    view = quick(mine, [perfect(cost_steps=5_009)]).views["total_reward"]
    (short,) = view.short_trainings
    assert short.label == "short trainings (500 steps)"
    for place, found in enumerate(short.searches):
        others = np.delete(scores, place, 1)
        top = np.argsort(-early[:, place])[:3]
        best = top[scores[top].mean(1).argmax()]
        assert found.architecture == NAMES[best]
        assert found.score == pytest.approx(scores[best].mean())
        tau = stats.kendalltau(early[:, place], others.mean(1)).statistic
        assert found.correlations["kendall"].value == pytest.approx(tau)
        assert found.cost == 10 * 500 + 3 * 4 * 1000
        assert np.isnan(found.held_out[place])
        assert np.delete(found.held_out, place) == pytest.approx(held_out_scores(others[top]))
    taus = [found.correlations["kendall"].value for found in short.searches]
    assert view.correlations[short.label]["kendall"].value == pytest.approx(np.mean(taus))
    assert short.label in view.significance


def test_there_are_no_short_trainings_within_which_no_game_ends(tmp_path):
    rows = [
        row(name, seed + 1, TOTAL[number, seed], MEAN[number, seed])
        for number, name in enumerate(NAMES)
        for seed in range(3)
    ]
    rows = [{**entry, **{metric: [None, entry[metric][1]] for metric in METRICS}} for entry in rows]
    write_table(tmp_path / "t.parquet", rows, {"env": ENV, "space": SPACE.to_dict()})
    found = quick(Table.read(tmp_path / "t.parquet"), [perfect(cost_steps=5_000)], out=tmp_path / "out")
    for view in found.views.values():
        assert view.short_trainings == ()
        assert view.anytime.short == ()
    assert found.remarks == ()


def test_short_trainings_may_be_whole_and_may_lack_scores(tmp_path):
    rows = []
    for number, name in enumerate(NAMES):
        for seed in range(3):
            entry = row(name, seed + 1, TOTAL[number, seed], MEAN[number, seed])
            early = [None if number < 8 else float(number), TOTAL[number, seed]]
            rows.append({**entry, "total_reward": early})
    write_table(tmp_path / "t.parquet", rows, {"env": ENV, "space": SPACE.to_dict()})
    mine = Table.read(tmp_path / "t.parquet")
    found = quick(mine, [perfect(cost_steps=5_000), perfect(strategy="enas", cost_steps=50_000)])
    early, whole = found.views["total_reward"].short_trainings
    assert [early.label, whole.label] == ["short trainings (500 steps)", "short trainings (1k steps)"]
    assert found.remarks[-1].startswith("short trainings (500 steps): 24 of 30 trainings")
    for place, one in enumerate(early.searches):
        assert np.isnan(one.proxies).sum() == 8
        assert one.architecture == NAMES[9]  # of two that have a score, and one by lot
        assert one.correlations["kendall"].value == 1.0
        assert np.array_equal(whole.searches[place].proxies, TOTAL[:, place])
    assert [one.label for one in found.views["reward_mean"].short_trainings] == [early.label, whole.label]
    with pytest.raises(MissingRun, match="at budget 500: no game had ended by then"):
        quick(mine, [], budget=500)
    half = quick(table(tmp_path), [perfect(cost_steps=50_000)], budget=500).views["total_reward"]
    assert [one.label for one in half.short_trainings] == ["short trainings (500 steps)"]


def test_two_seeds_hold_nothing_out_of_short_trainings(tmp_path):
    view = quick(table(tmp_path, seeds=2), [perfect(cost_steps=5_000)]).views["total_reward"]
    (short,) = view.short_trainings
    assert np.isnan(short.held_out).all()
    assert view.significance[short.label].direction == 0
    assert view.anytime.short == ()


def test_anytime_performance_by_hand(mine):
    view = quick(mine, [], repeats=4000).views["total_reward"]
    random = view.anytime.random
    assert [(point.size, point.steps) for point in random] == [(n, 3000 * n) for n in range(1, 11)]
    assert random[0].score == pytest.approx(TOTAL.mean(), abs=0.2)
    pairs = [held_out(TOTAL[list(pair)]) for pair in combinations(range(10), 2)]
    assert random[1].score == pytest.approx(statistics.fmean(pairs), abs=4 * statistics.stdev(pairs) / 4000**0.5)
    assert random[1].deviation == pytest.approx(statistics.stdev(pairs), rel=0.05)
    assert random[9].score == pytest.approx(held_out(TOTAL))
    assert random[9].deviation == pytest.approx(0)
    (short,) = view.anytime.short
    found = []
    for seed in range(3):
        top = np.argsort(-TOTAL[:, seed])[:3]  # at half of the budget scores are half of those at its end
        found.append(held_out(np.delete(TOTAL[top], seed, axis=1)))
    assert (short.size, short.steps) == (500, 10 * 500 + 3 * 3 * 1000)
    assert short.score == pytest.approx(statistics.fmean(found))


def test_with_one_seed_steps_buy_scores(tmp_path):
    efficiency = quick(table(tmp_path, seeds=1), []).views["total_reward"].anytime
    assert efficiency.random[9].score == pytest.approx(TOTAL[:, 0].max())
    assert efficiency.short == ()


def noise(path: Path, root: int, signal: float = 0.0) -> Table:
    scores = np.random.default_rng(root).normal(size=(len(NAMES), 5))
    scores += signal * np.arange(len(NAMES))[:, None]
    rows = [row(n, s + 1, scores[i, s], 0.0) for i, n in enumerate(NAMES) for s in range(5)]
    write_table(path / "noise.parquet", rows, {"env": ENV, "space": SPACE.to_dict()})
    return Table.read(path / "noise.parquet")


def test_four_searches_that_agree_on_a_lucky_network_prove_nothing(tmp_path):
    def directions(tables: int, signal: float, top_k: int) -> list[int]:
        found = []
        for root in range(tables):
            truth = GroundTruth(noise(tmp_path, root, signal), "total_reward", 1000)
            conditions = ComparisonSettings(1000, top_k, 60, 0)
            searches = tuple(evaluate_search(perfect(seed=seed), truth, conditions) for seed in range(4))
            baseline = random_search(truth, conditions)
            found.append(significance(StrategyOutcome("spos", searches), baseline).direction)
        return found

    assert sum(map(abs, directions(120, 0.0, 3))) <= 12  # of the 6 that are allowed for
    assert sum(directions(40, 2.0, 1)) > 36  # a perfect proxy, and a table that can tell


def test_one_training_seed_decides_nothing(tmp_path):
    searches = [perfect(seed=seed, cost_steps=0) for seed in range(9)]
    found = quick(table(tmp_path, seeds=1), searches, top_k=1).views["total_reward"]
    difference = found.significance["spos"]
    assert difference.probability.low > 0.5
    assert (difference.lead.value, difference.direction) == (None, 0)
    assert found.short_trainings == ()
