"""Env steps per second of rlnas's PPO and of Stable-Baselines3's, in turn, with rlnas's floor beside them.

Both train Nature-CNN with 8 environments x 128 steps and 3 epochs x 4 minibatches. Every measurement runs in a
process of its own, one warm-up iteration first; a round measures each side once, and the ratio is the median over the
rounds. The floor is what the same process needs for the emulator alone (random actions), inference alone (batch 8,
and sampling) and the update alone, each measured after every iteration on its data, and summed.

    python -m benchmarks.throughput                       one run against one run, two threads each
    python -m benchmarks.throughput --side-by-side        also two single-threaded runs of ours at the same time
    python -m benchmarks.throughput --threads 1 --json results.json
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import common
from rlnas.algorithms.ppo import PPOTrainer
from rlnas.algorithms.ppo.update import update
from rlnas.envs import VectorEnv

SPACE = "nature-cnn"
PARTS = ("emulator", "inference", "update")
WARM_UP = 1
Result = dict[str, Any]


# What runs in the measuring process.


def wait_for_go() -> None:
    """Says that the warm-up is over and waits for the start signal."""
    print("ready", flush=True)
    sys.stdin.readline()


def timed(function: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def play_randomly(env: VectorEnv, actions: np.ndarray) -> None:
    """Steps the environments with given actions, `(steps, num_envs)`."""
    for row in actions:
        env.step(row)


@torch.no_grad()
def infer(trainer: PPOTrainer, observations: list[torch.Tensor], generator: torch.Generator) -> None:
    """Forward pass and sampling, one batch of observations after another, as a rollout does."""
    for observation in observations:
        logits, _ = trainer.policy(observation)
        trainer.distribution.sample(logits, trainer.distribution.noise(logits.shape, generator))


def floor(trainer: PPOTrainer, spare: VectorEnv, rng: np.random.Generator) -> dict[str, float]:
    """Seconds of an iteration's parts, each alone, on the rollout that the trainer collected last."""
    steps, envs = trainer.rollout.value.shape
    actions = rng.integers(spare.actions.outputs, size=(steps, envs))
    observations = [trainer.rollout.observations(torch.arange(t * envs, (t + 1) * envs)) for t in range(steps)]
    generator = torch.Generator().manual_seed(0)
    actor = trainer.policy, trainer.distribution
    learn = (*actor, trainer.optimizer, trainer.rollout, trainer.settings)
    return {
        "emulator": timed(lambda: play_randomly(spare, actions)),
        "inference": timed(lambda: infer(trainer, observations, generator)),
        "update": timed(lambda: update(*learn, generator)),
    }


def measure_rlnas(args: argparse.Namespace) -> Result:
    """Start and end of each iteration of ours and, with `--floor`, the parts of each alone."""
    env = common.build_env(args)
    policy = common.build_network(SPACE, None, env, args.seed)
    trainer = common.build_trainer(policy, env, 10_000, args.seed)
    spare = common.build_env(args)
    spare.reset(np.arange(spare.num_envs))
    rng = np.random.default_rng(args.seed)
    for _ in range(WARM_UP):
        trainer.iterate()
        if args.floor:
            floor(trainer, spare, rng)
    wait_for_go()
    spans: list[tuple[float, float]] = []
    parts: list[dict[str, float]] = []
    for _ in range(args.iterations):
        start = time.perf_counter()
        trainer.iterate()
        spans.append((start, time.perf_counter()))
        if args.floor:
            parts.append(floor(trainer, spare, rng))
    return {"steps": trainer.steps_per_iteration, "spans": spans, "parts": parts}


def measure_sb3(args: argparse.Namespace) -> Result:
    """Start and end of each iteration of SB3."""
    from benchmarks import sb3_ppo

    model = sb3_ppo.build(args.env, args.seed, args.sticky)
    steps = model.n_steps * model.n_envs
    model.learn(WARM_UP * steps)
    wait_for_go()
    clock = sb3_ppo.IterationClock()
    model.learn(args.iterations * steps, callback=clock, reset_num_timesteps=False)
    return {"steps": steps, "spans": list(zip(clock.marks[:-1], clock.marks[1:], strict=True)), "parts": []}


def work(args: argparse.Namespace) -> None:
    """The measuring process: prints its result as one line of JSON."""
    torch.set_num_threads(args.threads)
    result = {"rlnas": measure_rlnas, "sb3": measure_sb3}[args.worker](args)
    print(json.dumps(result), flush=True)


# What runs in the process that the user started.


def start(peer: str, args: argparse.Namespace, seed: int, threads: int, *, with_floor: bool) -> subprocess.Popen[str]:
    """Starts a measuring process."""
    options = {"--worker": peer, "--env": args.env, "--sticky": args.sticky, "--seed": seed, "--threads": threads}
    options["--iterations"] = args.iterations
    command = [sys.executable, "-m", "benchmarks.throughput", *(str(x) for pair in options.items() for x in pair)]
    command += ["--floor"] if with_floor else []
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def wait_until_ready(worker: subprocess.Popen[str]) -> None:
    """Reads a worker's output up to the end of its warm-up."""
    assert worker.stdout is not None
    for line in worker.stdout:
        if line.strip() == "ready":
            return
    sys.exit("a measuring process ended before its warm-up was over; its error is above.")


def run_together(workers: list[subprocess.Popen[str]]) -> list[Result]:
    """Lets the workers measure at the same time and returns what they found."""
    try:
        for worker in workers:
            wait_until_ready(worker)
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        outputs = [worker.communicate()[0] for worker in workers]
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.kill()
    if any(worker.returncode for worker in workers):
        sys.exit("a measuring process failed; its error is above.")
    return [json.loads(output.splitlines()[-1]) for output in outputs]


def rate(result: Result) -> float:
    """Env steps per second of one run."""
    return result["steps"] * len(result["spans"]) / sum(end - begin for begin, end in result["spans"])


def rate_together(results: list[Result]) -> float:
    """Env steps per second of runs side by side, over the time in which all of them were running."""
    begin = max(result["spans"][0][0] for result in results)
    end = min(result["spans"][-1][1] for result in results)
    total = 0.0
    for result in results:
        marks = [result["spans"][0][0], *(span[1] for span in result["spans"])]
        done = np.interp([begin, end], marks, np.arange(len(marks)))
        total += result["steps"] * float(done[1] - done[0])
    return total / (end - begin)


def play_round(number: int, args: argparse.Namespace) -> Result:
    """One measurement of each side."""
    seed = args.seed + number
    (ours,) = run_together([start("rlnas", args, seed, args.threads, with_floor=True)])
    (sb3,) = run_together([start("sb3", args, seed, args.threads, with_floor=False)])
    found: dict[str, Any] = {"rlnas": rate(ours), "sb3": rate(sb3), "ratio": rate(ours) / rate(sb3), "run": ours}
    line = f"round {number + 1}: rlnas {found['rlnas']:.0f}, sb3 {found['sb3']:.0f} env steps/s, {found['ratio']:.2f}x"
    if args.side_by_side:
        pair = [start("rlnas", args, seed + 1000 * n, 1, with_floor=False) for n in range(2)]
        found["pair"] = rate_together(run_together(pair))
        found["pair_ratio"] = found["pair"] / found["sb3"]
        line += f"; two runs of rlnas together {found['pair']:.0f}, {found['pair_ratio']:.2f}x"
    print(line, flush=True)
    return found


def summarise_floor(runs: list[Result]) -> dict[str, float]:
    """Milliseconds per env step, medians: of an iteration and of its parts alone; their sum, and the ratio."""
    scale = 1000 / int(runs[0]["steps"])
    parts = [part for run in runs for part in run["parts"]]
    found = {name: scale * statistics.median(part[name] for part in parts) for name in PARTS}
    found["floor"] = sum(found.values())
    found["iteration"] = scale * statistics.median(end - begin for run in runs for begin, end in run["spans"])
    found["time_over_floor"] = found["iteration"] / found["floor"]
    return found


def summarise(rounds: list[Result]) -> dict[str, Any]:
    """The numbers that are printed and kept."""
    names = [name for name in ("rlnas", "sb3", "pair", "ratio", "pair_ratio") if name in rounds[0]]
    found: dict[str, Any] = {name: common.spread([one[name] for one in rounds]) for name in names}
    found["milliseconds_per_step"] = summarise_floor([one["run"] for one in rounds])
    return found


def show(found: dict[str, Any]) -> None:
    """Prints the summary as Markdown."""
    titles = {
        "rlnas": "rlnas, env steps/s",
        "sb3": "SB3 PPO, env steps/s",
        "ratio": "rlnas / SB3",
        "pair": "two single-threaded runs of rlnas together, env steps/s",
        "pair_ratio": "two runs of rlnas / one of SB3",
    }
    print("\n| | min | median | max |\n|---|---|---|---|")
    for name, title in titles.items():
        if name in found:
            form = ".2f" if "ratio" in name else ".0f"
            cells = [format(found[name][key], form) for key in ("min", "median", "max")]
            print(f"| {title} | " + " | ".join(cells) + " |")
    times = found["milliseconds_per_step"]
    parts = " + ".join(f"{name} {times[name]:.3f}" for name in PARTS)
    print(f"\nfloor of rlnas, ms per env step: {parts} = {times['floor']:.3f}, {1000 / times['floor']:.0f} env steps/s")
    print(f"rlnas needs {times['iteration']:.3f} ms per env step: {times['time_over_floor']:.3f} times its floor")


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.add_common_arguments(parser, threads=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--iterations", type=int, default=8, help="timed iterations of each measurement")
    parser.add_argument("--side-by-side", action="store_true", help="also two single-threaded runs of ours together")
    parser.add_argument("--json", type=Path, default=None, help="where to keep the results")
    parser.add_argument("--worker", choices=("rlnas", "sb3"), default=None, help=argparse.SUPPRESS)
    parser.add_argument("--floor", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        work(args)
        return
    machine = common.machine()
    print(common.describe(machine))
    print(
        f"{args.env}, {SPACE}, 8 environments x 128 steps, 3 epochs x 4 minibatches, {args.threads} threads, "
        f"{args.rounds} rounds of {args.iterations} iterations\n",
        flush=True,
    )
    rounds = [play_round(number, args) for number in range(args.rounds)]
    found = summarise(rounds)
    show(found)
    settings = {key: value for key, value in vars(args).items() if key not in ("json", "worker", "floor")}
    common.write_json(args.json, {"machine": machine, "settings": settings, "summary": found, "rounds": rounds})


if __name__ == "__main__":
    main()
