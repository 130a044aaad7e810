"""Learning curves of rlnas's PPO and of Stable-Baselines3's: same game, network, hyperparameters and budget.

One command trains one peer with one seed and writes `DIR/<peer>-seed-<n>.csv`, a row per finished full game: the env
step at which it ended, its unclipped return, its length. Another prints the table and draws the curves.

    python -m benchmarks.learning --peer rlnas --seed 1 --steps 1000000 --out DIR
    python -m benchmarks.learning --peer sb3 --seed 1 --steps 1000000 --out DIR
    python -m benchmarks.learning --report DIR

A run that was interrupted goes on from its last checkpoint when the same command is given again; SB3's begins new games
there. A finished run is left as it is. At every checkpoint of ours the games in progress are cut, and those are missing
in the CSV; since long games are cut more often than short ones, that can only lower our scores.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars
import torch
from rich.console import Console

import rlnas
from benchmarks import common
from rlnas.display import Display

GAMES = 100
"""Games that a score is the mean of."""

PEERS = {"rlnas": ("rlnas PPO", "#0b6e99"), "sb3": ("Stable-Baselines3 PPO", "#d1495b")}


# Training.


@dataclass(frozen=True)
class Run:
    """The files of one training. `done` comes last and means that the CSV is complete."""

    csv: Path
    done: Path
    directory: Path
    settings: dict[str, Any]

    @staticmethod
    def of(args: argparse.Namespace) -> Run:
        """The run that the arguments name."""
        stem = f"{args.peer}-seed-{args.seed}"
        settings = {name: getattr(args, name) for name in ("peer", "env", "sticky", "seed", "steps")}
        return Run(args.out / f"{stem}.csv", args.out / f"{stem}.json", args.out / stem, settings)

    def finished(self) -> bool:
        """Whether a former command completed this run; refuses files of a run with other settings."""
        if not self.done.exists():
            return False
        if json.loads(self.done.read_text())["settings"] != self.settings:
            sys.exit(f"{self.done} belongs to a run with other settings: choose another --out.")
        return True


def train_rlnas(run: Run, args: argparse.Namespace) -> int:
    """Trains ours with `rlnas.train`, from its last checkpoint if there is one; returns the env steps done."""
    options = {"sticky_actions": args.sticky}
    with Display(Console()) as display:
        result = rlnas.train(
            args.env,
            "nature-cnn",
            steps=args.steps,
            out=run.directory,
            seed=args.seed,
            device="cpu",
            env_options=options,
            watch=display,
        )
    polars.read_parquet(run.directory / "episodes.parquet").write_csv(run.csv)
    return int(result.data["steps"])


def train_sb3(run: Run, args: argparse.Namespace) -> int:
    """Trains SB3, from its last checkpoint if there is one; returns the env steps done."""
    from benchmarks import sb3_ppo

    torch.set_num_threads(1)
    saved = run.directory.with_suffix(".zip")
    if saved.exists():
        model = sb3_ppo.load(saved, args.env, args.seed, args.sticky)
    else:
        run.csv.unlink(missing_ok=True)
        model = sb3_ppo.build(args.env, args.seed, args.sticky)
    sb3_ppo.use_channels_last(model)
    model.learn(
        args.steps - model.num_timesteps,
        callback=[sb3_ppo.EpisodeLog(run.csv), sb3_ppo.Checkpoint(saved)],
        reset_num_timesteps=False,
    )
    return int(model.num_timesteps)


def train(args: argparse.Namespace) -> None:
    """Runs one training, or says that it is complete."""
    run = Run.of(args)
    if run.finished():
        print(f"already complete: {run.csv}")
        return
    args.out.mkdir(parents=True, exist_ok=True)
    steps = {"rlnas": train_rlnas, "sb3": train_sb3}[args.peer](run, args)
    data = {"settings": run.settings, "steps": steps, "machine": common.machine()}
    run.done.write_text(json.dumps(data, indent=2) + "\n")
    print(f"complete: {run.csv}")


# The report.


@dataclass(frozen=True)
class Curve:
    """The finished games of one run, in the order in which they ended."""

    peer: str
    seed: int
    step: np.ndarray
    score: np.ndarray
    reached: float

    def at(self, step: float) -> float | None:
        """Mean of the last 100 games that had ended by a step; None where the run is not that far."""
        scores = self.score[self.step <= step][-GAMES:]
        return float(scores.mean()) if len(scores) and step <= self.reached else None

    def moving(self) -> np.ndarray:
        """Mean of the last 100 games after each game, of fewer at the beginning."""
        total = np.concatenate([[0.0], np.cumsum(self.score)])
        index = np.arange(1, len(self.score) + 1)
        first = np.maximum(index - GAMES, 0)
        return (total[index] - total[first]) / (index - first)


def read_curve(path: Path) -> Curve | None:
    """Reads a CSV; None where it is not one of a run, or no game has ended yet.

    A run without its JSON is not known to be complete. Games end every few thousand steps, so it has reached the
    step of its last game, give or take a hundredth.
    """
    name = re.fullmatch(r"(\w+)-seed-(\d+)\.csv", path.name)
    if name is None or name[1] not in PEERS:
        return None
    with path.open(newline="") as file:
        # The last line of a run in progress may be half written.
        rows = [row for row in csv.DictReader(file) if row["length"] and row["length"].isdigit()]
    if not rows:
        return None
    step = np.array([float(row["step"]) for row in rows])
    done = path.with_suffix(".json")
    reached = json.loads(done.read_text())["steps"] if done.exists() else 1.01 * step[-1]
    return Curve(name[1], int(name[2]), step, np.array([float(row["return"]) for row in rows]), reached)


def read_curves(directory: Path) -> list[Curve]:
    """All runs of a directory, by peer and seed."""
    found = [curve for path in directory.glob("*-seed-*.csv") if (curve := read_curve(path))]
    return sorted(found, key=lambda curve: (curve.peer, curve.seed))


def summary(values: list[float | None]) -> str:
    """Mean, standard deviation and range over the seeds that are that far."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    if len(known) == 1:
        return f"{known[0]:.2f} (1 seed)"
    mean, deviation = statistics.mean(known), statistics.stdev(known)
    return f"{mean:.2f} ± {deviation:.2f} ({min(known):.2f} to {max(known):.2f}, {len(known)} seeds)"


def table(curves: list[Curve], steps: int) -> str:
    """Scores at the quarters of the budget: a row per seed, then a row per peer."""
    marks = [steps * quarter // 4 for quarter in (1, 2, 3, 4)]
    lines = ["| peer | seed | " + " | ".join(f"{mark / 1000:.0f}k" for mark in marks) + " |", "|---|---|" + "---|" * 4]
    for curve in curves:
        cells = ["-" if (value := curve.at(mark)) is None else f"{value:.2f}" for mark in marks]
        lines.append(f"| {PEERS[curve.peer][0]} | {curve.seed} | " + " | ".join(cells) + " |")
    for peer, (title, _) in PEERS.items():
        own = [curve for curve in curves if curve.peer == peer]
        if own:
            cells = [summary([curve.at(mark) for curve in own]) for mark in marks]
            lines.append(f"| **{title}** | mean ± sd | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw(curves: list[Curve], path: Path, title: str) -> None:
    """Draws a thin line per seed and a thick one per peer, as far as all of its seeds are."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.8), layout="constrained")
    for peer, (label, color) in PEERS.items():
        own = [curve for curve in curves if curve.peer == peer]
        for curve in own:
            axes.plot(curve.step, curve.moving(), color=color, linewidth=0.7, alpha=0.5)
        if own:
            grid = np.linspace(max(c.step[0] for c in own), min(c.step[-1] for c in own), 400)
            mean = np.mean([np.interp(grid, curve.step, curve.moving()) for curve in own], axis=0)
            axes.plot(grid, mean, color=color, linewidth=2.2, label=f"{label}, mean of {len(own)} seeds")
    axes.set(xlabel="environment steps", ylabel=f"full-game return, mean of the last {GAMES} games", ylim=(0, None))
    axes.set_title(title, fontsize=9)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:.0f}k")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", frameon=False)
    figure.savefig(path)
    plt.close(figure)


def report(args: argparse.Namespace) -> None:
    """Prints the table and writes the figure."""
    curves = read_curves(args.report)
    if not curves:
        sys.exit(f"{args.report} holds no CSV of a run with a finished game.")
    settings = (
        f"{args.env}, sticky actions {args.sticky}, Nature-CNN, 8 environments x 128 steps, 3 epochs x 4 minibatches"
    )
    print(f"Mean full-game return of the last {GAMES} games; {settings}\n")
    print(table(curves, args.steps))
    path = args.report / "learning.svg"
    draw(curves, path, f"PPO, {settings}")
    print(f"\nfigure: {path}")


def main() -> None:
    """Parses the command line; trains or reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="ALE/Breakout-v5")
    parser.add_argument("--sticky", type=float, default=0.0, help="probability of sticky actions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peer", choices=tuple(PEERS))
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=None, help="folder of the CSV")
    parser.add_argument("--report", type=Path, default=None, metavar="DIR", help="print the table of a folder")
    args = parser.parse_args()
    if args.report:
        report(args)
        return
    if not args.peer or not args.out:
        parser.error("give --peer and --out to train, or --report to see the results.")
    train(args)


if __name__ == "__main__":
    main()
