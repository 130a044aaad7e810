"""The examples, run as a user would, with budgets that end in seconds."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rlnas.cli.main import main
from rlnas.spaces import load_space

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_to_its_end(example: Path, tmp_path: Path) -> None:
    source = example.read_text(encoding="utf-8")
    assert source.count('steps="50k"') == 1
    small = 'steps="2k", top_k=1, baselines=(), ppo_options={"epochs": 1}, strategy_options={"eval_episodes": 1}'
    (tmp_path / example.name).write_text(source.replace('steps="50k"', small), encoding="utf-8")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, example.name]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Best network: " in done.stdout
    (report,) = tmp_path.glob("runs/*/report.html")
    assert report.stat().st_size > 10_000


DOCS = Path(__file__).parents[1] / "docs"


def snippets(page: str, language: str) -> list[str]:
    found = re.findall(r"```(\w*)\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    return [text for own, text in found if own == language]


def test_the_tutorial_of_a_space_shows_the_example_twice(tmp_path: Path) -> None:
    declared, searched, *_ = snippets("tutorial-space.md", "python")
    example = (EXAMPLES[0].parent / "own_space.py").read_text(encoding="utf-8")
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
    monkeypatch.syspath_prepend(EXAMPLES[0].parent)
    main(["describe", "--env", "Thermostat-v0", "--import", "own_environment"])
    printed = " ".join(capsys.readouterr().out.split())
    (shown,) = [text for text in snippets("tutorial-environment.md", "") if text.startswith("Thermostat")]
    assert printed.startswith(" ".join(shown.split()).removesuffix(" ..."))
