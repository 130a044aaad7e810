import csv
import io
import re
import statistics
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rlnas.errors import UserError
from rlnas.report.comparison import Comparison, compare
from rlnas.report.comparison.contenders import Contender, judge
from rlnas.report.comparison.documents import contents, markdown
from rlnas.report.comparison.rivals import random_search
from rlnas.report.comparison.standings import Conditions, Standings
from rlnas.report.comparison.verdicts import verdict
from rlnas.spaces import Choice, Conv, Flatten, Linear, Space, load_space
from rlnas.table import MissingRun, Table
from rlnas.table.files import MEASURED, write_table
from rlnas.table.searches import StoredSearch
from rlnas.table.selection import held_out_scores

from .helpers import Page

ENV = "My<b>&Env|v0"
SPACE = Space(
    "tiny<i>",
    (2, 10, 10),
    [Conv(Choice("c", [2, 4]), kernel=Choice("k", [1, 2, 3, 4, 5])), Flatten(), Linear(8)],
)
NAMES = [architecture.id for architecture in SPACE]
MADE = [4.0, 5.0, 6.0]


def row(name: str, seed: int, total: float | None, mean: float | None, status: str = "done") -> dict:
    """A run whose scores at half of the budget are half of those at its end."""
    half = [None if score is None else score / 2 for score in (total, mean)]
    return {
        "architecture": name,
        "seed": seed,
        "status": status,
        "reason": "" if status == "done" else "broke",
        "steps": 1000,
        "episodes": 9,
        "budgets": [500, 1000],
        "total_reward": [half[0], total],
        "reward_mean": [half[1], mean],
        "parameters": 1,
        "multiply_adds": 1,
        **dict.fromkeys(MEASURED),
    }


def truths() -> tuple[np.ndarray, np.ndarray]:
    """Both metrics, `(architectures, seeds)`: total reward 0 to 9 in the order of the space; the other reversed."""
    noise = np.random.default_rng(0).normal(size=(len(NAMES), 3)) * 0.3
    total = np.arange(len(NAMES))[:, None] + noise - noise.mean(1, keepdims=True)
    return total, 20 - total


TOTAL, MEAN = truths()


def table(path: Path, seeds: int = 3, space: Space = SPACE, drop: tuple[str, int] | None = None) -> Table:
    rows = [row("my-cnn", seed + 1, MADE[seed], MADE[seed] / 2) for seed in range(seeds)]
    for number, name in enumerate(a.id for a in space):
        for seed in range(seeds):
            at = number % len(NAMES)
            rows.append(row(name, seed + 1, float(TOTAL[at, seed]), float(MEAN[at, seed])))
    rows = [entry for entry in rows if (entry["architecture"], entry["seed"]) != drop]
    write_table(path / "mine.parquet", rows, {"env": ENV, "space": space.to_dict()})
    return Table.read(path / "mine.parquet")


def search(proxy: dict[str, float], strategy: str = "spos", seed: int = 0, **changes) -> StoredSearch:
    ranking = sorted(proxy.items(), key=lambda item: -item[1])
    fields = {"env": ENV, "space": SPACE.name, "steps": 800, "cost_steps": 900, "ranking": ranking}
    fields["settings"] = {"ppo": {}}
    return StoredSearch(**{"strategy": strategy, "seed": seed, **fields, **changes})


def perfect(**changes) -> StoredSearch:
    return search({name: float(n) for n, name in enumerate(NAMES)}, **changes)


def worst(**changes) -> StoredSearch:
    return search({name: -float(n) for n, name in enumerate(NAMES)}, **changes)


def quick(mine: Table, searches: list[StoredSearch], **changes) -> Comparison:
    return compare(mine, searches, **{"repeats": 20, **changes})


def records(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / f"{name}.csv").read_text())))


@pytest.fixture(scope="module")
def mine(tmp_path_factory) -> Table:
    return table(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="module")
def written(mine, tmp_path_factory) -> Path:
    """A comparison of two strategies, written out."""
    half = {name: float(-n) for n, name in enumerate(NAMES[:5])}
    searches = [perfect(), worst(seed=1), search(half, "random-shared", remarks=("It <b>rained</b>.",))]
    folder = tmp_path_factory.mktemp("out") / "comparison"
    found = compare(mine, searches, repeats=1000, seed=4, out=folder)
    assert found.out == folder
    return folder


def test_a_perfect_proxy(mine):
    view = quick(mine, [perfect()]).views["total_reward"]
    (found,) = view.contenders[0].found
    assert found.architecture == NAMES[-1] == view.best
    assert (found.rank, found.regret, found.hits) == (1, 0.0, 3)
    assert {estimate.value for estimate in found.correlations.values()} == {1.0}
    assert view.correlations["spos"]["kendall"].value == 1.0
    other = quick(mine, [perfect()]).views["reward_mean"]
    assert other.contenders[0].found[0].correlations["spearman"].value == -1.0
    # By reward mean the truth is reversed, so the best of its top 3 is its third.
    assert other.contenders[0].found[0].architecture == NAMES[-3]


def test_a_search_costs_its_own_steps_and_its_trainings(mine):
    view = quick(mine, [perfect(), perfect(strategy="enas")], top_k=2, budget=500).views["total_reward"]
    assert [c.found[0].cost for c in view.contenders] == [900 + 2 * 3 * 500] * 2
    assert {found.cost for found in view.random.found} == {2 * 3 * 500}


def test_random_search_has_the_expectation_of_the_best_of_three(mine):
    view = quick(mine, [], repeats=1000).views["total_reward"]
    best = [max(trio) for trio in combinations(TOTAL.mean(1), 3)]
    error = statistics.stdev(best) / 1000**0.5
    assert view.random.mean == pytest.approx(statistics.fmean(best), abs=4 * error)
    assert view.random.deviation == pytest.approx(statistics.stdev(best), rel=0.1)
    assert view.random.average("hits") == pytest.approx(0.9, abs=0.06)  # 3 x 3 / 10


def test_random_search_at_the_cost_of_a_search_draws_more(mine):
    # A training with three seeds costs 3,000 steps, so 900 for the search and 9,000 for its top 3 pay for three.
    assert quick(mine, [perfect()]).views["total_reward"].equal == ()
    view = quick(mine, [perfect(cost_steps=8_900), perfect(strategy="enas", cost_steps=10**6)]).views["total_reward"]
    # Short trainings are among the rows, too: 5,000 and 9,000 steps pay for four, 10,000 and 9,000 for six.
    assert [one.label for one in view.equal] == [f"random search (K = {n})" for n in (4, 5, 6, 10)]
    assert {found.cost for found in view.equal[1].found} == {15_000}
    assert set(view.equal[3].scores) == {TOTAL.mean(1).max()}
    assert len(view.equal[3].found) == 20
    rivals = {label: found.rival for label, found in view.verdicts.items()}
    labels = ["short trainings (500 steps)", "spos", "short trainings (1k steps)", "enas"]
    assert rivals == dict(zip(labels, view.equal, strict=True))


def test_short_trainings_rank_by_one_seed_and_are_judged_by_the_others(tmp_path):
    scores = np.random.default_rng(2).normal(size=(len(NAMES), 4))
    early = np.random.default_rng(3).normal(size=(len(NAMES), 4))
    rows = []
    for number, name in enumerate(NAMES):
        for seed in range(4):
            entry = row(name, seed + 1, scores[number, seed], 0.0)
            rows.append({**entry, "total_reward": [early[number, seed], scores[number, seed]]})
    write_table(tmp_path / "t.parquet", rows, {"env": ENV, "space": SPACE.to_dict()})
    mine = Table.read(tmp_path / "t.parquet")
    assert quick(mine, [perfect(cost_steps=4_990)]).views["total_reward"].short == ()  # 499 steps each: too few
    view = quick(mine, [perfect(cost_steps=5_009)]).views["total_reward"]
    (short,) = view.short
    assert short.label == "short trainings (500 steps)"
    for place, found in enumerate(short.found):
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
    taus = [found.correlations["kendall"].value for found in short.found]
    assert view.correlations[short.label]["kendall"].value == pytest.approx(np.mean(taus))
    assert short.label in view.verdicts


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
    early, whole = found.views["total_reward"].short
    assert [early.label, whole.label] == ["short trainings (500 steps)", "short trainings (1k steps)"]
    assert found.remarks[-1] == (
        "short trainings (500 steps): in 24 of 30 trainings no game had ended by then; these rank last."
    )
    for place, one in enumerate(early.found):
        assert np.isnan(one.proxies).sum() == 8
        assert one.architecture == NAMES[9]  # of two that have a score, and one by lot
        assert one.correlations["kendall"].value == 1.0
        assert np.array_equal(whole.found[place].proxies, TOTAL[:, place])
    assert [one.label for one in found.views["reward_mean"].short] == [early.label, whole.label]
    with pytest.raises(MissingRun, match="at budget 500: no game had ended by then"):
        quick(mine, [], budget=500)
    half = quick(table(tmp_path), [perfect(cost_steps=50_000)], budget=500).views["total_reward"]
    assert [one.label for one in half.short] == ["short trainings (500 steps)"]


def test_two_seeds_hold_nothing_out_of_short_trainings(tmp_path):
    view = quick(table(tmp_path, seeds=2), [perfect(cost_steps=5_000)]).views["total_reward"]
    (short,) = view.short
    assert np.isnan(short.held_out).all()
    assert view.verdicts[short.label].sure == 0
    assert view.efficiency.short == ()


def test_what_steps_buy_by_hand(mine, written):
    view = quick(mine, [], repeats=4000).views["total_reward"]
    random = view.efficiency.random
    assert [(point.size, point.steps) for point in random] == [(n, 3000 * n) for n in range(1, 11)]
    assert random[0].score == pytest.approx(TOTAL.mean(), abs=0.2)
    pairs = [held_out(TOTAL[list(pair)]) for pair in combinations(range(10), 2)]
    assert random[1].score == pytest.approx(statistics.fmean(pairs), abs=4 * statistics.stdev(pairs) / 4000**0.5)
    assert random[1].deviation == pytest.approx(statistics.stdev(pairs), rel=0.05)
    assert random[9].score == pytest.approx(held_out(TOTAL))
    assert random[9].deviation == pytest.approx(0)
    (short,) = view.efficiency.short
    found = []
    for seed in range(3):
        top = np.argsort(-TOTAL[:, seed])[:3]  # at half of the budget scores are half of those at its end
        found.append(held_out(np.delete(TOTAL[top], seed, axis=1)))
    assert (short.size, short.steps) == (500, 10 * 500 + 3 * 3 * 1000)
    assert short.score == pytest.approx(statistics.fmean(found))
    rows = records(written, "cost-total-reward")
    assert [row["curve"] for row in rows] == ["random search"] * 10 + ["short trainings"]


def test_with_one_seed_steps_buy_scores(tmp_path):
    efficiency = quick(table(tmp_path, seeds=1), []).views["total_reward"].efficiency
    assert efficiency.random[9].score == pytest.approx(TOTAL[:, 0].max())
    assert efficiency.short == ()


def noise(path: Path, root: int, signal: float = 0.0) -> Table:
    scores = np.random.default_rng(root).normal(size=(len(NAMES), 5))
    scores += signal * np.arange(len(NAMES))[:, None]
    rows = [row(n, s + 1, scores[i, s], 0.0) for i, n in enumerate(NAMES) for s in range(5)]
    write_table(path / "noise.parquet", rows, {"env": ENV, "space": SPACE.to_dict()})
    return Table.read(path / "noise.parquet")


def test_four_searches_that_agree_on_a_lucky_network_prove_nothing(tmp_path):
    def verdicts(signal: float, top_k: int) -> list[int]:
        found = []
        for root in range(120):
            standings = Standings(noise(tmp_path, root, signal), "total_reward", 1000)
            conditions = Conditions(1000, top_k, 60, 0)
            searches = tuple(judge(perfect(seed=seed), standings, conditions) for seed in range(4))
            rival = random_search(standings, conditions)
            found.append(verdict(Contender("spos", searches), rival).sure)
        return found

    assert sum(map(abs, verdicts(0.0, 3))) <= 12  # of the 6 that are allowed for
    assert sum(verdicts(2.0, 1)) > 110  # a perfect proxy, and a table that can tell


def test_one_training_seed_decides_nothing(tmp_path):
    searches = [perfect(seed=seed, cost_steps=0) for seed in range(9)]
    found = quick(table(tmp_path, seeds=1), searches, top_k=1).views["total_reward"]
    verdict = found.verdicts["spos"]
    assert verdict.probability.low > 0.5
    assert (verdict.lead.value, verdict.sure) == (None, 0)
    assert found.short == ()


def test_the_seeds_that_judge_can_be_named(mine):
    view = quick(mine, [perfect()], seeds=[3, 1]).views["total_reward"]
    assert view.standings.seeds == (1, 3)
    assert view.standings.scores == pytest.approx(TOTAL[:, [0, 2]])
    assert view.standings.table.checksum == mine.checksum


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
    assert [yard for yard in view.yardsticks if yard.made] == []
    first, second = view.contenders[0].found
    assert first.architecture == NAMES[7]  # the next of its ranking moved up
    assert np.isfinite(first.proxies).sum() == 8
    assert second.cost == 900 + 4 * 3 * 1000  # what it had trained was paid for, though it is left out
    assert {one.architecture for one in view.random.found} <= set(NAMES[:8])
    assert "8 of 10 architectures" in markdown(contents(found))
    with pytest.raises(UserError, match="ranks nothing that the table 'part' has whole"):
        quick(part, [search({NAMES[8]: 1.0})], drop_incomplete=True)
    nothing = [row(name, seed, None, None) for name in NAMES for seed in (1, 2)]
    write_table(tmp_path / "none.parquet", nothing, {"env": ENV, "space": SPACE.to_dict()})
    with pytest.raises(UserError, match="no architecture with a score under each"):
        quick(Table.read(tmp_path / "none.parquet"), [], drop_incomplete=True)


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
    assert float(spos["gain_over_the_average"]) == pytest.approx(5.5 - 4.5)
    assert float(spos["gain_over_my-cnn"]) == pytest.approx(0.5)
    assert float(spos["regret"]) == pytest.approx(3.5)
    assert float(spos["cost_steps"]) == 900 + 3 * 3 * 1000
    assert float(random["cost_steps"]) == 9000
    assert random["better_than_random"] == ""
    # Of all trios, 36 of 120 have the best; one has nothing better than the third worst.
    assert float(spos["better_than_random"]) == pytest.approx(((1 - 36 / 240) + 1 / 240) / 2, abs=0.02)
    assert float(spos["better_than_random_low"]) < 0.5 < float(spos["better_than_random_high"])


def held_out(scores: np.ndarray) -> float:
    return float(held_out_scores(scores).mean())


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
    assert len(parts) == 11
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
    assert text.count('class="chart"') == 4
    quick(mine, [perfect()], metrics=["reward_mean"], out=tmp_path)
    assert (tmp_path / "comparison.html").read_text().count('class="chart"') == 2
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_figures_stand_alone(written):
    svg = (written / "figure-4-total-reward.svg").read_text()
    assert "var(--" not in svg
    assert "random-shared: 1 search seed, 1 network" in svg
    assert "spos: 2 search seeds, 2 networks" in svg
    svg = (written / "cost-total-reward.svg").read_text()
    for label in ("random search, ± standard deviation", "short trainings", "random-shared", "spos", "my-cnn"):
        assert f">{label}<" in svg
    assert (written / "figure-4-reward-mean.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_input_gives_the_same_bytes(mine, tmp_path):
    searches = [perfect(), worst(seed=1)]
    for name, order in (("a", searches), ("b", searches[::-1])):
        quick(mine, order, metrics=["total_reward"], out=tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(files) == 12
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
    assert found.views["total_reward"].contenders == ()
    assert [entry["name"] for entry in records(tmp_path, "table-1")][:2] == ["random search", "my-cnn"]


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
    assert {one.label: len(one.found) for one in view.contenders} == {
        "enas": 1,
        "spos (800 steps, subset=2)": 1,
        "spos (800 steps, subset=3)": 2,
        "spos (2k steps, subset=default)": 1,
    }


def test_options_that_are_equal_but_not_the_same_keep_their_rows(mine):
    options = [{"a": 1}, {"a": 1.0}, {"a": True}, {"a": None}, {}]
    view = quick(mine, [perfect(options=one) for one in options]).views["total_reward"]
    assert [one.label for one in view.contenders] == [
        f"spos (a={spelled})" for spelled in ("1", "1.0", "true", "null", "default")
    ]


def test_strategies_are_picked_by_name(mine):
    searches = [perfect(), perfect(strategy="enas"), worst(strategy="random")]
    found = quick(mine, searches, strategies=["spos", "random", "enas"])
    assert [one.label for one in found.views["total_reward"].contenders] == ["spos", "enas"]
    assert found.remarks[0].startswith("1 of the given searches are of random search and left out")
    assert quick(mine, searches, strategies=["random"]).views["total_reward"].contenders == ()
    with pytest.raises(UserError, match=r"unknown strategy of a stored search 'enos'. Did you mean 'enas'\?"):
        quick(mine, searches, strategies=["enos"])


def test_a_search_without_settings_is_remarked_on(mine):
    assert quick(mine, [perfect(settings={})]).remarks == (
        "spos with seed 0 does not say what its agents were trained with, so that is not checked.",
    )


def test_remarks_on_short_and_on_tied_rankings(mine):
    tied = search({name: float(n > 4) for n, name in enumerate(NAMES)}, "enas")
    remarks = quick(mine, [search({NAMES[0]: 1.0}), tied]).remarks
    assert remarks == (
        "enas with seed 0: 5 architectures share the proxy at the cut, so its top 3 is by lot.",
        "spos with seed 0 ranks 1 architectures only, fewer than the top 3.",
    )


def test_a_proxy_without_differences_has_no_correlation(mine, tmp_path):
    quick(mine, [search(dict.fromkeys(NAMES, 1.0))], metrics=["total_reward"], out=tmp_path)
    assert records(tmp_path, "proxies-total-reward")[0]["kendall"] == ""


def test_a_table_in_which_all_are_equal(tmp_path):
    rows = [row(name, seed, 0.1, 0.1) for name in NAMES for seed in (1, 2, 3)]
    write_table(tmp_path / "flat.parquet", rows, {"env": ENV, "space": SPACE.to_dict()})
    flat = Table.read(tmp_path / "flat.parquet")
    view = quick(flat, [perfect()], metrics=["total_reward"], out=tmp_path / "out").views["total_reward"]
    assert view.components.icc.value is None
    assert view.verdicts["spos"].probability.value == 0.5
    text = (tmp_path / "out" / "comparison.md").read_text()
    assert "The table's scores are all equal under some seed" in text
    assert "spos: 0.10, not to be told from random search at the same cost" in text


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
    made = {yard.label: yard for yard in view.yardsticks if yard.made}
    assert list(made) == ["my-cnn", "k2=4,k3=3 (the paper's Nature-CNN)"]
    assert made["k2=4,k3=3 (the paper's Nature-CNN)"].architecture == "k2=4,k3=3"
    assert [yard.architecture for yard in view.yardsticks if yard.label.startswith("largest")] == ["k2=5,k3=5"]


def test_budgets_that_read_alike_are_told_apart(mine):
    searches = [perfect(steps=1_000_000), perfect(steps=1_000_448)]
    labels = [one.label for one in quick(mine, searches).views["total_reward"].contenders]
    assert len(set(labels)) == 2
    assert any("1000448 steps" in label for label in labels)
