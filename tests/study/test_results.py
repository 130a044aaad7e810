"""The result of a study, as a search that a table can judge."""

import json
from pathlib import Path

import numpy as np
import pytest

from rlnas import SearchResult
from rlnas.cli.printing import print_study
from rlnas.errors import RlnasError, UserError
from rlnas.stats.estimates import mean_difference
from rlnas.study.records import StudyResult
from rlnas.study.results import collect_searches, search_of_run
from rlnas.table import StoredSearch, write_searches
from rlnas.trials.metrics import METRICS


def stored(**changes) -> StoredSearch:
    fields = {
        "strategy": "spos",
        "seed": 1,
        "options": {"eval_episodes": 2},
        "env": "My-v0",
        "space": "tiny",
        "steps": 1000,
        "cost_steps": 1200,
        "ranking": [("k=3", 2.5), ("k=1", 0.1 + 0.2)],
        "remarks": ["Odd."],
    }
    return StoredSearch(**{**fields, **changes})


def network(name: str, seeds=(7001, 7002), scores=1.5, **changes) -> dict:
    """A network's entry in a result; `scores` of its trials, or one for all."""
    all_scores = scores if isinstance(scores, list) else [scores] * len(seeds)
    done = {"status": "done", "reason": "", "steps": 512, "episodes": 3}
    mean = None if None in all_scores else sum(all_scores) / len(all_scores)
    kind = {"name": name, "architecture": {"k": 1}, "space": "tiny", "baseline": False, "candidate": True}
    costs = {"proxy": None, "parameters": 10, "multiply_adds": 20, **dict.fromkeys(METRICS, mean)}
    trials = [
        {"seed": seed, **done, **dict.fromkeys(METRICS, score)} for seed, score in zip(seeds, all_scores, strict=True)
    ]
    return {**kind, **costs, **changes, "trials": trials}


def result_json(**changes) -> dict:
    return {
        "schema": 1,
        "env": "My-v0",
        "space": "tiny",
        "strategy": "enas",
        "seed": 7,
        "steps": 1000,
        "train_steps": 500,
        **({"limits": changes.pop("limits")} if "limits" in changes else {}),
        "best": "k=1",
        "architectures": [network("k=1"), network("k=2")],
        "remarks": [],
        "ranking": [{"architecture": "k=1", "proxy": 0.5}, {"architecture": "k=2", "proxy": 0.25}],
        "search": {"fit_steps": 1024, "evaluated_architectures": 0, "evaluation_steps": 30, **NO_WORDS},
        **changes,
    }


NO_WORDS = {"trained_architectures": [], "remarks": []}


def study(path: Path, **changes) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "study.json").write_text(
        json.dumps({"strategy_options": {"entropy": 0.1}, "env_settings": {"num_envs": 4}, "ppo": {"clip": 0.3}})
    )
    (path / "result.json").write_text(json.dumps(result_json(**changes)))
    return path


def test_the_search_of_a_study(tmp_path):
    found = search_of_run(study(tmp_path))
    assert found == stored(
        strategy="enas",
        seed=7,
        options={"entropy": 0.1},
        cost_steps=1054,
        ranking=[("k=1", 0.5), ("k=2", 0.25)],
        remarks=(),
        settings={"env_settings": {"num_envs": 4}, "ppo": {"clip": 0.3}},
    )
    cost = {
        "fit_steps": 1,
        "evaluated_architectures": 0,
        "evaluation_steps": 2,
        "remarks": ["Hm."],
        "trained_architectures": ["k=2"],
    }
    found = search_of_run(study(tmp_path, search=cost))
    assert (found.cost_steps, found.remarks, found.trained) == (3, ("Hm.",), ("k=2",))
    assert (found.train_steps, found.train_seeds) == (500, (7001, 7002))


def test_searches_of_files_and_runs_together(tmp_path):
    write_searches(tmp_path / "one.json", [stored()])
    found = collect_searches([tmp_path / "one.json", study(tmp_path / "run")])
    assert [search.strategy for search in found] == ["enas", "spos"]
    with pytest.raises(UserError, match=r"spos with seed 1 is given twice \(My-v0, tiny, 1000 steps\)"):
        collect_searches([tmp_path / "one.json", tmp_path / "one.json"])


def test_a_run_that_is_no_finished_study(tmp_path):
    with pytest.raises(UserError, match=r"has no study\.json"):
        search_of_run(tmp_path)
    run = study(tmp_path / "run", schema=2)
    with pytest.raises(UserError, match="result of schema 2, not 1"):
        search_of_run(run)
    study(run, search=[])
    with pytest.raises(UserError, match=r"damaged or of another version: search: "):
        search_of_run(run)
    study(run, search={})
    with pytest.raises(UserError, match=r"damaged or of another version: search\.fit_steps: "):
        search_of_run(run)
    study(run, ranking=[])
    with pytest.raises(UserError, match=r"the study .*ranking: "):
        search_of_run(run)
    (run / "result.json").unlink()
    with pytest.raises(UserError, match="is not done: rlnas resume"):
        search_of_run(run)


def found(**changes) -> SearchResult:
    return SearchResult(Path("run"), StudyResult(**result_json(**changes)))


NETWORKS = [
    network("k=1", scores=[3.0, 5.0]),
    network("k=2", scores=[9.0, None], drawn=True),
    network("cnn", scores=[1.0, 2.0], baseline=True, candidate=False),
]


def test_what_users_get_of_a_network():
    result = found(architectures=NETWORKS)
    best, failed, hand_made = result.networks
    assert result.best is best
    assert f"{best}: {best.mean('total_reward')}" == "k=1: 4.0"
    assert best.scores("total_reward") == [3.0, 5.0]
    assert best.deviation == pytest.approx(2**0.5)
    assert (failed.mean("total_reward"), failed.scores("total_reward")) == (None, [9.0])
    assert [one.roles for one in result.networks] == [("candidate",), ("candidate", "random"), ("baseline",)]
    assert result.default is hand_made
    assert result.lead.value == 2.5
    assert (result.lead.low, result.lead.high) == (None, None)  # the seeds that picked the best flatter it


def test_the_lead_is_that_of_the_confirmation_seeds():
    scores = {"k=1": [4.0, 3.0], "cnn": [1.0, 2.5]}
    entries = [network(name, (7003, 7004), own) for name, own in scores.items()]
    kept = [{key: entry[key] for key in ("name", *METRICS, "trials")} for entry in entries]
    result = found(architectures=NETWORKS, confirmation=kept)
    assert [(one.name, one.scores("total_reward")) for one in result.confirmation] == [*scores.items()]
    assert result.confirmation[1].baseline
    assert result.lead == mean_difference(*map(np.array, scores.values()))
    assert result.lead.low < result.lead.value == 1.75
    frame = result.frame()
    assert frame.filter(confirmation=True).select("network", "seed", "total_reward", "baseline").rows() == [
        ("k=1", 7003, 4.0, False),
        ("k=1", 7004, 3.0, False),
        ("cnn", 7003, 1.0, True),
        ("cnn", 7004, 2.5, True),
    ]
    assert frame.height == 10


def test_the_trials_of_a_network_have_the_curves_of_their_own_files(tmp_path):
    trial = {"architecture": "k=1", "space": "tiny", "seed": 7001, "parameters": 10, "multiply_adds": 20}
    file = tmp_path / "trials/k=1/seed-7001/result.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(trial | {"total_reward": 3.0, "curve_steps": [64, 128], "curve": [1.0, 3.0]}))
    result = SearchResult(tmp_path, StudyResult(**result_json(architectures=NETWORKS)))
    assert [trial.curve for trial in result.best.trials] == [[1.0, 3.0], []]
    assert result.data == result_json(architectures=NETWORKS)
    file.write_text("{}")
    with pytest.raises(UserError, match=r"seed-7001/result\.json' is damaged"):
        assert SearchResult(tmp_path, result.study).networks


def test_without_a_hand_made_network_there_is_no_lead():
    result = found()
    assert (result.default, result.lead) == (None, None)
    own = found(architectures=[network("k=1", baseline=True), network("k=2")])
    assert (own.default.name, own.lead) == ("k=1", None)


@pytest.mark.parametrize(("status", "word"), [("failed", "trainings of candidates failed"), ("done", "no best")])
def test_a_search_without_a_best_says_why(status: str, word: str) -> None:
    failed = network("k=1", scores=None)
    failed["trials"] = [trial | {"status": status} for trial in failed["trials"]]
    result = found(best=None, architectures=[failed])
    assert word in str(result.failure)
    with pytest.raises(RlnasError, match=word):  # which ends the command with 1
        print_study(result)
