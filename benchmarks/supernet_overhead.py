"""What weight sharing costs: steps/s of fitting a supernet over that of training the same paths as plain networks.

SPOS-style fitting draws a path uniformly for every iteration and trains it inside the supernet. On the other side each
drawn path is a network of its own with its own trainer and gets the same number of iterations. The two sides take
turns, iteration by iteration; building is not timed.

    python -m benchmarks.supernet_overhead
    python -m benchmarks.supernet_overhead --iterations 50 --json results.json
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from benchmarks import common
from rlnas import seeding
from rlnas.algorithms.ppo import PPOTrainer
from rlnas.spaces import Architecture, load_space


class PlainNetworks:
    """One trainer per path, built when it is first needed; they share one vector environment."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.env = common.build_env(args)
        self.observation = self.env.reset(seeding.integers(args.seed, "plain", count=self.env.num_envs))
        self.trainers: dict[Architecture, PPOTrainer] = {}

    def prepare(self, path: Architecture) -> PPOTrainer:
        """The trainer of a path, ready to be timed."""
        if path not in self.trainers:
            policy = common.build_network(self.args.space, path, self.env, self.args.seed)
            self.trainers[path] = common.build_trainer(policy, self.env, self.args.iterations, self.args.seed)
            common.touch(self.trainers[path])
        self.trainers[path].observation = self.observation
        return self.trainers[path]

    def iterate(self, trainer: PPOTrainer) -> float:
        """Seconds of one iteration."""
        start = time.perf_counter()
        trainer.iterate()
        seconds = time.perf_counter() - start
        assert trainer.observation is not None
        self.observation = trainer.observation
        return seconds


class SharedWeights:
    """One supernet and its trainer."""

    def __init__(self, args: argparse.Namespace):
        env = common.build_env(args)
        self.supernet = common.build_supernet(args.space, env, args.seed)
        self.trainer = common.build_trainer(self.supernet, env, args.iterations, args.seed)
        self.trainer.restart(0)
        self.touched: set[Architecture] = set()

    def prepare(self, path: Architecture) -> None:
        """Lets a path's kernels and moments come into being before it is timed."""
        if path not in self.touched:
            self.supernet.activate(path)
            common.touch(self.trainer)
            self.touched.add(path)

    def iterate(self, path: Architecture) -> float:
        """Seconds of one iteration, the switch to the path included."""
        start = time.perf_counter()
        self.supernet.activate(path)
        self.trainer.iterate()
        return time.perf_counter() - start


def measure(args: argparse.Namespace, paths: list[Architecture]) -> Iterator[dict[str, Any]]:
    """Seconds of each path's iteration on both sides; the side that goes first alternates."""
    plain, shared = PlainNetworks(args), SharedWeights(args)
    for number, path in enumerate(paths):
        trainer = plain.prepare(path)
        shared.prepare(path)
        if number % 2:
            network, supernet = plain.iterate(trainer), shared.iterate(path)
        else:
            supernet, network = shared.iterate(path), plain.iterate(trainer)
        print(f"{path.id}: supernet {supernet:.2f} s, network {network:.2f} s", flush=True)
        yield {"path": path.id, "supernet": supernet, "network": network}


def summarise(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Steps/s of both sides and their ratio: of the totals, and the median of the iterations'."""
    steps = common.STEPS_PER_ITERATION * len(rows)
    supernet, network = (sum(row[side] for row in rows) for side in ("supernet", "network"))
    return {
        "supernet": steps / supernet,
        "networks": steps / network,
        "ratio": network / supernet,
        "median_ratio": statistics.median(row["network"] / row["supernet"] for row in rows),
    }


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.add_common_arguments(parser, threads=1)
    parser.add_argument("--space", default="paper-1")
    parser.add_argument("--iterations", type=int, default=20, help="paths drawn; one iteration each, on both sides")
    parser.add_argument("--json", type=Path, default=None, help="where to keep the results")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    machine = common.machine()
    print(common.describe(machine))
    print(f"{args.env}, {args.space}, {args.threads} thread(s), {args.iterations} paths drawn\n", flush=True)
    space, rng = load_space(args.space), seeding.generator(args.seed, "paths")
    paths = [space.sample(rng) for _ in range(args.iterations)]
    rows = list(measure(args, paths))
    found = summarise(rows)
    print(
        f"\nsupernet {found['supernet']:.0f} env steps/s, plain networks {found['networks']:.0f} env steps/s\n"
        f"ratio {found['ratio']:.3f} (median of the iterations' ratios {found['median_ratio']:.3f}; bar 0.95)"
    )
    settings = {key: value for key, value in vars(args).items() if key != "json"}
    common.write_json(args.json, {"machine": machine, "settings": settings, "summary": found, "iterations": rows})


if __name__ == "__main__":
    main()
