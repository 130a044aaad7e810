"""The same strategies, with their trainings looked up in a table or run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

import rlnas
from rlnas.algorithms.ppo import PPOSettings
from rlnas.cli.main import main
from rlnas.defaults import MINATAR
from rlnas.envs import EnvSettings
from rlnas.errors import UserError
from rlnas.report import write_report
from rlnas.spaces import load_space
from rlnas.table.files import write_table

pytestmark = pytest.mark.usefixtures("inline")

SPACE = load_space("minatar-1")
NAMES = [architecture.id for architecture in SPACE]
GAME = "MinAtar/Breakout-v1"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Later architectures score more: the place in the space, and a little for the seed."""
    path = tmp_path_factory.mktemp("table") / "made.parquet"
    rows = [
        {
            "architecture": name,
            "seed": seed,
            "status": "done",
            "reason": "",
            "steps": 100,
            "episodes": 9,
            "budgets": [50, 100],
            "total_reward": [0.0, place + seed / 10],
            "reward_mean": [0.0, 1.0],
            "parameters": 1,
            "multiply_adds": 2,
            "measured_inference_ms": None,
            "measured_training_ms": None,
            "measured_wall_seconds": None,
        }
        for place, name in enumerate([*NAMES, "minatar-cnn"])
        for seed in (1, 2)
    ]
    settings = {"env": GAME, "space": SPACE.to_dict(), "steps": 100, "seeds": [1, 2]}
    settings["env_settings"] = EnvSettings(**MINATAR.env).model_dump(mode="json")
    settings["ppo"] = PPOSettings(**MINATAR.ppo).model_dump(mode="json")
    write_table(path, rows, settings)
    # A table that says nothing of how its agents were trained goes with any study.
    write_table(path.with_name("silent.parquet"), rows, {key: settings[key] for key in ("env", "space", "seeds")})
    write_table(path.with_name("torn.parquet"), rows[:-4], settings)
    write_table(path.with_name("half-made.parquet"), rows[:-1], settings)
    return str(path)


def test_random_search_looks_its_trainings_up(table: str, tmp_path: Path) -> None:
    result = rlnas.search(GAME, "minatar-1", "random", 1, table=table, out=tmp_path / "run", seed=3, device="cpu")
    places = [NAMES.index(name) for name, _ in result.ranking]
    assert len(places) == 3
    assert result.best.name == NAMES[max(places)]
    assert dict(result.ranking)[result.best.name] == pytest.approx(max(places) + 0.15)
    trials = {network.name: network.scores("total_reward") for network in result.networks}
    assert trials == {**{NAMES[p]: [p + 0.1, p + 0.2] for p in places}, "minatar-cnn": [25.1, 25.2]}
    assert result.frame().select("network", "seed", "total_reward").rows() == [
        (name, seed, score) for name, own in trials.items() for seed, score in zip((1, 2), own, strict=True)
    ]
    assert result.failure is None
    assert result.data["search"]["fit_steps"] == 0
    assert not (tmp_path / "run/trials").exists()
    assert f"--table {table}" in (tmp_path / "run/report.html").read_text()
    again = rlnas.search(GAME, "minatar-1", "random", 1, table=table, out=tmp_path / "run", seed=3, device="cpu")
    assert again.data == result.data


def test_a_report_says_that_its_table_is_gone_or_another(table: str, tmp_path: Path) -> None:
    own = tmp_path / "own.parquet"
    shutil.copy(table, own)
    rlnas.search(GAME, "minatar-1", "random", 1, table=own, out=tmp_path / "run", seed=3, device="cpu")
    lacks = "the average of all architectures are missing"
    assert lacks not in (tmp_path / "run/report.html").read_text()
    shutil.copy(Path(table).with_name("silent.parquet"), own)
    assert lacks in write_report(tmp_path / "run").read_text()
    own.unlink()
    assert lacks in write_report(tmp_path / "run").read_text()


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"env": "MinAtar/Asterix-v1"}, "is of 'MinAtar/Breakout-v1', not of 'MinAtar/Asterix-v1'"),
        ({"space": "minatar-2"}, "is of another space than 'minatar-2': 'minatar-1'"),
        ({"train_steps": 70}, "has no budget 70: 50, 100"),
        ({"baselines": ["k1=1,k2=1", "k1=9,k2=1"]}, "unknown option for choice 'k1'"),
        ({"table": "minatar-none"}, "unknown table 'minatar-none'"),
        ({"ppo_options": {"clip": 0.3}}, "built with other settings: ppo.clip is 0.2 there, not 0.3"),
        ({"precision": "bf16"}, "built in fp32, not in bf16"),
        ({"env_options": {"num_envs": 2}}, "built with other settings: env_settings.num_envs is 32 there, not 2"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict, fault: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    arguments = {"env": GAME, "space": "minatar-1", "strategy": "random", "steps": 1, "table": table, **changes}
    with pytest.raises(UserError, match=fault):
        rlnas.search(**arguments, out=tmp_path / "run", device="cpu")
    assert not (tmp_path / "run").exists()


def test_a_study_refuses_another_table_than_it_began_with(table: str, tmp_path: Path) -> None:
    rlnas.search(GAME, "minatar-1", "random", 1, table=table, out=tmp_path / "run", device="cpu")
    (tmp_path / "run/result.json").unlink()
    settings = json.loads((tmp_path / "run/study.json").read_text())
    settings["table"]["checksum"] = "0" * 64
    (tmp_path / "run/study.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match="is not the one that this study began with"):
        rlnas.resume(tmp_path / "run")


def silent(table: str) -> str:
    return table.replace("made", "silent")


def test_an_incomplete_table_is_refused_before_the_search(table: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is not complete .it lacks k1=5,k2=5"):
        rlnas.search(GAME, "minatar-1", "random", 1, table=table.replace("made", "torn"), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_hand_made_network_that_lacks_a_seed_is_left_out_or_refused(table: str, tmp_path: Path) -> None:
    half = table.replace("made.parquet", "half-made.parquet")
    result = rlnas.search(GAME, "minatar-1", "random", 1, table=half, out=tmp_path / "run", device="cpu")
    assert all(network.candidate for network in result.networks)
    with pytest.raises(UserError, match="lacks runs of baseline 'minatar-cnn'"):
        rlnas.search(
            GAME,
            "minatar-1",
            "random",
            1,
            table=half,
            baselines=["minatar-cnn"],
            out=tmp_path / "no",
            device="cpu",
        )
    assert not (tmp_path / "no").exists()


def test_a_study_on_a_table_has_no_agent_to_evaluate(table: str, tmp_path: Path) -> None:
    rlnas.search(GAME, "minatar-1", "random", 1, table=table, out=tmp_path / "run", device="cpu")
    with pytest.raises(UserError, match="looked its trainings up in a table: it has no trained agent"):
        rlnas.evaluate(tmp_path / "run")


SMALL = {
    "device": "cpu",
    "checkpoint_steps": 512,
    "env_options": {"num_envs": 8},
    "ppo_options": {"rollout_steps": 16, "epochs": 1},
}


@pytest.mark.parametrize(
    ("strategy", "options", "ranked"),
    [
        ("enas", {"child_iterations": 2}, 25),
        ("random-shared", {"subset": 4, "eval_episodes": 2}, 4),
        ("spos", {"eval_episodes": 1, "eval_batch": 25}, 25),
    ],
)
def test_one_shot_strategies_fit_live_and_look_up(
    table: str, tmp_path: Path, strategy: str, options: dict, ranked: int
) -> None:
    result = rlnas.search(
        GAME, "minatar-1", strategy, 2048, table=silent(table), out=tmp_path / "run", strategy_options=options, **SMALL
    )
    assert len(result.ranking) == ranked
    assert result.data["search"]["fit_steps"] == 2048
    assert result.best.name == NAMES[max(NAMES.index(name) for name, _ in result.ranking[:3])]


def test_enas_goes_on_from_a_checkpoint_with_the_same_bytes(table: str, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop_at(steps: int):
        def watch(progress):
            if progress.done >= steps:
                raise Stop

        return watch

    arguments = {"table": silent(table), "strategy_options": {"child_iterations": 2, "children_per_update": 3}, **SMALL}
    whole = rlnas.search(GAME, "minatar-1", "enas", 4096, out=tmp_path / "whole", **arguments)
    for steps in (1100, 2900):
        with pytest.raises(Stop):
            rlnas.search(GAME, "minatar-1", "enas", 4096, out=tmp_path / "torn", watch=stop_at(steps), **arguments)
    torn = rlnas.search(GAME, "minatar-1", "enas", 4096, out=tmp_path / "torn", **arguments)
    assert torn.data == whole.data
    for name in ("result.json", "search/ranking.json", "search/paths.jsonl", "search/episodes.parquet"):
        assert (tmp_path / "torn" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_random_search_trains_live_and_each_training_once(tmp_path: Path) -> None:
    arguments = {"train_steps": 256, "strategy_options": {"samples": 2}, "top_k": 2, "baselines": [], **SMALL}
    result = rlnas.search(GAME, "minatar-1", "random", 1, out=tmp_path / "run", **arguments)
    assert len(result.ranking) == 2
    assert {network.name: network.mean("total_reward") for network in result.networks} == dict(result.ranking)
    assert len(list((tmp_path / "run/trials").glob("*/*/result.json"))) == 2


def test_random_search_without_a_finished_game_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["search", "--env", GAME, "--space", "minatar-1", "--strategy", "random", "--steps", "1", "--baselines"]
    command += [
        "--train-steps",
        "8",
        "--strategy-options",
        "samples=1",
        "--env-options",
        "num_envs=2",
        "--device",
        "cpu",
    ]
    with pytest.raises(SystemExit) as stop:
        main([*command, "--ppo-options", "rollout_steps=2", "--out", str(tmp_path / "run")])
    assert stop.value.code == 1
    assert "the search ranked no architecture: its trainings failed or finished no game" in capsys.readouterr().err
