"""The result of a study, as a search that a table can judge."""

import json
from pathlib import Path

import pytest

from rlnas.errors import UserError
from rlnas.study.results import collect_searches, search_of_run
from rlnas.table import StoredSearch, write_searches


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


def network(name: str, seeds=(7001, 7002)) -> dict:
    score = {"status": "done", "reason": "", "steps": 512, "episodes": 3, "total_reward": 1.5, "reward_mean": 1.0}
    kind = {"name": name, "architecture": {"k": 1}, "space": "tiny", "baseline": False, "candidate": True}
    costs = {"proxy": None, "parameters": 10, "multiply_adds": 20, "total_reward": 1.5, "reward_mean": 1.0}
    return {**kind, **costs, "trials": [{"seed": seed, **score} for seed in seeds]}


def study(path: Path, **changes) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    result = {
        "schema": 1,
        "env": "My-v0",
        "space": "tiny",
        "strategy": "enas",
        "seed": 7,
        "steps": 1000,
        "train_steps": 500,
        "best": "k=1",
        "architectures": [network("k=1"), network("k=2")],
        "ranking": [{"architecture": "k=1", "proxy": 0.5}, {"architecture": "k=2", "proxy": 0.25}],
        "search": {"fit_steps": 1024, "evaluated_architectures": 0, "evaluation_steps": 30},
        **changes,
    }
    (path / "study.json").write_text(
        json.dumps({"strategy_options": {"entropy": 0.1}, "env_settings": {"num_envs": 4}, "ppo": {"clip": 0.3}})
    )
    (path / "result.json").write_text(json.dumps(result))
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
