"""A search that is killed and resumed ends with the same bytes as one that was left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .helpers import rlnas, workers_of
from .helpers import tiny_command as shared_command

RESULTS = ("result.json", "search/ranking.json", "search/paths.jsonl", "search/episodes.parquet", "report.html")


def tiny_command(folder: Path, out: Path) -> list[str]:
    """A search with every phase that there is."""
    return [*shared_command(folder, out), "--confirm-seeds", "1"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    finished = rlnas(tiny_command(folder, Path("run")), folder)
    assert finished.returncode == 0, finished.stderr
    return read_results(folder / "run")


def read_results(run: Path) -> dict[str, bytes]:
    results = {name: (run / name).read_bytes() for name in RESULTS}
    for path in sorted(run.glob("trials/*/*/result.json")):
        results[str(path.relative_to(run))] = path.read_bytes()
    assert len(results) > len(RESULTS)
    return results


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "rlnas.cli.main", *tiny_command(folder, Path("run"))]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def kill_after(process: subprocess.Popen[str], task: str, delay: float) -> bool:
    """Kills a search `delay` seconds after it first speaks of a task; False if it ended before."""
    assert process.stdout is not None
    for line in process.stdout:
        if task in line:
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            break
    process.stdout.close()
    return process.wait() == -signal.SIGKILL


@pytest.mark.slow
def test_confirmed_later_and_asked_for_again(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    assert rlnas(shared_command(tmp_path, Path("run")), tmp_path).returncode == 0
    before = read_results(tmp_path / "run")
    assert before["result.json"] != undisturbed["result.json"]
    process = rlnas(["resume", "run", "--confirm-seeds", "1"], tmp_path)
    assert process.returncode == 0, process.stderr
    assert "With 1 confirmation seed: " in process.stdout
    assert read_results(tmp_path / "run") == undisturbed
    # The same command again says the same and trains nothing; it keeps what came of it later.
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("checkpoint.safetensors")}
    again = rlnas(shared_command(tmp_path, Path("run")), tmp_path)
    assert again.returncode == 0
    assert "Best architecture" in again.stdout
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("checkpoint.safetensors")}
    assert read_results(tmp_path / "run") == undisturbed
    process = rlnas(["resume", "run", "--confirm-seeds", "0"], tmp_path)
    assert process.returncode == 2
    assert "belongs to another command: confirm_seeds is 1 there, not 0" in process.stderr
    assert read_results(tmp_path / "run") == undisturbed


@pytest.mark.slow
def test_killed_in_every_phase_and_resumed(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    seed = int(os.environ.get("RLNAS_KILL_SEED", time.time_ns() % 10**6))
    rng = random.Random(seed)
    moments = [
        ("Run directory", 2.0),
        ("fit:", 1.5),
        ("select:", 1.0),
        ("seed-1:", 2.0),
        ("seed-2:", 0.0),
    ]
    moments = [(task, rng.uniform(0, longest)) for task, longest in moments]
    killed = [kill_after(start(tmp_path), task, delay) for task, delay in moments]
    assert sum(killed) >= 3, (seed, moments, killed)
    assert killed[-1], "none was killed in the confirmation"
    finished = rlnas(["resume", "run"], tmp_path)
    assert finished.returncode == 0, (seed, moments, finished.stderr)
    assert read_results(tmp_path / "run") == undisturbed, (seed, moments, killed)


@pytest.mark.slow
def test_killed_workers_are_started_again(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    process = start(tmp_path)
    killed = 0
    while process.poll() is None and killed < 2:
        for worker in workers_of(process.pid):
            if killed < 2 and (tmp_path / "run/trials").exists():
                time.sleep(0.5)
                os.kill(worker, signal.SIGKILL)
                killed += 1
                break
        time.sleep(0.02)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert killed == 2
    assert read_results(tmp_path / "run") == undisturbed


@pytest.mark.slow
def test_ctrl_c_stops_the_search_and_its_workers_at_once(tmp_path: Path) -> None:
    command = tiny_command(tmp_path, Path("run"))
    command[command.index("--train-steps") + 1] = "10M"
    command[command.index("--steps") + 1] = "64"
    process = subprocess.Popen(
        [sys.executable, "-m", "rlnas.cli.main", *command],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Shells start background jobs with the signal ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        if "seed-1:" in line:
            break
    workers = workers_of(process.pid)
    assert workers
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=20) == 130
    message = process.stderr.read()
    assert "rlnas resume" in message
    assert "Traceback" not in message
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
