"""The user's own modules: imported without the program's arguments, and never at a stranger's word."""

import json
import sys

import gymnasium
import pytest

import rlnas
from rlnas.cli.main import main
from rlnas.errors import UserError
from rlnas.experiments.resolving import named_module
from rlnas.user_imports import import_trusted

CORRIDOR = """
import gymnasium, sys
from gymnasium.envs.classic_control import CartPoleEnv
ARGUMENTS = list(sys.argv)
class Corridor(CartPoleEnv):
    pass
gymnasium.register("{name}-v0", Corridor, max_episode_steps=20)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module where Python finds it; forgets it afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    written = []

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)
        gymnasium.registry.pop(f"{name}-v0", None)


def test_the_arguments_of_the_program_are_hidden_from_a_module(module, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["rlnas", "search", "--env", "X"])
    found = import_trusted(module("rlnas_trust_argv", CORRIDOR.format(name="rlnas_trust_argv")))
    assert found.ARGUMENTS == ["rlnas_trust_argv"]
    assert sys.argv == ["rlnas", "search", "--env", "X"]


@pytest.mark.parametrize("text", ["import sys; sys.exit('bye')", "raise SystemExit(2)", "exit()"])
def test_a_module_that_ends_the_program_is_named(text, module, monkeypatch):
    before = sys.argv
    name = module("rlnas_trust_exit", text)
    with pytest.raises(UserError, match=r"'rlnas_trust_exit' ended the program when it was imported \(SystemExit"):
        import_trusted(name)
    assert sys.argv is before


def test_required_arguments_do_not_look_like_those_of_rlnas(module, capsys):
    text = "import argparse; p = argparse.ArgumentParser(); p.add_argument('--t', required=True); p.parse_args()"
    with pytest.raises(SystemExit) as stop:
        main(["describe", "--env", "X-v0", "--import", module("rlnas_trust_parser", text)])
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert "usage: rlnas_trust_parser" in told
    assert "rlnas: the module 'rlnas_trust_parser' ended the program" in told.splitlines()[-1]


def test_the_process_that_is_asked_names_the_module(module, tmp_path):
    name = module("rlnas_trust_once", CORRIDOR.format(name="rlnas_trust_once"))
    import_trusted(name)
    (tmp_path / f"{name}.py").write_text("raise SystemExit(3)")
    with pytest.raises(UserError, match="rlnas_trust_once raised SystemExit: 3"):
        rlnas.search(f"{name}-v0", "mlp", steps=64, imports=name, out=tmp_path / "run", device="cpu")


def test_an_id_that_names_its_module_is_one_that_the_user_names(module, tmp_path, capsys):
    name = module("rlnas_trust_named", CORRIDOR.format(name="rlnas_trust_named"))
    main(["describe", "--env", f"{name}:{name}-v0"])
    assert f"{name}-v0: observations (4,)" in capsys.readouterr().out
    small = {"rollout_steps": 16, "epochs": 1, "minibatches": 1}
    run = rlnas.train(f"{name}:{name}-v0", "mlp-64-64", steps=64, out=tmp_path / "run", ppo_options=small, device="cpu")
    settings = json.loads((run.path / "trial.json").read_text())
    assert (settings["env"], settings["imports"]) == (f"{name}-v0", [name])
    with pytest.raises(UserError, match=f"--import {name}"):
        rlnas.evaluate(run.path)
    assert len(rlnas.evaluate(run.path, 2, imports=name, device="cpu").scores) == 2


@pytest.mark.parametrize("given", ["x:", ":X-v0", ":", "CartPole-v1"])
def test_other_ids_name_no_module(given):
    assert named_module(given, ["own"]) == (given, ("own",))


def test_a_strangers_run_that_names_a_module_in_its_id_runs_nothing(module, tmp_path):
    marker = tmp_path / "ran"
    name = module("rlnas_trust_strange", f"open({str(marker)!r}, 'w')")
    small = {"rollout_steps": 16, "epochs": 1, "minibatches": 1}
    run = rlnas.train("CartPole-v1", "mlp-64-64", steps=64, out=tmp_path / "run", ppo_options=small, device="cpu")
    settings = json.loads((run.path / "trial.json").read_text())
    (run.path / "trial.json").write_text(json.dumps(settings | {"env": f"{name}:CartPole-v1"}))
    with pytest.raises(UserError):
        rlnas.evaluate(run.path)
    (run.path / "result.json").unlink()
    (run.path / "checkpoint.safetensors").unlink()
    with pytest.raises(UserError, match="unknown environment"):
        rlnas.resume(run.path)
    assert not marker.exists()
