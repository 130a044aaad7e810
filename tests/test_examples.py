"""The examples, run as a user would, with budgets that end in seconds."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from rlnas.cli.main import main
from rlnas.spaces import load_space

EXAMPLES = {path.stem: path for path in (Path(__file__).parents[1] / "examples").glob("*.py")}


def shortened(example: Path, folder: Path) -> Path:
    """An example with a budget that ends in seconds."""
    source = example.read_text(encoding="utf-8")
    assert source.count('steps="50k"') == 1
    small = 'steps="1k", top_k=1, baselines=(), ppo_options={"epochs": 1}, strategy_options={"eval_episodes": 1}'
    (folder / example.name).write_text(source.replace('steps="50k"', small), encoding="utf-8")
    return folder / example.name


def check_end(printed: str, folder: Path) -> None:
    assert "Best network: " in printed
    (report,) = folder.glob("runs/*/report.html")
    assert report.stat().st_size > 10_000


def test_the_example_of_an_environment_runs_to_its_end_in_processes_of_its_own(tmp_path: Path) -> None:
    script = shortened(EXAMPLES["own_environment"], tmp_path)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, script.name], cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    check_end(done.stdout, tmp_path)


@pytest.mark.usefixtures("inline")
def test_the_example_of_a_space_runs_to_its_end(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(shortened(EXAMPLES["own_space"], tmp_path)), run_name="__main__")
    check_end(capsys.readouterr().out, tmp_path)


DOCS = Path(__file__).parents[1] / "docs"


def snippets(page: str, language: str) -> list[str]:
    found = re.findall(r"```(\w*)\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    return [text for own, text in found if own == language]


def test_the_tutorial_of_a_space_shows_the_example_twice(tmp_path: Path) -> None:
    declared, searched, *_ = snippets("tutorial-space.md", "python")
    example = EXAMPLES["own_space"].read_text(encoding="utf-8")
    assert declared.strip().partition("\n")[2].strip() in example
    assert all(line.strip() in example for line in searched.splitlines())
    scope: dict = {}
    exec(declared, scope)
    text, *_ = snippets("tutorial-space.md", "toml")
    (tmp_path / "small-mlp.toml").write_text(text)
    assert load_space(tmp_path / "small-mlp.toml") == scope["space"]
    assert scope["space"].size == 16
    assert scope["space"].architecture("depth=2,width=16,norm=none,act=relu")


def test_the_tutorial_of_an_environment_says_what_describe_says(capsys, monkeypatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES["own_environment"].parent)
    main(["describe", "--env", "Thermostat-v0", "--import", "own_environment"])
    printed = " ".join(capsys.readouterr().out.split())
    (shown,) = [text for text in snippets("tutorial-environment.md", "") if text.startswith("Thermostat")]
    assert printed.startswith(" ".join(shown.split()).removesuffix(" ..."))
