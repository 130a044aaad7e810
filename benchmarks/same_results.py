"""Whether eight small runs still give the same numbers: before and after code is moved.

    python -m benchmarks.same_results record before.json
    python -m benchmarks.same_results compare before.json

Both on one machine with the same versions. What a machine measures is left out, and so are versions.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SMALL = "--env-options num_envs=4 --ppo-options rollout_steps=32 epochs=2 minibatches=2"
ALONE = "--workers 1 --threads 1"
SEARCH = f"search --env CartPole-v1 --space mlp --steps 4096 --train-steps 2048 --top-k 2 {ALONE} {SMALL}"
MINATAR = "--env MinAtar/Breakout-v1 --space minatar-1"
GAMES = "--strategy-options eval_episodes=2"
SOME = "k1=1,k2=1 k1=1,k2=2 k1=2,k2=1 k1=2,k2=2"

RUNS = {
    "spos": f"{SEARCH} --strategy spos {GAMES} --confirm-seeds 1 --random-networks 1",
    "enas": f"{SEARCH} --strategy enas --strategy-options child_iterations=2",
    "random": f"{SEARCH} --strategy random --train-seeds 2",
    "random-shared": f"{SEARCH} --strategy random-shared --strategy-options subset=4 eval_episodes=2",
    "warm": f"{SEARCH} --strategy spos {GAMES} --warm-start",
    "limits": f"{SEARCH} --strategy spos {GAMES} --max-params 10k",
    "table": f"table build {MINATAR} --steps 8192 --seeds 2 --architectures {SOME} --workers 1",
    "comparison": "compare --table table/table.parquet --drop-incomplete --top-k 2 --repeats 50",
    "reproduction": f"reproduce {MINATAR} --steps 8192 --search-steps 16384 --strategies spos --search-seeds 1 "
    f"--top-k 1 {ALONE} --strategy-options eval_episodes=1",
}
"""The arguments of each run; `--out` is its name."""

MEASURED = ("seconds", "latency", "_ms", "versions", "wall")


def content(path: Path) -> Any:
    """What a file of a run says, without what the machine measured."""
    if path.suffix == ".json":
        return stripped(json.loads(path.read_text()))
    with path.open(newline="") as file:
        return [[cell for name, cell in row.items() if not measured(name)] for row in csv.DictReader(file)]


def measured(name: str) -> bool:
    """Whether a key or column holds what no seed repeats."""
    return any(word in name for word in MEASURED)


def stripped(plain: Any) -> Any:
    """Plain data without what the machine measured."""
    if isinstance(plain, dict):
        return {key: stripped(value) for key, value in plain.items() if not measured(key)}
    return [stripped(value) for value in plain] if isinstance(plain, list) else plain


def collect(folder: Path) -> dict[str, Any]:
    """Every result, ranking and CSV file of the runs in a folder, by its path."""
    found = [*folder.rglob("result.json"), *folder.rglob("ranking.json"), *folder.rglob("*.csv")]
    return {str(path.relative_to(folder)): content(path) for path in sorted(found)}


def run_all(folder: Path) -> dict[str, Any]:
    """Does all runs in a folder."""
    for name, arguments in RUNS.items():
        command = [sys.executable, "-m", "rlnas", *arguments.split(), "--out", name]
        print(" ".join(command[2:]), flush=True)
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return collect(folder)


def main() -> None:
    """Records the results, or compares them with those that were recorded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("record", "compare"))
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run_all(Path(folder))
    if given.what == "record":
        given.file.write_text(json.dumps(found, indent=1))
        return
    before = json.loads(given.file.read_text())
    for path in sorted(before.keys() | found.keys()):
        if before.get(path) != found.get(path):
            print(f"differs: {path}")
    sys.exit(before != found)


if __name__ == "__main__":
    main()
