"""Env steps per second of rlnas's PPO and of its peers, in turn, on each kind of environment, and their ratios.

    python -m benchmarks.throughput                                       all cases that can run here
    python -m benchmarks.throughput --case atari --side-by-side           also two single-threaded runs of ours together
    python -m benchmarks.throughput --case cartpole minatar --rounds 5 --json results.json
    python -m benchmarks.throughput --case atari --cleanrl DIR --leanrl DIR --script-python PATH

All sides have the same settings (those that rlnas gives the environment), network and cores: two on Atari, else one.
Ours is measured in fp32 and, but for layers of 64 units, in bf16 where the processor has it; the peers in fp32.
Each is measured in a process of its own, after an iteration of warm-up. A round measures each side once; a ratio is the
median of the rounds' ratios. On Atari, our floor is what the same process needs for the emulator alone (random
actions), inference alone (batch 8, and sampling) and the update alone: each is measured after every iteration on its
data, and summed. CleanRL and LeanRL are run from checkouts, by a Python that has what they need.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.peers import CASES, SCRIPTS, CannotRunError, Result, measure_script
from rlnas.errors import UserError
from rlnas.experiments.resolving import resolve_precision

TITLES = {
    "rlnas": "rlnas",
    "two": "two runs of rlnas, one thread each",
    "sb3": "Stable-Baselines3",
    "sbx": "SBX",
    "cleanrl": "CleanRL ppo_atari",
    "cleanrl-envpool": "CleanRL ppo_atari_envpool",
    "leanrl": "LeanRL ppo_atari_envpool",
}
PACKAGES = {"sb3": "stable_baselines3", "sbx": "sbx"}
PARTS = ("emulator", "inference", "update")
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def pin(cores: int) -> None:
    """Binds this process and those that it starts to some cores, where the system can: JAX takes all that it sees."""
    if CORES:
        os.sched_setaffinity(0, CORES[:cores])
    os.environ["OMP_NUM_THREADS"] = str(cores)
    os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={str(cores > 1).lower()}"


def measure(side: str, precision: str, name: str, args: argparse.Namespace, seed: int) -> list[Result]:
    """Measures a side in a new process; two runs side by side in two."""
    threads = [1, 1] if side == "two" else [args.threads if name == "atari" else 1]
    pin(sum(threads))
    if side in SCRIPTS:
        script = SCRIPTS[side]
        return [measure_script(script, getattr(args, script.checkout), args.script_python, seed, args.seconds)]
    command = [sys.executable, "-m", "benchmarks.peers", "rlnas" if side == "two" else side, name]
    command += ["--seconds", str(args.seconds), "--precision", precision]
    command += ["--floor"] if name == "atari" and side == "rlnas" else []
    workers = []
    for number, count in enumerate(threads):
        own = ["--threads", str(count), "--seed", str(seed + 1000 * number)]
        workers.append(subprocess.Popen([*command, *own], stdout=subprocess.PIPE, text=True))
    outputs = [worker.communicate()[0] for worker in workers]
    if any(worker.returncode for worker in workers):
        sys.exit(f"the measurement of {TITLES[side]} in the case {name!r} failed; its error is above.")
    return [json.loads(output.splitlines()[-1]) for output in outputs]


def rate(results: list[Result]) -> float:
    """Env steps per second of a run, or of runs side by side, over the time in which all of them were timed."""
    if len(results) == 1:
        (result,) = results
        return result["steps"] * len(result["spans"]) / sum(end - begin for begin, end in result["spans"])
    begin = max(result["spans"][0][0] for result in results)
    end = min(result["spans"][-1][1] for result in results)
    total = 0.0
    for result in results:
        marks = [result["spans"][0][0], *(span[1] for span in result["spans"])]
        done = np.interp([begin, end], marks, np.arange(len(marks)))
        total += result["steps"] * float(done[1] - done[0])
    return total / (end - begin)


def sides_of(name: str, args: argparse.Namespace) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Ours by title, each a side and a precision, and the peers that are there."""
    ours = ["rlnas", *(["two"] if name == "atari" and args.side_by_side else [])]
    peers = [
        peer
        for peer in CASES[name].peers
        if (getattr(args, SCRIPTS[peer].checkout) if peer in SCRIPTS else importlib.util.find_spec(PACKAGES[peer]))
    ]
    kinds = [kind for kind in CASES[name].precisions if kind in args.precision]
    return {f"{TITLES[side]}, {kind}": (side, kind) for side in ours for kind in kinds}, peers


def summarise_floor(runs: list[Result]) -> dict[str, float]:
    """Milliseconds per env step, medians: of an iteration and of its parts alone; their sum, and the ratio."""
    scale = 1000 / int(runs[0]["steps"])
    parts = [part for run in runs for part in run["parts"]]
    found = {name: scale * statistics.median(part[name] for part in parts) for name in PARTS}
    found["floor"] = sum(found.values())
    found["iteration"] = scale * statistics.median(end - begin for run in runs for begin, end in run["spans"])
    found["time_over_floor"] = found["iteration"] / found["floor"]
    return found


def measure_case(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """All rounds of a case: rates of each side, ratios to each peer, and our floor."""
    ours, peers = sides_of(name, args)
    sides = ours | {TITLES[peer]: (peer, "fp32") for peer in peers}
    rounds: list[dict[str, float]] = []
    runs: dict[str, list[Result]] = {title: [] for title in ours}
    for number in range(args.rounds):
        rates = {}
        for title, (side, precision) in list(sides.items()):
            try:
                found = measure(side, precision, name, args, args.seed + number)
            except CannotRunError as error:
                print(f"{title} is left out: {error}", flush=True)
                del sides[title]
                continue
            rates[title] = rate(found)
            if title in ours and found[0]["parts"]:
                runs[title] += found
        rounds.append(rates)
        print(f"{name}: " + "; ".join(f"{title} {value:,.0f}" for title, value in rates.items()), flush=True)
    return {
        "threads": args.threads if name == "atari" else 1,
        "rates": {title: common.spread([rates[title] for rates in rounds]) for title in sides},
        "ratios": [
            {"ours": own, "peer": peer, **common.spread([rates[own] / rates[peer] for rates in rounds])}
            for peer in sides
            for own in ours
            if peer not in ours
        ],
        "milliseconds_per_step": {title: summarise_floor(found) for title, found in runs.items() if found},
        "rounds": rounds,
    }


def show(cases: dict[str, dict[str, Any]]) -> None:
    """Prints the summary as Markdown; rates and ratios are medians."""
    print("\n| case | threads | ours | env steps/s | peer | env steps/s | ratio | its rounds |")
    print("|---|---|---|---|---|---|---|---|")
    for name, found in cases.items():
        rates = {title: f"{spread['median']:,.0f}" for title, spread in found["rates"].items()}
        for ratio in found["ratios"]:
            cells = [
                name,
                str(found["threads"]),
                *(x for who in ("ours", "peer") for x in (ratio[who], rates[ratio[who]])),
            ]
            cells += [f"**{ratio['median']:.2f}**", f"{ratio['min']:.2f} to {ratio['max']:.2f}"]
            print("| " + " | ".join(cells) + " |")
    for found in cases.values():
        for title, times in found["milliseconds_per_step"].items():
            parts = " + ".join(f"{part} {times[part]:.3f}" for part in PARTS)
            print(f"\nfloor of {title}, ms per env step: {parts} = {times['floor']:.3f}")
            print(f"it needs {times['iteration']:.3f} ms per env step: {times['time_over_floor']:.3f} times its floor")


def can_run(name: str) -> bool:
    """Whether the environment of a case is installed; says so if not."""
    try:
        CASES[name].settings()
    except UserError as error:
        print(f"the case {name!r} is left out: {error}", flush=True)
        return False
    return True


def precisions() -> list[str]:
    """What ours is measured in where nothing else is asked for: bf16, too, where the processor has it."""
    try:
        return ["fp32", resolve_precision("bf16", "cpu")]
    except UserError:
        return ["fp32"]


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", nargs="+", choices=CASES, default=list(CASES), metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long a measurement takes at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--precision", nargs="+", choices=("fp32", "bf16"), default=precisions(), help="of ours")
    parser.add_argument("--threads", type=int, default=2, help="threads and cores of the case atari")
    parser.add_argument("--side-by-side", action="store_true", help="on Atari, also two single-threaded runs of ours")
    parser.add_argument("--cleanrl", type=Path, default=None, metavar="DIR", help="checkout of CleanRL")
    parser.add_argument("--leanrl", type=Path, default=None, metavar="DIR", help="checkout of LeanRL")
    parser.add_argument(
        "--script-python", type=Path, default=sys.executable, metavar="PATH", help="Python of these two"
    )
    parser.add_argument("--json", type=Path, default=None, help="where to keep the results")
    args = parser.parse_args()
    machine = common.machine()
    print(common.describe(machine), flush=True)
    cases = {name: measure_case(name, args) for name in args.case if can_run(name)}
    show(cases)
    settings = {key: value for key, value in vars(args).items() if not isinstance(value, Path)}
    common.write_json(args.json, {"machine": machine, "settings": settings, "cases": cases})


if __name__ == "__main__":
    main()
