"""Bad input gets one clear sentence and exit code 2; nothing is written."""

from __future__ import annotations

import fcntl
import json
import shutil
from pathlib import Path

import pytest

from rlnas.cli.main import main

SEARCH = ["search", "--env", "ALE/Breakout-v5", "--steps", "1k"]


def refuse(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    message = capsys.readouterr().err.strip()
    assert message.startswith("rlnas: ")
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--env", "ALE/Breakot-v5"], ["'ALE/Breakot-v5'", "Did you mean 'ALE/Breakout-v5'?"]),
        (["--env", "CartPole-v1", "--space", "paper-1"], ["(4, 84, 84)", "(4,)"]),
        (
            ["--env", "MinAtar/Breakout-v1", "--space", "minatar-1", "--ppo-options", "normalize_observations=true"],
            ["normalize_observations", "of the environment are bool"],
        ),
        (["--env", "CartPole-v1", "--space", "mlp", "--env-options", "frame_skip=7"], ["'frame_skip'", "num_envs"]),
        (["--env", "CartPole-v1", "--space", "mlp", "--ppo-options", "log_std=-1"], ["'log_std'", "has 2 actions"]),
        (["--ppo-options", "minibatches=1025"], ["'minibatches' is 1025", "128 of each of 8 environments"]),
        (["--ppo-options", "max_grad_norm=inf"], ["max_grad_norm", "finite"]),
        (["--ppo-options", "normalize_rewards=true"], ["no effect on the sign of rewards"]),
        (["--env", "Warehouse-v0"], ["unknown environment 'Warehouse-v0'", "registers it with --import"]),
        (["--import", "corridor.py"], ["'corridor', not 'corridor.py'"]),
        (["--strategy", "random", "--warm-start"], ["'random' fits no supernet"]),
        (["--env", "Blackjack-v1"], ["Tuple observations"]),
        (["--space", "papr-1"], ["'papr-1'", "Did you mean 'paper-1'?"]),
        (["--space", "missing.toml"], ["missing.toml", "cannot be read"]),
        (["--strategy", "spso"], ["'spso'", "Did you mean 'spos'?"]),
        (["--steps", "0"], ["steps", "'0'"]),
        (["--steps", "-5"], ["steps", "'-5'"]),
        (["--steps", "many"], ["steps", "'many'"]),
        (["--train-steps", "0"], ["train-steps", "'0'"]),
        (["--top-k", "0"], ["top-k", "0"]),
        (["--train-seeds", "0"], ["train-seeds", "0"]),
        (["--workers", "0"], ["workers", "0"]),
        (["--threads", "0"], ["threads", "0"]),
        (["--seed", "-1"], ["seed", "-1"]),
        (["--device", "gpu"], ["'gpu'", "Did you mean 'cpu'?"]),
        (["--baselines", "natur-cnn"], ["'natur-cnn'"]),
        (["--baselines", "k2=4,k3=9"], ["'9'", "Allowed: 1, 2, 3, 4, 5"]),
        (["--strategy-options", "eval_episods=3"], ["Did you mean 'eval_episodes'?"]),
        (["--strategy-options", "eval_episodes=0"], ["eval_episodes", "'0'"]),
        (["--strategy-options", "eval_episodes"], ["NAME=VALUE"]),
        (["--env-options", "sticky_actions=2"], ["sticky_actions", "'2'"]),
        (["--ppo-options", "clp=0.1"], ["Did you mean 'clip'?"]),
        (["--import", "no_such_module"], ["'no_such_module'"]),
        (["--steps", "1e400"], ["steps", "'1e400'"]),
        (["--steps", "1e9999999"], ["steps", "'1e9999999'"]),
        (["--strategy", "enas", "--strategy-options", "learning_rate=inf"], ["learning_rate", "finite"]),
        (["--env", "BreakoutNoFrameskip-v4"], ["old id", "ALE/Breakout-v5"]),
        (["--space", "paper-large", "--strategy-options", "selection=full"], ["too large", "'evolution'"]),
        (["--train-seeds", "1000"], ["train_seeds", "1000"]),
        (["--confirm-seeds", "-1"], ["confirm-seeds", "-1"]),
        (["--confirm-seeds", "999"], ["1000 together", "at most 999"]),
        (
            ["--env", "MinAtar/Breakout-v1", "--table", "minatar-breakout", "--confirm-seeds", "2"],
            ["leave --confirm-seeds out"],
        ),
        (["--max-params", "0"], ["max-params", "'0'"]),
        (
            ["--max-params", "3M"],
            ["no architecture of space 'paper-1'", "3,979,936 parameters (k2=1,k3=1)", "3,000,000"],
        ),
        (["--max-multiply-adds", "few"], ["max-multiply-adds", "'few'"]),
        (["--max-multiply-adds", "1M"], ["7,856,128 multiply-adds (k2=1,k3=1), where at most 1,000,000 are allowed"]),
        (["--max-latency", "0"], ["max_latency", "greater than 0"]),
        (["--max-latency", "inf"], ["max-latency", "finite"]),
        (["--max-latency", "1e-9"], ["no architecture of space 'paper-1'", "where at most 1e-09 ms is allowed"]),
        (["--space", "paper-large", "--max-latency", "1"], ["512,000,000,000", "--max-params or --max-multiply-adds"]),
        (["--space", "paper-large", "--max-params", "1M"], ["none of 10,000", "1,771,984 parameters (c1=16,k1=1,"]),
    ],
)
def test_bad_search_arguments(
    arguments: list[str],
    parts: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rlnas.study.latency.measure_inference", lambda *arguments, **options: 0.5)
    out = tmp_path / "run"
    message = refuse(capsys, [*SEARCH, "--out", str(out), *arguments])
    for part in parts:
        assert part in message
    assert not out.exists()


@pytest.mark.parametrize(
    ("arch", "parts"),
    [
        (None, ["'paper-1' has 25 architectures", "with --arch", "such as 'k2=1,k3=1'"]),
        ("k2=9,k3=1", ["'9'", "Allowed: 1, 2, 3, 4, 5"]),
        ("k2=4", ["k3"]),
        ("j2=4,k3=3", ["'j2'", "Did you mean 'k2'?"]),
        ("big", ["'big'", "k2=1,k3=1"]),
    ],
)
def test_unknown_architecture(arch, parts, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "run"
    named = ["--arch", arch] if arch else []
    message = refuse(capsys, ["train", "--env", "ALE/Breakout-v5", *named, "--out", str(out)])
    for part in parts:
        assert part in message
    assert not out.exists()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('name = "x"\ninput = [4, 84, 84]\n[[layers]]\ntype = "conv\n', ["line 4", "not valid TOML"]),
        (
            'name = "x"\ninput = [4, 84, 84]\n\n[[layers]]\ntype = "conv"\nkernel = 3\nchanels = 8\n',
            ["line 7", "'channels'"],
        ),
        ('name = "x"\ninput = [4, 84, 84]\n\n[[layers]]\ntype = "convv"\n', ["line 5", "Did you mean 'conv'?"]),
        (
            'name = "x"\ninput = [4, 84, 84]\n\n[[layers]]\ntype = "conv"\nchannels = 8\n'
            'kernel = { choice = "k", options = [3, 99] }\npadding = "valid"\n\n[[layers]]\ntype = "flatten"\n',
            ["line 4", "k=99", "84x84"],
        ),
    ],
)
def test_broken_space_file(text: str, parts: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "space.toml").write_text(text)
    message = refuse(capsys, [*SEARCH, "--space", str(tmp_path / "space.toml"), "--out", str(tmp_path / "run")])
    for part in parts:
        assert part in message
    assert not (tmp_path / "run").exists()


TRAIN = ["train", "--env", "MinAtar/Breakout-v1", "--arch", "k1=1,k2=1", "--steps", "64"]
SMALL = ["--ppo-options", "rollout_steps=16", "epochs=1", "--env-options", "num_envs=2", "--out"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "run"
    main([*TRAIN, *SMALL, str(out)])
    return out


def test_run_directory_of_another_command(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (trained / "trial.json").read_bytes()
    message = refuse(capsys, [*TRAIN, "--seed", "7", *SMALL, str(trained)])
    assert "another command" in message
    assert "seed is 1 there, not 7" in message
    assert (trained / "trial.json").read_bytes() == before
    assert "other files" in refuse(capsys, [*SEARCH, "--out", str(trained)])


def test_run_directory_in_use(
    trained: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlnas.trials.trial.LOCK_PATIENCE", 0.1)
    with (trained / ".lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "in use by another process" in refuse(capsys, [*TRAIN, *SMALL, str(trained)])


def test_run_directory_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "cannot be written" in refuse(capsys, [*TRAIN, *SMALL, "/proc/rlnas-run"])
    (tmp_path / "file").write_text("mine")
    assert "is a file" in refuse(capsys, [*TRAIN, *SMALL, str(tmp_path / "file")])
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("damage", ["truncated", "noise", "empty", "foreign settings", "foreign file"])
def test_damaged_checkpoint(damage: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from safetensors.torch import save_file
    from torch import zeros

    run = tmp_path / "run"
    run.mkdir()
    (run / "trial.json").write_bytes((trained / "trial.json").read_bytes())
    whole = (trained / "checkpoint.safetensors").read_bytes()
    checkpoint = run / "checkpoint.safetensors"
    if damage == "foreign settings":
        main([*TRAIN, "--seed", "5", *SMALL, str(tmp_path / "other")])
        whole = (tmp_path / "other/checkpoint.safetensors").read_bytes()
        capsys.readouterr()
    if damage == "foreign file":
        save_file({"x": zeros(3)}, checkpoint)
    else:
        contents = {"truncated": whole[: len(whole) // 2], "noise": b"\x07" * 1000, "empty": b""}
        checkpoint.write_bytes(contents.get(damage, whole))
    before = checkpoint.read_bytes()
    message = refuse(capsys, [*TRAIN, *SMALL, str(run)])
    expected = {"foreign settings": "belongs to other settings", "foreign file": "not written by rlnas"}
    assert expected.get(damage, "truncated or damaged") in message
    assert str(checkpoint) in message
    assert checkpoint.read_bytes() == before


@pytest.mark.parametrize("command", ["resume", "report", "evaluate"])
def test_no_run_there(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refusal = refuse(capsys, [command, str(tmp_path)])
    assert "study.json" in refusal
    assert "trial.json" in refusal


def test_describe_unknown_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Did you mean 'paper-1'?" in refuse(capsys, ["describe", "papper-1"])


@pytest.mark.parametrize("command", ["evaluate", "resume"])
def test_a_run_that_imports_modules_runs_no_code_unless_they_are_named(
    command: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (tmp_path / "strange_module.py").write_text("raise SystemExit('executed')")
    settings = json.loads((trained / "trial.json").read_text())
    (run / "trial.json").write_text(json.dumps({**settings, "imports": ["strange_module"]}))
    monkeypatch.chdir(tmp_path)
    assert "--import strange_module" in refuse(capsys, [command, str(run)])


@pytest.mark.parametrize("text", ["[]", "{}", "{", '{"env": 3}'])
def test_damaged_settings(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "trial.json").write_text(text)
    refuse(capsys, ["evaluate", str(tmp_path)])
    refuse(capsys, ["resume", str(tmp_path)])


def test_baseline_that_does_not_take_the_observations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tiny.toml").write_text(
        'name = "tiny"\ninput = [4, 42, 42]\nlayers = [{ type = "flatten" }, { type = "linear", features = 8 }]\n'
    )
    command = [*SEARCH, "--space", str(tmp_path / "tiny.toml"), "--env-options", "screen_size=42"]
    message = refuse(capsys, [*command, "--baselines", "mlp-64-64", "--out", str(tmp_path / "run")])
    assert "'mlp-64-64'" in message
    assert "(4, 42, 42)" in message


def test_a_run_of_a_device_that_is_not_here(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    changed = json.loads((run / "trial.json").read_text()) | {"device": "cuda"}
    (run / "trial.json").write_text(json.dumps(changed))
    assert "no CUDA device" in refuse(capsys, ["resume", str(run)])


def test_games_need_a_seed_that_is_not_negative(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "seed must be a whole number from 0" in refuse(capsys, ["evaluate", str(trained), "--seed", "-1"])


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--env-options", "num_envs=1000000000"], ["'num_envs'", "10000", "'1000000000'"]),
        (["--threads", str(10**20)], ["threads must be a whole number from 1 to 1,024", str(10**20)]),
        (["--workers", str(10**9)], ["workers must be a whole number from 1 to 1,024"]),
        (["--train-seeds", str(10**12)], ["train-seeds must be", "1000000000000"]),
        (["--seed", str(10**30)], ["seed must be", str(10**30)]),
        (["--steps", str(10**30)], ["steps must be a whole number from 1 to 1e15"]),
        (["--out", ""], ["out must be a path, not ''"]),
        (["--out", "a\0b"], ["out must be a path, not 'a\\x00b'"]),
        (["--out", "x" * 300], ["out must be a path of names of at most 255 bytes"]),
        (["--space", ""], ["space must be a name of the catalogue, a TOML file, or a Space, not ''"]),
        (["--env", ""], ["env must be"]),
        (["--table", ""], ["table must be"]),
        (["--ppo-options", "epochs=4", "epochs=5"], ["--ppo-options names 'epochs' twice: epochs=4 and epochs=5"]),
        (["--ppo-options", "minibatches=4", "clip=1", "clip=1"], ["names 'clip' twice"]),
        (["--strategy-options", "eval-batch=1", "eval_batch=2"], ["names 'eval_batch' twice"]),
        (["--baselines", "nature-cnn", "nature-cnn"], ["baselines must be a list of names, each named once"]),
    ],
)
def test_odd_values_are_refused_before_anything_is_written(
    arguments: list[str],
    parts: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rlnas.study.run_study", None)
    message = refuse(capsys, [*SEARCH, *arguments])
    assert [part for part in parts if part not in message] == []
    assert [*tmp_path.iterdir()] == []
