"""The examples, run as a user would, with budgets that end in seconds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_to_its_end(example: Path, tmp_path: Path) -> None:
    source = example.read_text(encoding="utf-8")
    assert source.count('steps="50k"') == 1
    small = 'steps="2k", top_k=1, ppo_options={"epochs": 1}, strategy_options={"eval_episodes": 1}'
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
