"""A study small enough for tests, with every kind of phase."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

TINY_SPACE = """
name = "tiny"
input = [4, 10, 10]

[[layers]]
type = "conv"
channels = 4
kernel = { choice = "k1", options = [3, 5] }
stride = 2

[[layers]]
type = "max-pool"
kernel = { choice = "p", options = [1, 2, 3] }
stride = 2

[[layers]]
type = "flatten"

[[layers]]
type = "linear"
features = 16
"""

# Rollouts of 4 x 16 steps.
TINY_OPTIONS = [
    *("--train-steps", "640", "--steps", "1280", "--top-k", "2", "--baselines", "k1=3,p=1"),
    *("--threads", "1", "--workers", "2", "--checkpoint-steps", "256", "--device", "cpu"),
    *("--strategy-options", "eval_episodes=2", "eval_batch=2"),
    *("--env-options", "num_envs=4"),
    *("--ppo-options", "rollout_steps=16", "minibatches=2", "epochs=1"),
]


def tiny_command(folder: Path, out: Path, env: str = "MinAtar/Breakout-v1") -> list[str]:
    """The command of a tiny search."""
    space = folder / "tiny.toml"
    space.write_text(TINY_SPACE)
    return ["search", "--env", env, "--space", str(space), "--out", str(out), *TINY_OPTIONS]


def rlnas(arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a process of its own."""
    command = [sys.executable, "-m", "rlnas.cli.main", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment, timeout=300, check=False)


def workers_of(parent: int) -> list[int]:
    """The processes that a search has started, and those that these have, as far as they still run."""
    parents = {}
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else []
        except OSError:
            continue
        if fields and fields[0] != "Z":
            parents[int(entry.name)] = int(fields[1])
    found = [parent]
    for process in found:
        found += [child for child, its in parents.items() if its == process]
    return found[1:]


def runs(process: int) -> bool:
    """Whether a process is there, and not only its entry, which nobody has read yet."""
    try:
        os.kill(process, 0)
        status = Path(f"/proc/{process}/stat")
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def gone(processes: Iterable[int]) -> bool:
    """Waits for the end of processes; whether it came."""
    deadline = time.monotonic() + 10
    while any(runs(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
