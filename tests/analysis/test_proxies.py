"""What a report says of a proxy, where a table knows the truth."""

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from rlnas.analysis.proxies import Truth, proxy_quality
from rlnas.report.read_run import read_run
from rlnas.table import load

from ..report.helpers import read, result, study_json, trial, write

TABLE = load("minatar-breakout")
SCORES = TABLE.scores(budget=TABLE.steps, metric="total_reward", seeds=TABLE.seeds)
MEANS = SCORES.mean(1)


def test_a_ranking_against_the_truth():
    truth = Truth(tuple(TABLE.architectures), SCORES)
    proxies = SCORES[:, 0]
    order = np.argsort(-proxies)
    ranking = [(TABLE.architectures[n], float(proxies[n])) for n in order]
    best = TABLE.architectures[order[:3][MEANS[order[:3]].argmax()]]
    found = proxy_quality(ranking, 3, best, truth)
    assert found.kendall.value == pytest.approx(kendalltau(proxies, MEANS).statistic)
    assert found.spearman.value == pytest.approx(spearmanr(proxies, MEANS).statistic)
    assert found.kendall.low < found.kendall.value < found.kendall.high
    assert found.hits == len({*order[:3]} & {*np.argsort(-MEANS)[:3]})
    assert found.rank == 1 + (truth.means[best] < MEANS).sum()
    assert found.regret == pytest.approx(MEANS.max() - truth.means[best])
    others = [kendalltau(SCORES[:, n], np.delete(SCORES, n, 1).mean(1)).statistic for n in range(5)]
    assert found.ceiling.mean == pytest.approx(np.mean(others))
    nothing = proxy_quality(ranking, 3, None, Truth(truth.names, SCORES[:, :1]))
    assert (nothing.rank, nothing.regret, nothing.ceiling) == (None, None, None)


def test_a_report_of_a_search_with_a_table_says_how_well_the_proxy_ranks(tmp_path):
    reference = {"source": "minatar-breakout", "checksum": TABLE.checksum, "seeds": TABLE.seeds}
    settings = {"env": TABLE.env, "space": TABLE.space.to_dict(), "train_steps": TABLE.steps, "table": reference}
    study_json(tmp_path, **settings, baselines=[], train_seeds=5)
    order = np.random.default_rng(0).permutation(25)
    names = [TABLE.architectures[n] for n in order]
    ranking = [{"architecture": name, "proxy": 25.0 - rank} for rank, name in enumerate(names)]
    write(tmp_path / "search" / "ranking.json", ranking)
    trials = {
        name: [trial(tmp_path, name, seed, float(score), status="x") | {"status": "done"}
               for seed, score in zip(TABLE.seeds, SCORES[TABLE.architectures.index(name)], strict=True)]
        for name in names[:2]
    }  # fmt: skip
    result(tmp_path, names[0], trials)
    text = " ".join(read(tmp_path).text.split())
    tau = kendalltau(-np.arange(25), MEANS[order]).statistic
    assert f"that the search ranked, proxy and true performance have a Kendall correlation of {tau:.2f}" in text
    assert f"The best found has rank {1 + (MEANS[order[0]] < MEANS).sum()} of 25" in text
    assert f"{names[20]}21" in text.replace(" ", "")
    assert read_run(tmp_path).truth.means[names[20]] == pytest.approx(MEANS[order[20]])


def test_within_limits_candidates_alone_are_the_truth(tmp_path):
    reference = {"source": "minatar-breakout", "checksum": TABLE.checksum, "seeds": TABLE.seeds}
    settings = {"env": TABLE.env, "space": TABLE.space.to_dict(), "train_steps": TABLE.steps, "table": reference}
    study_json(tmp_path, **settings, baselines=[], max_params=42_000)
    names = [name for name in TABLE.architectures if TABLE.query(name, seed=1, budget="200k").parameters <= 42_000]
    assert 0 < len(names) < 25
    write(tmp_path / "search" / "ranking.json", [{"architecture": name, "proxy": 1.0} for name in names])
    truth = read_run(tmp_path).truth
    assert truth.names == tuple(names)
    assert truth.average == pytest.approx(MEANS[[TABLE.architectures.index(name) for name in names]].mean())
