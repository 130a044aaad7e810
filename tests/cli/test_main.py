"""How a command ends, beside bad input."""

import subprocess
import sys
from pathlib import Path

import pytest

from rlnas.cli import main as cli


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "--env", "CartPole-v1"], "stopped; the same command, or rlnas resume, goes on"),
        (["resume", "run"], "stopped; the same command, or rlnas resume, goes on"),
        (["table", "build"], "stopped; the same command, or rlnas resume, goes on"),
        (["reproduce"], "stopped; the same command goes on"),
        (["table", "show"], "stopped."),
        (["evaluate", "run"], "stopped."),
    ],
)
def test_ctrl_c_says_what_can_go_on(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(given: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", interrupted)
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 130
    assert capsys.readouterr().err.startswith(f"rlnas: {said}")


@pytest.mark.slow
def test_a_table_whose_trainings_all_failed_is_written_and_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build = ["table", "build", "--env", "MinAtar/Breakout-v1", "--space", "minatar-1", "--architectures", "k1=1,k2=1"]
    with pytest.raises(SystemExit) as stop:
        cli.main(
            [*build, "--baselines", "--steps", "3k", "--out", str(tmp_path), "--ppo-options", "learning_rate=1e30"]
        )
    assert stop.value.code == 1
    assert "all trainings of the table failed" in capsys.readouterr().err
    assert (tmp_path / "table.parquet").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serach"], "rlnas: unknown command 'serach'. Did you mean 'search'? Allowed: compare, describe, "),
        (["table", "shw"], "rlnas: unknown command of rlnas table: 'shw'. Did you mean 'show'? Allowed: build, "),
    ],
)
def test_an_unknown_command_gets_a_sentence(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        ("train --env CartPole-v1 --ppo-options epochs=4 --ppo_options clip=0.1", "--ppo-options"),
        ("reproduce --env CartPole-v1 --env Acrobot-v1", "--env"),
    ],
)
def test_an_option_that_is_given_twice_is_refused(words: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(words.split())
    assert stop.value.code == 2
    assert f"{flag} is given 2 times: give it once, with all its values" in capsys.readouterr().err


def test_help_is_broken_by_the_terminal_alone(capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    with pytest.raises(SystemExit):
        cli.main(["search", "--help"])
    shown = capsys.readouterr().out
    (line,) = [line for line in shown.splitlines() if "Environment steps of every training" in line]
    assert "with --table as many as the table has." in line
    assert "None" not in line


def test_a_command_starts_without_what_takes_seconds_to_import() -> None:
    script = (
        "import sys; from rlnas.cli.main import main; main(['list', 'spaces']); main(['describe', 'mlp-64-64']); "
        "print({'torch', 'matplotlib', 'polars', 'gymnasium'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "mlp-64-64: 1 architecture, input" in done.stdout
    assert done.stdout.endswith("\nset()\n")
