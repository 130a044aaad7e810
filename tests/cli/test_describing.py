import re
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from rlnas.cli.main import main
from rlnas.spaces import load_space


def described(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    main(["describe", *arguments])
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("env", "parts"),
    [
        (
            "CartPole-v1",
            [
                "take observations as they are.",
                "(4,) float32, 2 actions",
                "Space: mlp",
                "mlp-64-64",
                "RL Baselines3 Zoo",
                "gamma=0.98",
            ],
        ),
        (
            "MinAtar/Freeway-v1",
            ["(7, 10, 10) bool, 3 actions", "Space: minatar-1", "minatar-cnn", "sticky_actions=0.1"],
        ),
        (
            "ALE/Pong-v5",
            [
                "divided by 255.",
                "(4, 84, 84) uint8, 6 actions",
                "Space: paper-1",
                "nature-cnn",
                "table 4",
                ": nothing.",
            ],
        ),
        ("Acrobot-v1", ["(6,) float32", "RL Baselines3 Zoo", "normalize_observations=True"]),
        ("Pendulum-v1", ["(3,) float32, 1 real number as", "gamma=0.9", "value_encoder=own"]),
        ("HalfCheetah-v5", ["(17,) float64, 6 real numbers", "CleanRL's ppo_continuous_action.py"]),
    ],
)
def test_what_an_environment_gets(env: str, parts: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    text = described(capsys, "--env", env)
    assert [part for part in parts if part not in text] == []


def test_axes_bounds_and_ranges_are_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(0, 3, (8, 8, 12), np.uint8)
        action_space = gymnasium.spaces.Box(-2000, 2000, (1,))

    spec = gymnasium.envs.registration.EnvSpec("RlnasTest/Odd-v0", entry_point=Odd)
    monkeypatch.setitem(gymnasium.registry, "RlnasTest/Odd-v0", spec)
    text = described(capsys, "--env", "RlnasTest/Odd-v0")
    assert "observations (12, 8, 8) uint8" in text
    assert "the last axis of (8, 8, 12) is taken for the channels" in text
    assert "scaled from 0..3 to [0, 1]" in text
    assert "acts in [-1, 1]" in text
    assert "scale_actions=True" in text


def test_the_layers_of_a_space_inside_others(capsys: pytest.CaptureFixture[str]) -> None:
    text = described(capsys, "mlp")
    assert "54 architectures, input (4,)" in text
    assert "depth in {1, 2, 3}" in text
    assert "depth=3,width=256,norm=layer,act=silu" in text


def test_something_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["describe"])
    assert stop.value.code == 2
    assert "needs a name, or --env" in capsys.readouterr().err


def test_latency_is_measured_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    text = described(capsys, "mlp-64-64", "--latency")
    assert re.search(r"latency \(ms\) fixed 4,480 4,352 0\.\d{3} ", text)
    assert "on one thread of this machine" in text


@pytest.mark.parametrize(
    ("arguments", "part"),
    [(["paper-large"], "at most 1,000"), (["enas"], "goes with a space"), (["--env", "CartPole-v1"], "with a space")],
)
def test_latency_of_what_cannot_be_measured(
    arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["describe", *arguments, "--latency"])
    assert stop.value.code == 2
    assert part in capsys.readouterr().err


def test_alternatives_stand_below_their_switch(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_layers_to_describe.py").write_text("from torch import nn\ndef own(shape, n): return nn.Tanh()\n")
    (tmp_path / "s.toml").write_text("""
name = "s"
input = [4]
[[layers]]
type = "switch"
choice = "op"
options = [
  {name = "a", layers = [{type = "residual", layers = [{type = "linear", features = 4}]}]},
  {name = "b"},
]
[[layers]]
type = "module"
factory = "own_layers_to_describe:own"
arguments = {n = {choice = "n", options = [1, 2]}}
""")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", sys.path.copy())
    with pytest.raises(SystemExit):
        main(["describe", "s.toml"])
    assert "--import own_layers_to_describe" in capsys.readouterr().err
    text = described(capsys, "s.toml", "--import", "own_layers_to_describe")
    assert "switch op in {a, b} 4 a: residual linear features 4 b: nothing module" in text
    assert "n in {1, 2}" in text


def test_a_space_as_toml_is_the_same_space(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["describe", "impala-modern", "--toml"])
    file = tmp_path / "mine.toml"
    file.write_text(capsys.readouterr().out)
    assert load_space(str(file)) == load_space("impala-modern")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["spos", "--toml"], "--toml goes with a space"),
        (["paper-1", "--toml", "--latency"], "not both at once"),
        (["paper-1", "--env", "CartPole-v1"], "describe 'paper-1' or --env CartPole-v1, not both at once"),
    ],
)
def test_what_does_not_go_together(arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["describe", *arguments])
    assert stop.value.code == 2
    assert part in " ".join(capsys.readouterr().err.split())


def test_environments_whose_package_is_missing_are_counted_and_not_listed(capsys, monkeypatch):
    for name, entry in (("Here", "json:Env"), ("Away", "no_such_package.envs:Env")):
        gymnasium.register(f"RlnasListed/{name}-v0", entry)
    try:
        main(["list", "envs"])
    finally:
        for name in ("Here", "Away"):
            del gymnasium.registry[f"RlnasListed/{name}-v0"]
    listed = capsys.readouterr().out.splitlines()
    assert {"CartPole-v1", "RlnasListed/Here-v0"} <= {*listed}
    assert not {"RlnasListed/Away-v0", "Ant-v3", "GymV21Environment-v0"} & {*listed}
    assert listed[-1].startswith("Not listed, since packages are missing:")
    assert "no_such_package (1)" in listed[-1]
    assert "no_such_package" not in sys.modules
