"""Which agent of a run is exported, where to, and what is refused."""

import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch

import rlnas
from rlnas.cli.main import main
from rlnas.errors import UserError
from rlnas.export import export
from rlnas.export.agent import ParityError, find_spaces, load_agent, trained_trial
from rlnas.files import write_json
from rlnas.spaces import Flatten, Linear, Space

from .helpers import make_trial

SPACE = Space("small", (4, 10, 10), [Flatten(), Linear(6)])
GAME = "MinAtar/Breakout-v1"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    make_trial(tmp_path / "run", SPACE, "fixed", GAME)
    return tmp_path / "run"


def make_study(path: Path, best: str | None = "b", table: object = None) -> Path:
    score = {"status": "done", "reason": "", "steps": 64, "episodes": 1, "total_reward": 1.0, "reward_mean": 1.0}
    entry = {"architecture": {}, "space": "small", "baseline": False, "candidate": True, "proxy": None}
    entry |= {"parameters": 1, "multiply_adds": 1, "total_reward": 1.0, "reward_mean": 1.0}
    entry |= {"trials": [{"seed": seed, **score} for seed in (1001, 1002)]}
    whole = {"schema": 1, "env": GAME, "space": "small", "strategy": "spos", "seed": 1, "steps": 64, "train_steps": 64}
    whole |= {"ranking": [], "search": {"fit_steps": 64, "evaluated_architectures": 0, "evaluation_steps": 0}}
    write_json(path / "study.json", {"table": table})
    write_json(
        path / "result.json", whole | {"best": best, "architectures": [{"name": n, **entry} for n in ("a", "b")]}
    )
    for name in ("a", "b"):
        for seed in (1001, 1002):
            make_trial(path / "trials" / name / f"seed-{seed}", SPACE, "fixed", GAME, seed=seed)
    return path


def test_of_a_search_the_best_architecture_is_exported(tmp_path: Path) -> None:
    study = make_study(tmp_path / "study")
    assert trained_trial(study) == study / "trials/b/seed-1001"
    assert load_agent(study).settings.seed == 1001


def test_an_environment_that_exits_when_it_is_made_is_refused() -> None:
    def quitting() -> None:
        raise SystemExit(3)

    gymnasium.register("RlnasQuits-v0", quitting)
    try:
        with pytest.raises(UserError, match="'RlnasQuits-v0' cannot be made: SystemExit: 3"):
            find_spaces("RlnasQuits-v0", (4,), 2)
    finally:
        del gymnasium.registry["RlnasQuits-v0"]


def test_exports_lie_in_the_run_unless_another_place_is_named(run: Path, tmp_path: Path) -> None:
    assert export(run, "torch") == run / "export/torch"
    assert export(run, "sb3") == run / "export/ppo.zip"
    assert export(str(run), "torch", str(tmp_path / "deep/er")) == tmp_path / "deep/er"
    assert {entry.name for entry in (tmp_path / "deep/er").iterdir()} == {
        "network.py",
        "state_dict.pt",
        "architecture.json",
    }
    export(run, "torch")  # again, over the old files


def test_command_line(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["export", str(run), "--to", "torch", "--out", str(tmp_path / "mine")])
    assert f"Exported: {tmp_path / 'mine'}" in capsys.readouterr().out
    assert (tmp_path / "mine/network.py").exists()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_network_that_was_trained_for_real(precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    small = {"env_options": {"num_envs": 2}, "ppo_options": {"rollout_steps": 16, "epochs": 1, "minibatches": 2}}
    rlnas.train(GAME, "minatar-1", "k1=1,k2=3", 64, out=tmp_path / "run", precision=precision, **small)
    agent = load_agent(tmp_path / "run")
    assert agent.description["training"]["steps"] == 64
    assert agent.description["training"]["precision"] == precision
    for other in ("onnx", "sb3"):  # each compares itself with the network
        export(tmp_path / "run", other)
    sys.path.insert(0, str(export(tmp_path / "run", "torch")))
    try:
        import network
    finally:
        sys.path.pop(0)
        sys.modules.pop("network", None)
    observation = torch.from_numpy(agent.draw_observations(3))
    for one, other in zip(network.load()(observation), agent.network(observation), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


def test_nothing_is_written_when_the_export_differs(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlnas.export.agent.TOLERANCE", -1.0)
    with pytest.raises(ParityError, match="differs from the network"):
        export(run, "torch")
    assert not (run / "export").exists()


def test_bad_arguments(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "x.onnx").mkdir()
    for to, out, part in [
        ("onxx", None, "Did you mean 'onnx'"),
        ("onnx", tmp_path / "network.pt", "ends in .onnx"),
        ("onnx", tmp_path / "x.onnx", "ends in .onnx"),
        ("sb3", tmp_path / "agent", "ends in .zip"),
        ("torch", tmp_path / "file", "is a file"),
    ]:
        with pytest.raises(UserError, match=part):
            export(run, to, out)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(("to", "package"), [("onnx", "onnxruntime"), ("onnx", "onnx"), ("sb3", "stable_baselines3")])
def test_missing_package(to: str, package: str, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=rf"needs {package}, of the extra 'export': pip install .* -e '\.\[export\]'"):
        export(run, to)


def test_runs_without_a_trained_agent(tmp_path: Path) -> None:
    to = "torch"
    with pytest.raises(UserError, match="there is no search and no training"):
        export(tmp_path / "missing", to)
    unfinished = make_study(tmp_path / "unfinished")
    (unfinished / "result.json").unlink()
    for study, part in [
        (unfinished, "is not done"),
        (make_study(tmp_path / "nothing", best=None), "no candidate has a score with every seed"),
        (make_study(tmp_path / "table", table={"source": "x"}), "looked its trainings up in a table"),
    ]:
        with pytest.raises(UserError, match=part):
            export(study, to)
    begun = tmp_path / "begun"
    make_trial(begun, SPACE, "fixed", GAME)
    (begun / "checkpoint.safetensors").unlink()
    with pytest.raises(UserError, match="no checkpoint yet"):
        export(begun, to)


def test_a_run_that_imports_modules_runs_no_code_unless_they_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "strange_module.py").write_text("raise SystemExit('executed')")
    monkeypatch.syspath_prepend(tmp_path)
    make_trial(tmp_path / "run", SPACE, "fixed", GAME, imports=("strange_module",))
    with pytest.raises(UserError, match="--import strange_module"):
        export(tmp_path / "run", "torch")
    (tmp_path / "strange_module.py").write_text("")
    export(tmp_path / "run", "torch", imports=("strange_module",))
    export(tmp_path / "run", "torch")  # it has been imported by now


def test_the_id_of_an_environment_runs_no_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "another_module.py").write_text("raise SystemExit('executed')")
    monkeypatch.syspath_prepend(tmp_path)
    make_trial(tmp_path / "run", Space("vector", (4,), [Linear(3)]), "fixed", "another_module:CartPole-v1")
    with pytest.raises(UserError, match="unknown environment 'another_module:CartPole-v1'"):
        export(tmp_path / "run", "torch")
    with pytest.raises(UserError, match="unknown environment"):
        rlnas.evaluate(tmp_path / "run", 1)


def test_environments_that_are_not_there_or_differ(tmp_path: Path) -> None:
    vector = Space("vector", (5,), [Linear(3)])
    for env, part in [("CartPol-v1", "Did you mean 'CartPole-v1'"), ("CartPole-v1", r"takes the shape \(5,\)")]:
        make_trial(tmp_path / env, vector, "fixed", env)
        with pytest.raises(UserError, match=part):
            export(tmp_path / env, "torch")


def test_observations_have_the_type_of_the_environment(tmp_path: Path) -> None:
    for env, space, dtype in [
        (GAME, SPACE, np.bool_),
        ("ALE/Pong-v5", Space("pixels", (4, 10, 10), [Flatten(), Linear(6)]), np.uint8),
        ("CartPole-v1", Space("vector", (4,), [Linear(3)]), np.float32),
    ]:
        make_trial(tmp_path / "run" / env, space, "fixed", env, 2)
        agent = load_agent(tmp_path / "run" / env)
        drawn = agent.draw_observations(3)
        assert agent.dtype == drawn.dtype == dtype
        assert drawn.shape == (3, *space.input_shape)
        assert len(np.unique(drawn)) >= 2
