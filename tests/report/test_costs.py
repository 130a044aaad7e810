import json
import random
import re

import pytest

from rlnas.analysis.costs import pareto_front
from rlnas.errors import UserError
from rlnas.report import write_report
from rlnas.report.read_run import read_run
from rlnas.study.latency import write_latencies
from rlnas.table import load

from .helpers import Page, read, result, space, study, study_json, trial, write

SCORES = {"k=5": [7.0, 8.0, 9.0], "k=2": [3.0, 3.5, 2.5], "nature-cnn": [5.0, 6.0, 5.5]}


def networks(path) -> dict[str, dict[str, str]]:
    """The table of networks: for each row its cells by the names of their columns."""
    section = write_report(path).read_text().split("Networks: score and cost")[1].split("</table>")[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in section.split("<tr")[1:]]
    head, *body = [[re.sub("<[^>]*>", "", cell) for cell in row] for row in rows]
    return {row[0]: dict(zip(head, row, strict=True)) for row in body}


def test_the_front_holds_what_nothing_beats():
    rng = random.Random(0)
    points = [(rng.randrange(8), float(rng.randrange(8))) for _ in range(40)]
    front = pareto_front(points)
    for n, (cost, score) in enumerate(points):
        better = [(c, s) for c, s in points if (c <= cost and s >= score) and (c < cost or s > score)]
        assert (n in front) == (not better)
    assert [points[n][0] for n in front] == sorted(points[n][0] for n in front)
    assert pareto_front([]) == []


def test_every_network_with_its_score_its_lead_and_its_costs(tmp_path):
    found = networks(study(tmp_path, SCORES))
    assert list(found) == ["k=5 (best)", "k=2", "nature-cnn (hand-made)"]
    best, other, made = found.values()
    assert best["total reward"] == "8.00 ± 1.00"
    assert best["best minus this"] == "–"
    assert best["interquartile mean"].startswith("8.00 [7.")
    # Welch: 2.5 with a standard error of 0.6455 and 2.94 degrees of freedom.
    assert made["best minus this"] == "+2.50 [+0.42, +4.58]"
    assert made["best is better"].startswith("1.00 [0.5")
    cost = space().cost(space().architecture("k=2"))
    assert other["parameters"] == f"{cost.parameters:,} ●"
    # Nature-CNN is beaten by the best found, which is smaller and better.
    assert made["parameters"] == "1,684,128"
    assert best["parameters"].endswith("●")
    assert "latency" not in best


def test_one_seed_has_no_intervals(tmp_path):
    found = networks(study(tmp_path))
    assert found["nature-cnn (hand-made)"]["best minus this"] == "+1.75"
    assert not {"best is better", "interquartile mean"} & set(found["k=2"])


def measured(path, latencies: dict[str, float]) -> None:
    write_latencies(path / "search" / "latency.json", latencies, None)


def test_latency_is_shown_where_it_was_measured(tmp_path):
    study(tmp_path, SCORES)
    measured(tmp_path, {"k=5": 0.25, "k=2": 0.5, "k=3": 2.0})
    found = networks(tmp_path)
    assert found["k=5 (best)"]["latency"] == "0.25 ms ●"
    assert found["k=2"]["latency"] == "0.5 ms"
    assert found["nature-cnn (hand-made)"]["latency"] == "–"
    text = (tmp_path / "report.html").read_text()
    assert 'aria-label="Total reward against latency"' in text
    assert "2 ms" in Page(text).text  # in the ranking, though it was not trained


@pytest.mark.parametrize("content", ["[]", '{"architectures": {"k=5": "x"}}', '{"architectures": {"k=5": -1}}', "{"])
def test_latency_that_is_damaged_is_named(tmp_path, content):
    study(tmp_path)
    (tmp_path / "search" / "latency.json").write_text(content)
    with pytest.raises(UserError, match=str(tmp_path)):
        write_report(tmp_path)


def test_networks_of_equal_costs_are_drawn(tmp_path):
    study(tmp_path, SCORES)
    measured(tmp_path, {"k=5": 1.0, "k=2": 1.0})
    assert networks(tmp_path)["k=5 (best)"]["latency"] == "1 ms ●"


def test_a_run_looked_up_in_a_table_has_its_curves_and_the_average(tmp_path):
    table = load("minatar-breakout")
    names = table.architectures[:2]
    reference = {"source": "minatar-breakout", "checksum": table.checksum, "seeds": table.seeds}
    settings = {"env": table.env, "space": table.space.to_dict(), "train_steps": table.steps, "table": reference}
    study_json(tmp_path, **settings, baselines=[])
    ranking = [{"architecture": name, "proxy": float(rank)} for rank, name in enumerate(names)]
    write(tmp_path / "search" / "ranking.json", ranking)
    trials = {}
    for name in names:
        found = [table.query(name, seed=seed, budget=table.steps) for seed in table.seeds]
        trials[name] = [
            {**trial(tmp_path, name, record.seed, record.total_reward, status="x"), "status": "done"}
            for record in found
        ]
    result(tmp_path, names[0], trials)
    run = read_run(tmp_path)
    own = run.networks[0].trials[0]
    assert own.curve_steps == table.budgets
    assert own.curve[-1] == own.total_reward
    average = table.scores(budget=table.steps, metric="total_reward", seeds=table.seeds).mean()
    assert run.truth.average == pytest.approx(average)
    text = read(tmp_path).text
    assert f"scores {average:.2f} on average" in text
    assert "looked up in the table minatar-breakout." in text
    settings = json.loads((tmp_path / "study.json").read_text())
    settings["table"]["checksum"] = "another"
    write(tmp_path / "study.json", settings)
    assert "No training has a learning curve" in read(tmp_path).text
