"""The scripts behind the figures of the docs still run."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(script: str, *arguments: str) -> str:
    """What a script prints."""
    command = [sys.executable, "-m", f"benchmarks.{script}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True).stdout


@pytest.mark.slow
def test_the_sweep_trains_what_is_missing_and_prints_the_table(tmp_path):
    sweep = ["--out", str(tmp_path), "--games", "Breakout", "--settings", "default", "epochs=4", "--steps", "4096"]
    told = run("minatar_sweep", *sweep)
    rows = [line for line in told.splitlines() if line.startswith("| Breakout")]
    assert [row.split(" | ")[1] for row in rows] == ["default", "epochs=4"]
    assert all(row.endswith(" (2) |") for row in rows)
    data = (tmp_path / "sweep.csv").read_text()
    assert data.startswith("game,setting,seed,total_reward\nBreakout,default,1,")
    assert data.count("\n") == 5
    assert run("minatar_sweep", *sweep, "--only-report") == told
    assert (tmp_path / "sweep.csv").read_text() == data
