"""What a comparison writes: tables, page, figures."""

import re
import statistics
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from rlnas.report.figures import FOUND, page_colours
from rlnas.spaces import Space
from rlnas.stats.selection import held_out_scores
from rlnas.strategies import STRATEGIES
from rlnas.table import Table
from rlnas.table.files import write_table

from ..analysis.tables import ENV, MADE, MEAN, NAMES, SPACE, TOTAL, held_out, perfect, quick, records, row, table, worst
from ..analysis.test_simulation import Follows, Options
from .helpers import Page


def test_table_1_by_hand(written):
    found = {entry["name"]: entry for entry in records(written, "table-1")}
    assert list(found) == [
        "random search",
        "my-cnn",
        "random-shared",
        "spos",
        "average architecture",
        "largest network: c=4,k=5",
        f"best of the table: {NAMES[0]}; {NAMES[-1]}",
    ]
    total, mean = TOTAL.mean(1), MEAN.mean(1)
    spos = found["spos"]
    # One search has the last three as its top 3, the other the first three.
    assert float(spos["total_reward"]) == pytest.approx((total[9] + total[2]) / 2)
    assert float(spos["total_reward_deviation"]) == pytest.approx(statistics.stdev([total[9], total[2]]))
    assert float(spos["reward_mean"]) == pytest.approx((mean[7] + mean[0]) / 2)
    assert float(found["random-shared"]["total_reward"]) == pytest.approx(total[2])
    assert found["random-shared"]["total_reward_deviation"] == ""
    assert float(found["my-cnn"]["total_reward"]) == 5.0
    assert float(found["average architecture"]["total_reward"]) == pytest.approx(4.5)
    assert float(found["largest network: c=4,k=5"]["total_reward"]) == pytest.approx(9.0)
    assert (spos["budget"], spos["training_seeds"], spos["top_k"], spos["repeats"]) == ("1000", "1 2 3", "3", "1000")


def test_what_a_strategy_is_worth_by_hand(written):
    found = {entry["strategy"]: entry for entry in records(written, "strategies-total-reward")}
    spos, random = found["spos"], found["random search"]
    # One search puts the last three first, the other the first three; seed by seed, what the other seeds pick of them.
    kept = (held_out_scores(TOTAL[7:]) + held_out_scores(TOTAL[:3])) / 2
    for name, others in (("average_architecture", TOTAL.mean(0)), ("my-cnn", np.array(MADE))):
        assert float(spos[f"above_{name}"]) == pytest.approx((kept - others).mean())
        low, high = (float(spos[f"above_{name}_{end}"]) for end in ("low", "high"))
        margin = stats.t.ppf(0.975, 2) * (kept - others).std(ddof=1) * (1 / 3 + 1 / 2) ** 0.5
        assert (low, high) == pytest.approx(((kept - others).mean() - margin, (kept - others).mean() + margin))
    assert float(spos["regret"]) == pytest.approx(3.5)
    assert float(spos["cost_steps"]) == 900 + 3 * 3 * 1000
    assert float(random["cost_steps"]) == 9000
    assert random["better_than_random"] == ""
    # Of all trios, 36 of 120 have the best; one has nothing better than the third worst.
    assert float(spos["better_than_random"]) == pytest.approx(((1 - 36 / 240) + 1 / 240) / 2, abs=0.02)
    assert float(spos["better_than_random_low"]) < 0.5 < float(spos["better_than_random_high"])


def test_held_out_scores_come_from_seeds_that_did_not_pick(written):
    found = {entry["strategy"]: entry for entry in records(written, "strategies-total-reward")}
    tops = [held_out(TOTAL[-3:]), held_out(TOTAL[:3])]  # of the perfect search and of the worst
    assert float(found["spos"]["held_out"]) == pytest.approx(statistics.fmean(tops))
    assert float(found["spos"]["held_out_deviation"]) == pytest.approx(statistics.stdev(tops))
    trios = [held_out(TOTAL[list(trio)]) for trio in combinations(range(10), 3)]
    error = statistics.stdev(trios) / 1000**0.5
    assert float(found["random search"]["held_out"]) == pytest.approx(statistics.fmean(trios), abs=4 * error)


def test_exhaustive_search_pays_for_the_whole_table(written):
    found = {entry["strategy"]: entry for entry in records(written, "strategies-reward-mean")}
    exhaustive = found["exhaustive search"]
    assert float(exhaustive["score"]) == pytest.approx(MEAN.mean(1).max())
    assert float(exhaustive["held_out"]) == pytest.approx(held_out(MEAN))
    assert float(exhaustive["regret"]) == 0.0
    assert float(exhaustive["cost_steps"]) == 10 * 3 * 1000
    assert exhaustive["better_than_random"] == ""


def test_proxies_beside_the_ceiling(written):
    found = records(written, "proxies-total-reward")
    by_seed = {(entry["strategy"], entry["search_seed"]): entry for entry in found}
    assert float(by_seed["spos", "0"]["kendall"]) == 1.0
    assert float(by_seed["spos", "1"]["kendall"]) == -1.0
    assert float(by_seed["spos", "mean"]["kendall"]) == 0.0
    assert by_seed["random-shared", "0"]["ranked"] == "5"
    assert by_seed["random-shared", "0"]["best_rank"] == "8"
    ceiling = by_seed["ceiling: one seed against another", "–"]
    taus = [stats.kendalltau(TOTAL[:, a], TOTAL[:, b]).statistic for a, b in ((0, 1), (0, 2), (1, 2))]
    assert float(ceiling["kendall"]) == pytest.approx(np.mean(taus))
    assert float(records(written, "reliability")[1]["icc"]) > 0.95


def test_every_table_says_budget_seeds_and_repeats(written):
    text = (written / "comparison.md").read_text()
    basis = "Budget 1k steps for each training; 3 training seeds (1, 2, 3); K = 3; random search repeated 1,000 times."
    parts = [part for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:] if not part.startswith("Remarks")]
    assert len(parts) == 16
    assert all(basis in part for part in parts)
    assert "winner's curse" in parts[0]
    assert r"My<b>&Env|v0" in text
    for name in re.findall(r"\]\(([^)]+)\)", text):
        assert (written / name).stat().st_size > 0, name


def test_the_best_architectures_layer_by_layer(written):
    found = [entry for entry in records(written, "architectures") if entry["architecture"] == NAMES[-1]]
    assert [entry["layer"] for entry in found] == ["input", "1 conv", "2 flatten", "3 linear", "encoder"]
    assert found[1]["settings"] == "channels 4*, kernel 5*"
    assert found[1]["output_shape"] == "4×10×10"
    cost = SPACE.cost(SPACE.architecture(NAMES[-1]))
    assert (int(found[1]["parameters"]), int(found[4]["multiply_adds"])) == (4 * 51, cost.multiply_adds)
    text = (written / "comparison.md").read_text()
    assert f"### {NAMES[-1]}\n\nThe best of spos by total reward (9.00; 1 of 2 searches); the best of the table" in text


def test_the_page_is_whole_and_needs_nothing_else(written, mine, tmp_path):
    text = (written / "comparison.html").read_text()
    found = Page(text)
    assert not {"script", "link", "img", "b<"} & set(found.tags)
    assert not [value for name, value in found.attributes if name in ("src", "href") and not str(value).startswith("#")]
    assert "My<b>&Env|v0" in found.text
    assert "It <b>rained</b>." in found.text
    assert text.count('class="chart"') == 6
    quick(mine, [perfect()], metrics=["reward_mean"], out=tmp_path)
    assert (tmp_path / "comparison.html").read_text().count('class="chart"') == 3
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_figures_stand_alone(written):
    svg = (written / "figure-4-total-reward.svg").read_text()
    assert "var(--" not in svg
    assert "random-shared: 1 search seed, 1 network" in svg
    assert "spos: 2 search seeds, 2 networks" in svg
    assert "total reward, mean over 3 seeds, 1k steps a training" in svg
    svg = (written / "cost-total-reward.svg").read_text()
    curves = [row["curve"] for row in records(written, "cost-total-reward")]
    assert curves == ["random search"] * 10 + ["short trainings"]
    for label in ("random search, ± standard deviation", "short trainings", "random-shared", "spos", "my-cnn"):
        assert f">{label}<" in svg
    assert "steps of search and trainings; 1k steps a training" in svg
    assert (written / "figure-4-reward-mean.png").read_bytes().startswith(b"\x89PNG")


def test_what_searches_found_is_red(written):
    red = page_colours()[FOUND]
    r, g, b = (int(red[n : n + 2], 16) for n in (1, 3, 5))
    assert r > 2 * max(g, b)
    svg = (written / "figure-4-total-reward.svg").read_text()
    # One network of random-shared, two of spos, and the legend.
    assert len(re.findall(rf"stroke: {red}", svg)) == 4


def test_the_same_input_gives_the_same_bytes(mine, tmp_path):
    searches = [perfect(), worst(seed=1)]
    for name, order in (("a", searches), ("b", searches[::-1])):
        quick(mine, order, metrics=["total_reward"], out=tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(files) == 18
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    one, other = (quick(mine, searches, seed=seed).views["total_reward"].random.scores for seed in (1, 2))
    assert one.tolist() != other.tolist()


def test_a_table_of_one_seed_says_what_it_cannot(tmp_path):
    found = quick(table(tmp_path, seeds=1), [perfect()], metrics=["total_reward"], out=tmp_path / "out")
    assert found.views["total_reward"].components is None
    text = (tmp_path / "out" / "comparison.md").read_text()
    assert "| total reward | 10 | 1 | – | – | – | – | – | – |" in text
    assert "The table has one training seed, so its seed-to-seed ceiling is unknown" in text
    assert "| ceiling | – |  | 10 | – | – |" in text
    assert records(tmp_path / "out", "proxies-total-reward")[-1]["kendall"] == ""


def test_a_table_of_one_architecture(tmp_path):
    rows = [row(NAMES[0], seed + 1, TOTAL[0, seed], MEAN[0, seed]) for seed in range(3)]
    write_table(tmp_path / "t.parquet", rows, {"env": ENV, "space": Space("one", (2, 10, 10), SPACE.layers).to_dict()})
    one = Table.read(tmp_path / "t.parquet")
    found = quick(one, [], top_k=1, drop_incomplete=True, out=tmp_path / "out")
    assert found.views["total_reward"].best == NAMES[0]
    assert "With one architecture there is nothing to rank" in (tmp_path / "out" / "comparison.md").read_text()


def test_without_searches_there_is_random_search(mine, tmp_path):
    found = quick(mine, [], metrics=["total_reward"], out=tmp_path)
    assert found.views["total_reward"].strategies == ()
    assert [entry["name"] for entry in records(tmp_path, "table-1")][:2] == ["random search", "my-cnn"]


def test_a_strategy_on_the_table_has_no_proxy_and_one_mark(mine, tmp_path, monkeypatch):
    monkeypatch.setitem(STRATEGIES, "follows", (Follows, Options))
    quick(mine, [], strategies=["follows", "random"], metrics=["total_reward"], out=tmp_path)
    text = (tmp_path / "comparison.md").read_text()
    assert "| follows | 20 repeats |" in text
    assert "- follows: " in text
    assert "follows" in (tmp_path / "strategies-total-reward.csv").read_text()
    assert "follows" not in (tmp_path / "proxies-total-reward.csv").read_text()
    assert "follows, ± standard deviation" in (tmp_path / "cost-total-reward.svg").read_text()
