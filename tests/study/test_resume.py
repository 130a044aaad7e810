"""A search that is stopped and resumed ends with the same bytes as one that was left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rlnas
from rlnas.errors import UserError
from rlnas.spaces import load_space
from rlnas.trials.progress import Progress

from .helpers import TINY_SPACE, gone, tiny_command, workers_of
from .helpers import rlnas as rlnas_command

pytestmark = pytest.mark.usefixtures("inline")

RESULTS = ("result.json", "search/ranking.json", "search/paths.jsonl", "search/episodes.parquet")


def search(folder: Path, **changes: Any) -> rlnas.SearchResult:
    """The search of `tiny_command` in this process."""
    (folder / "tiny.toml").write_text(TINY_SPACE)
    usual: dict[str, Any] = {
        "steps": 1280,
        "train_steps": 640,
        "top_k": 2,
        "baselines": ["k1=3,p=1"],
        "threads": 1,
        "workers": 2,
        "checkpoint_steps": 256,
        "device": "cpu",
        "strategy_options": {"eval_episodes": 2, "eval_batch": 2},
        "env_options": {"num_envs": 4},
        "ppo_options": {"rollout_steps": 16, "minibatches": 2, "epochs": 1},
    }
    space = load_space(folder / "tiny.toml")
    return rlnas.search("MinAtar/Breakout-v1", space, out=folder / "run", **usual | changes)


def read_results(run: Path) -> dict[str, bytes]:
    results = {name: (run / name).read_bytes() for name in RESULTS}
    for path in sorted(run.glob("trials/*/*/result.json")):
        results[str(path.relative_to(run))] = path.read_bytes()
    assert len(results) > len(RESULTS)
    return results


@pytest.fixture(scope="module")
def undisturbed(inline: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    search(folder, confirm_seeds=1)
    return read_results(folder / "run")


class Stop(BaseException):
    """Ends a search wherever it is."""


def stop_at(task: str, done: int) -> Callable[[Progress], None]:
    def watch(progress: Progress) -> None:
        if task in progress.task and progress.done >= done and not progress.finished:
            raise Stop

    return watch


def test_stopped_in_every_phase_and_resumed(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    for task, done in (("fit", 1), ("fit", 700), ("select", 1), ("seed-1", 1), ("seed-1", 300), ("seed-2", 300)):
        with pytest.raises(Stop):
            search(tmp_path, confirm_seeds=1, watch=stop_at(task, done))
        assert not (tmp_path / "run/result.json").exists()
    rlnas.resume(tmp_path / "run")
    assert read_results(tmp_path / "run") == undisturbed


def test_confirmed_later_and_asked_for_again(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    search(tmp_path)
    assert read_results(tmp_path / "run")["result.json"] != undisturbed["result.json"]
    rlnas.resume(tmp_path / "run", confirm_seeds=1)
    assert read_results(tmp_path / "run") == undisturbed
    # The same search again trains nothing, and keeps what came later.
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("checkpoint.safetensors")}
    search(tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("checkpoint.safetensors")}
    with pytest.raises(UserError, match="belongs to another command: confirm_seeds is 1 there, not 0"):
        rlnas.resume(tmp_path / "run", confirm_seeds=0)
    assert read_results(tmp_path / "run") == undisturbed


def start(command: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "rlnas.cli.main", *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Shells start background jobs with the signal ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for(process: subprocess.Popen[str], said: str) -> None:
    assert process.stdout is not None
    while said not in (line := process.stdout.readline()):
        assert line, "it ended before"


def test_processes_that_are_killed_lose_nothing(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """The results are those of one process, to the byte."""
    process = start([*tiny_command(tmp_path, Path("run")), "--confirm-seeds", "1"], tmp_path)
    wait_for(process, "seed-1:")
    workers = workers_of(process.pid)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert gone(workers)
    finished = rlnas_command(["resume", "run"], tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "With 1 confirmation seed: " in finished.stdout
    assert read_results(tmp_path / "run") == undisturbed


def test_ctrl_c_stops_the_search_and_its_workers(tmp_path: Path) -> None:
    command = tiny_command(tmp_path, Path("run"))
    command[command.index("--train-steps") + 1] = "10M"
    command[command.index("--steps") + 1] = "64"
    process = start(command, tmp_path)
    wait_for(process, "seed-1:")
    workers = workers_of(process.pid)
    assert workers
    os.killpg(process.pid, signal.SIGINT)
    _, message = process.communicate()
    assert gone(workers)
    assert process.returncode == 130
    assert "rlnas resume" in message
    assert "Traceback" not in message
