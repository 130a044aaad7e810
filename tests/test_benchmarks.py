"""The scripts behind the figures of the docs still run."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(script: str, *arguments: str) -> str:
    """What a script prints."""
    command = [sys.executable, "-m", f"benchmarks.{script}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True).stdout


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


def test_one_folder_serves_the_control_tasks_one_after_another(tmp_path, monkeypatch):
    pytest.importorskip("stable_baselines3")
    monkeypatch.syspath_prepend(ROOT)
    control = importlib.import_module("benchmarks.control")
    monkeypatch.setattr(control, "train_sb3", lambda *arguments: [1.0])
    monkeypatch.setattr(control, "train_rlnas", lambda *arguments: [2.0])
    monkeypatch.setattr(control.common, "machine", dict)
    begun = []
    monkeypatch.setattr(control.rlnas, "train", lambda env, *arguments, out, **options: begun.append(out))
    for env in ("CartPole-v1", "RlnasX/Pendulum-v1"):
        folders = ["--out", str(tmp_path / "out"), "--scratch", str(tmp_path / "scratch")]
        monkeypatch.setattr(sys, "argv", ["control", "--env", env, "--steps", "8", "--seeds", "1", *folders])
        control.main()
    assert len({*begun}) == len(begun) == 2
    names = {f"{env}-8-{peer}-1.json" for env in ("cartpole-v1", "pendulum-v1") for peer in ("rlnas", "sb3")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names


def test_the_numbers_of_the_results_pages(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT)
    numbers = importlib.import_module("benchmarks.results_page")

    def rows(source: str) -> list[list[str]]:
        monkeypatch.setattr(sys, "argv", ["results_page", source])
        numbers.main()
        return [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()]

    assert ["total_reward", "p of 12 architectures", "0.423"] in rows("minatar-breakout")
    assert ["1000000", "24", "1", "False", "1", "0.492", "0.154", "0.74"] in rows("minatar-space-invaders")
    breakout = rows("minatar-2-breakout")
    for row in (["10k, seed 1", "0.352", "7.32", "6.68"], ["spos with seed 1", "0.592", "0.591"]):
        assert row in breakout
    assert ["total_reward", "k2", "p", "0.366"] in rows("ale-breakout")
    scores = "strategy,search_seed,kendall,score\na,1,0.5,4\na,2,0.7,6\na,mean,0.6,5\nb,1,0.1,1\nb,2,0.3,3\n"
    for metric in ("total-reward", "reward-mean"):
        (tmp_path / f"proxies-{metric}.csv").write_text(scores)
    ((metric, first, second, *cells), _) = rows(str(tmp_path))[1:]
    assert (metric, first, second) == ("total-reward", "a", "b")
    assert [float(cell) for cell in cells] == pytest.approx([0.4, -0.208, 1.01, 3, -3.08, 9.08], abs=0.01)


def test_short_trials_are_timed():
    small = ["--trials", "2", "--best", "1", "--first", "2048", "--steps", "4096", "--workers", "2"]
    told = run("short_trials", *small)
    assert [line.split(" | ")[:2] for line in told.splitlines()[3:5]] == [["| first", "2"], ["| second", "1"]]
    assert "cores busy" in told
