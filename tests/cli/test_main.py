"""How a command ends, beside bad input."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlnas.cli import main as cli

pytestmark = pytest.mark.usefixtures("inline")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "--env", "CartPole-v1"], "stopped; the same command, or rlnas resume, continues"),
        (["resume", "run"], "stopped; the same command, or rlnas resume, continues"),
        (["table", "build"], "stopped; the same command, or rlnas resume, continues"),
        (["reproduce"], "stopped; the same command continues"),
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


LIST = [sys.executable, "-m", "rlnas", "list", "spaces"]


def test_a_command_by_module_on_a_terminal_that_is_not_utf_8() -> None:
    surroundings = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(LIST, capture_output=True, env=surroundings, text=True, check=True)
    assert "minatar-1" in done.stdout
    assert "4x84x84" in done.stdout
    assert done.stderr == ""


WORDS = """
from rlnas.cli.main import main
main(["list", "strategies"])
main(["describe", "minatar-1"])
for words in (["--help"], ["table", "--help"]):
    try:
        main(words)
    except SystemExit as stop:
        if stop.code:
            raise
"""


def test_commands_without_docstrings() -> None:
    done = subprocess.run([sys.executable, "-OO", "-c", WORDS], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "minatar-1" in done.stdout


def test_a_reader_that_has_seen_enough_gets_no_traceback() -> None:
    process = subprocess.Popen(LIST, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate()
    assert said == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize(("to", "code", "said"), [("&-", 0, ""), ("/dev/full", 1, "rlnas: No space left on device\n")])
def test_output_that_goes_nowhere(to: str, code: int, said: str) -> None:
    done = subprocess.run(["sh", "-c", f'"$@" >{to}', "sh", *LIST], stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (code, said)


def test_what_is_wrong_is_said_without_what_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["report", "\x1b[2Jrun\x9b2J"])
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert "\x9b" not in said
