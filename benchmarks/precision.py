"""Whether bf16 costs learning: paired trainings of one network, the same seeds in fp32 and in bf16.

    python -m benchmarks.precision --space minatar-2 --arch ID --seeds 20 --out DIR --json FILE
    python -m benchmarks.precision --env ALE/Breakout-v5 --space nature-cnn --steps 250k --out DIR --json FILE

A training that is in DIR already is not repeated, nor is a pair in the file of `--json`: an interrupted command goes on
where it was. `--collect FILE` prints the comparison of the scores in such a file, without training. The seconds are
those of processor time.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import ttest_1samp

import rlnas
from benchmarks import common
from rlnas.experiments.resolving import folder_name
from rlnas.quantity import parse_steps

PRECISIONS = ("fp32", "bf16")
METRICS = ("total_reward", "reward_mean")


def train(args: argparse.Namespace, precision: str, seed: int) -> dict[str, Any]:
    """The scores of one training, or what an earlier one left."""
    names = args.space, *([args.arch] if args.arch else []), args.steps, args.checkpoint_steps, precision, seed
    folder = args.out / folder_name(args.env, *names)
    file = folder.with_suffix(".json")
    if not file.exists():
        start = time.process_time()
        options = {"steps": args.steps, "seed": seed, "precision": precision, "checkpoint_steps": args.checkpoint_steps}
        found = rlnas.train(args.env, args.space, args.arch, out=folder, device="cpu", **options)
        result = {metric: getattr(found, metric) for metric in METRICS}
        result["seconds"] = round(time.process_time() - start, 1)
        file.write_text(json.dumps(result) + "\n")
        print(f"seed {seed}, {precision}: {result}", flush=True)
    return json.loads(file.read_text())


def show(data: dict[str, Any]) -> None:
    """Prints the scores and the differences, of the seeds that have both precisions."""
    settings, seeds = data["settings"], sorted(data["pairs"], key=int)
    about = f"{settings['env']}, {settings['arch'] or settings['space']}, {settings['steps']:,} steps"
    print(f"{about}, {len(seeds)} seeds in both precisions\n")
    print("| metric | fp32 | bf16 | bf16 - fp32 |\n|---|---|---|---|")
    for metric in METRICS:
        columns = [[data["pairs"][seed][precision][metric] for seed in seeds] for precision in PRECISIONS]
        means = [f"{sum(column) / len(column):.3g}" for column in columns]
        difference = np.subtract(columns[1], columns[0])
        low, high = ttest_1samp(difference, 0).confidence_interval()
        print(f"| {metric} | {means[0]} | {means[1]} | {difference.mean():.2f} [{low:.2f}, {high:.2f}] |")


def main() -> None:
    """Parses the command line, trains what is missing pair by pair, prints the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="MinAtar/Breakout-v1")
    parser.add_argument("--space", default="minatar-2")
    parser.add_argument("--arch", default=None)
    parser.add_argument("--steps", type=parse_steps, default=200_000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--checkpoint-steps", default="50k")
    parser.add_argument("--out", type=Path, default=Path("runs/precision"))
    parser.add_argument("--json", type=Path, default=None, help="where to keep the scores, pair by pair")
    parser.add_argument("--collect", type=Path, default=None, help="a file of scores to print")
    args = parser.parse_args()
    if args.collect is None:
        args.out.mkdir(parents=True, exist_ok=True)
        chosen = {name: getattr(args, name) for name in ("env", "space", "arch", "steps", "checkpoint_steps")}
        data: dict[str, Any] = {"machine": common.machine(), "settings": chosen, "pairs": {}}
        if args.json is not None and args.json.exists():
            data = json.loads(args.json.read_text())
            if data["settings"] != chosen:
                sys.exit(f"{args.json} has pairs of {data['settings']}, not of {chosen}.")
        for seed in map(str, range(1, args.seeds + 1)):
            if seed not in data["pairs"]:
                data["pairs"][seed] = {precision: train(args, precision, int(seed)) for precision in PRECISIONS}
                common.write_json(args.json, data)
    else:
        data = json.loads(args.collect.read_text())
    show(data)


if __name__ == "__main__":
    main()
