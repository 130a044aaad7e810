"""Searches within limits of cost: live, on a table, torn and resumed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import rlnas
from rlnas.errors import UserError
from rlnas.spaces import Architecture, Choice, Limits, Linear, Space, load_space
from rlnas.study import StudySettings, latency
from rlnas.study.results import search_of_run
from rlnas.table.files import write_table
from rlnas.trials.run_directory import fingerprint

pytestmark = pytest.mark.usefixtures("inline")

SPACE = Space("tiny", (4,), [Linear(Choice("width", (2, 4, 8, 16))), Linear(Choice("out", (2, 3)))])
TINY: dict[str, Any] = {
    "strategy": "spos",
    "steps": 64,
    "train_steps": 64,
    "top_k": 1,
    "baselines": ["width=16,out=3"],
    "device": "cpu",
    "threads": 1,
    "checkpoint_steps": 32,
    "strategy_options": {"eval_episodes": 1},
    "env_options": {"num_envs": 2},
    "ppo_options": {"rollout_steps": 8, "epochs": 1},
}


def made_up(space: Space, architecture: Architecture) -> float:
    return int(architecture["width"]) / 10


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Latencies made up, and the architectures that were measured."""
    found: list[str] = []

    def measure(space: Space, architecture: Architecture, own_value_encoder: bool) -> float:
        assert own_value_encoder  # as CartPole has by default
        found.append(architecture.id)
        return made_up(space, architecture)

    monkeypatch.setattr(latency, "measure_inference", measure)
    monkeypatch.setattr(latency, "ROUNDS", 1)
    return found


def search(out: Path, **changes: Any) -> rlnas.SearchResult:
    return rlnas.search("CartPole-v1", SPACE, out=out, **{**TINY, **changes})


def test_a_study_keeps_to_its_limits_and_trains_the_hand_made_network_whatever_it_costs(tmp_path: Path) -> None:
    result = search(tmp_path / "run", max_params="75")
    costs = {a.id: SPACE.cost(a).parameters for a in SPACE}
    within = {name for name, cost in costs.items() if cost <= 75}
    assert 0 < len(within) < len(costs)
    assert {name for name, _ in result.ranking} == within
    fitted = [json.loads(line)["path"] for line in (tmp_path / "run/search/paths.jsonl").read_text().splitlines()]
    assert set(fitted) <= within
    assert result.best.name in within
    assert [network.name for network in result.networks] == [result.best.name, "width=16,out=3"]
    assert result.data["limits"] == {"max_params": 75}
    assert not (tmp_path / "run/search/latency.json").exists()
    assert "--max-params 75" in (tmp_path / "run/report.html").read_text()
    assert search_of_run(tmp_path / "run").options["max_params"] == 75
    assert rlnas.resume(tmp_path / "run").data == result.data
    with pytest.raises(UserError, match="belongs to another command: max_params is 75 there, not 80"):
        search(tmp_path / "run", max_params=80)
    with pytest.raises(UserError, match="belongs to another command: max_params is 75 there, not None"):
        search(tmp_path / "run")


class Stop(Exception):
    pass


def stop_at(task: str) -> Any:
    def watch(progress: Any) -> None:
        if progress.task == task and progress.done >= 2:
            raise Stop

    return watch


def test_latencies_are_measured_once_and_a_resumed_search_meets_the_same(tmp_path: Path, measured: list[str]) -> None:
    limits = {"max_latency": 0.45, "max_params": 90, "baselines": []}
    whole = search(tmp_path / "whole", **limits)
    expected = [a.id for a in SPACE if SPACE.cost(a).parameters <= 90]
    assert measured == expected
    kept = json.loads((tmp_path / "whole/search/latency.json").read_text())
    assert kept["source"] == "this machine"
    assert kept["architectures"] == {name: made_up(SPACE, SPACE.architecture(name)) for name in expected}
    assert {SPACE.architecture(name)["width"] for name, _ in whole.ranking} == {2, 4}
    assert whole.data["limits"] == {"max_params": 90, "max_latency": 0.45}
    for task in ("fit", "select"):
        with pytest.raises(Stop):
            search(tmp_path / "torn", watch=stop_at(task), **limits)
    assert measured == expected * 2
    torn = search(tmp_path / "torn", **limits)
    assert measured == expected * 2
    for name in ("result.json", "search/ranking.json", "search/paths.jsonl", "search/latency.json"):
        assert (tmp_path / "torn" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert torn.data == whole.data


def test_a_search_goes_by_the_latencies_in_its_directory(tmp_path: Path, measured: list[str]) -> None:
    file = tmp_path / "run/search/latency.json"
    with pytest.raises(Stop):
        search(tmp_path / "run", watch=stop_at("select"), max_latency=0.45, baselines=[])
    kept = file.read_text()
    file.unlink()
    with pytest.raises(UserError, match=r"latency.json' is gone"):
        rlnas.resume(tmp_path / "run")
    for damage in ("[]", '{"architectures": {}}', '{"architectures": {"width=2,out=2": "slow"}}'):
        file.write_text(damage)
        with pytest.raises(UserError, match=r"latency.json"):
            rlnas.resume(tmp_path / "run")
    file.write_text(kept.replace("0.4", "0.46"))
    (tmp_path / "run/search/checkpoint.safetensors").unlink()
    result = rlnas.resume(tmp_path / "run")
    assert {name for name, _ in result.ranking} == {"width=2,out=2", "width=2,out=3"}


def test_a_latency_that_nothing_meets_is_refused_before_anything_is_written(
    tmp_path: Path, measured: list[str]
) -> None:
    with pytest.raises(UserError, match=r"0.2 ms of latency \(width=2,out=2\), where at most 0.1 ms is allowed"):
        search(tmp_path / "run", max_latency=0.1)
    assert len(measured) == 8
    assert list(tmp_path.iterdir()) == []


def test_a_real_measurement_is_of_this_network() -> None:
    space = load_space("mlp")
    ids = ("depth=1,width=32,norm=none,act=relu", "depth=3,width=256,norm=layer,act=silu")
    small, large = map(space.architecture, ids)
    found = latency.find_latencies(SPACE, Limits(max_params=75), None)
    assert list(found) == [a.id for a in SPACE if SPACE.cost(a).parameters <= 75]
    assert all(0 < value < 100 for value in found.values())
    found = latency.measure_all([(space, small), (space, large)], latency.measure_inference)
    assert min(*found, latency.measure_training(space, large, 256)) > 0


def test_of_several_rounds_the_least_counts() -> None:
    found, told = iter([0.5, 0.25, 0.125, 0.75, 1.0, 0.5]), []
    space = load_space("minatar-1")
    one, other = list(space)[:2]
    assert latency.measure_all([(space, one), (space, other)], lambda *network: next(found), told.append) == [
        0.125,
        0.25,
    ]
    assert [(progress.done, progress.total) for progress in told] == [(done, 6) for done in range(1, 7)]
    assert [progress.finished for progress in told] == [False] * 5 + [True]


def test_settings_without_limits_are_those_of_runs_from_before_there_were_any() -> None:
    old = StudySettings(env="CartPole-v1", space=SPACE.to_dict(), steps=1, train_steps=1)
    plain = old.model_dump(mode="json")
    assert not any(name.startswith("max_") for name in plain)
    assert StudySettings(**plain) == old
    limited = old.model_copy(update={"max_params": 7})
    assert limited.model_dump(mode="json") == {**plain, "max_params": 7}
    assert StudySettings(**limited.model_dump(mode="json")) == limited
    assert fingerprint(limited.model_dump(mode="json")) != fingerprint(plain)


GAME = "MinAtar/Breakout-v1"
KERNELS = load_space("minatar-1")


def write(path: Path, inference: Any) -> str:
    rows = [
        {
            "architecture": a.id,
            "seed": 1,
            "status": "done",
            "reason": "",
            "steps": 100,
            "episodes": 9,
            "budgets": [100],
            "total_reward": [float(place)],
            "reward_mean": [1.0],
            "parameters": 1,
            "multiply_adds": 2,
            "measured_inference_ms": inference(a),
            "measured_training_ms": None,
            "measured_wall_seconds": None,
        }
        for place, a in enumerate(KERNELS)
    ]
    write_table(path, rows, {"env": GAME, "space": KERNELS.to_dict(), "steps": 100, "seeds": [1]})
    return str(path)


def test_on_a_table_its_own_latencies_count(tmp_path: Path, measured: list[str]) -> None:
    arguments = {"strategy": "random", "steps": 1, "device": "cpu", "strategy_options": {"samples": 25}}
    table = write(tmp_path / "made.parquet", lambda a: a["k1"] / 10 + a["k2"] / 1000)
    result = rlnas.search(GAME, "minatar-1", table=table, out=tmp_path / "run", max_latency=0.2045, **arguments)
    assert {name for name, _ in result.ranking} == {
        a.id for a in KERNELS if a["k1"] == 1 or (a["k1"], a["k2"] < 5) == (2, True)
    }
    assert measured == []
    kept = json.loads((tmp_path / "run/search/latency.json").read_text())
    assert kept["source"] == f"table {table}"
    assert kept["architectures"]["k1=3,k2=4"] == pytest.approx(0.304)
    with pytest.raises(UserError, match=r"0.101 ms of latency \(k1=1,k2=1\), where at most 0.1 ms is allowed"):
        rlnas.search(GAME, "minatar-1", table=table, out=tmp_path / "none", max_latency=0.1, **arguments)
    blind = write(tmp_path / "blind.parquet", lambda a: None)
    with pytest.raises(UserError, match="'blind' holds no latency of architecture 'k1=1,k2=1'"):
        rlnas.search(GAME, "minatar-1", table=blind, out=tmp_path / "none", max_latency=0.2, **arguments)
    assert not (tmp_path / "none").exists()
