"""The sweep behind PPO's defaults for MinAtar: a few settings, one game after another, a few seeds, one network.

    python -m benchmarks.minatar_sweep --out DIR            # trains what is missing, prints the table
    python -m benchmarks.minatar_sweep --out DIR --only-report

Each setting differs from the first, which is the default, in the options that its name says. DIR/sweep.csv has a line
for each training that the command names.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
from pathlib import Path
from typing import Any

import rlnas

SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "default": ({}, {}),
    "learning_rate=2.5e-4": ({"learning_rate": 2.5e-4}, {}),
    "learning_rate=5e-4": ({"learning_rate": 5e-4}, {}),
    "learning_rate=2e-3": ({"learning_rate": 2e-3}, {}),
    "clip=0.1": ({"clip": 0.1}, {}),
    "epochs=4": ({"epochs": 4}, {}),
    "num_envs=16": ({}, {"num_envs": 16}),
    "num_envs=64,rollout_steps=32": ({"rollout_steps": 32}, {"num_envs": 64}),
    "entropy_coef=0.003": ({"entropy_coef": 0.003}, {}),
    "value_coef=0.5": ({"value_coef": 0.5}, {}),
}
"""For each name the options of PPO and of the environment."""


def main() -> None:
    """Parses the command line, trains, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--games", nargs="+", default=["Breakout", "Asterix"])
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--arch", default="k1=3,k2=3", help="architecture of minatar-1")
    parser.add_argument("--steps", type=int, default=200_000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only-report", action="store_true")
    args = parser.parse_args()
    print("| game | setting | total reward, mean ± sd (seeds) |\n|---|---|---|")
    lines: list[tuple[str, str, int, float]] = []
    for game in args.games:
        for name in args.settings:
            ppo, env = SETTINGS[name]
            scores = []
            for seed in range(1, args.seeds + 1):
                out = args.out / game.lower() / name / f"seed-{seed}"
                if args.only_report and not (out / "result.json").exists():
                    continue
                if not args.only_report:
                    rlnas.train(
                        f"MinAtar/{game}-v1",
                        space="minatar-1",
                        arch=args.arch,
                        steps=args.steps,
                        out=out,
                        seed=seed,
                        device="cpu",
                        env_options=env,
                        ppo_options=ppo,
                    )
                scores.append(json.loads((out / "result.json").read_text())["total_reward"])
                lines.append((game, name, seed, scores[-1]))
            if scores:
                spread = statistics.stdev(scores) if len(scores) > 1 else 0.0
                score = f"{statistics.fmean(scores):.2f} ± {spread:.2f} ({len(scores)})"
                print(f"| {game} | {name} | {score} |", flush=True)
    if not lines:
        return
    with (args.out / "sweep.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("game", "setting", "seed", "total_reward"), *lines])


if __name__ == "__main__":
    main()
