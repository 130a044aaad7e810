"""What many short trials cost besides training: random architectures up to a first rung, the best of them to the end.

    python -m benchmarks.short_trials
    PYTHONPATH=OTHER_CHECKOUT/src python benchmarks/short_trials.py

The default is a successive halving in small: 30 architectures of `minatar-2` on MinAtar's Breakout, 20k steps each of a
training of 60k, then the best 10 to their end. All processes of the machine count as busy cores: leave it alone.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import rlnas
from rlnas.envs.families import family_of
from rlnas.spaces import load_space
from rlnas.trials.backend import Backend, Trial
from rlnas.trials.checkpoint import load_checkpoint
from rlnas.trials.local import LocalBackend
from rlnas.trials.results import TrialResult
from rlnas.trials.settings import TrialSettings
from rlnas.trials.trial import CHECKPOINT


@dataclass(frozen=True)
class Rung:
    """What the trials of a rung scored, and the seconds that it took and that each took outside of its training."""

    results: list[TrialResult]
    seconds: float
    outside: list[float]


def busy() -> tuple[float, float]:
    """Seconds of all cores so far, busy and in all."""
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, idle, iowait, irq, softirq, steal = (int(word) / os.sysconf("SC_CLK_TCK") for word in words)
    used = user + nice + system + irq + softirq
    return used, used + idle + iowait + steal


def trained(trial: Trial) -> float:
    """Seconds that a trial has trained so far."""
    file = trial.directory / CHECKPOINT
    return float(load_checkpoint(file, trial.settings.fingerprint)[1]["seconds"]) if file.exists() else 0.0


def run_rung(backend: Backend, trials: Sequence[Trial], workers: int) -> Rung:
    """Runs trials, as many at a time as there are workers, which take them in their order."""
    before, start, ends = [trained(trial) for trial in trials], time.perf_counter(), dict[int, float]()

    def note(number: int, future: Future[TrialResult]) -> None:
        ends[number] = time.perf_counter() - start

    futures = [backend.submit(trial) for trial in trials]
    for number, future in enumerate(futures):
        future.add_done_callback(partial(note, number))
    results = [future.result() for future in futures]
    while len(ends) < len(trials):  # a result is there before its callback is called
        time.sleep(0.001)
    starts = [0.0] * workers + sorted(ends.values())
    seconds = [trained(trial) - own for trial, own in zip(trials, before, strict=True)]
    outside = [ends[number] - starts[number] - seconds[number] for number in range(len(trials))]
    return Rung(results, max(ends.values()), outside)


def main() -> None:
    """Reads the arguments, runs the trials and prints what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="MinAtar/Breakout-v1")
    parser.add_argument("--space", default="minatar-2")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--best", type=int, default=10, help="how many go on after the first rung")
    parser.add_argument("--first", type=int, default=20_000, help="steps of the first rung")
    parser.add_argument("--steps", type=int, default=60_000, help="budget of a training")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    space, defaults = load_space(args.space), family_of(args.env).defaults
    assert defaults is not None, "an environment of a family with settings of its own"
    generator = np.random.default_rng(0)
    ids = list(dict.fromkeys(space.sample(generator).id for _ in range(10 * args.trials)))[: args.trials]
    print(f"rlnas of {Path(rlnas.__file__).parent}, {args.workers} workers, load {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory() as folder:
        trials = [
            Trial(
                Path(folder) / str(number),
                TrialSettings(
                    env=args.env,
                    env_settings=defaults.env,
                    space=space.to_dict(),
                    architecture=name,
                    algorithm_options=defaults.ppo,
                    steps=args.steps,
                    checkpoint_steps=args.first,
                ),
                name,
                args.first,
            )
            for number, name in enumerate(ids)
        ]
        used, whole = busy()
        start = time.perf_counter()
        with LocalBackend(args.workers) as backend:
            first = run_rung(backend, trials, args.workers)
            order = sorted(range(len(trials)), key=lambda n: -(first.results[n].total_reward or 0.0))
            chosen = [trials[n] for n in order[: args.best]]
            goes_on = [Trial(trial.directory, trial.settings, trial.label) for trial in chosen]
            second = run_rung(backend, goes_on, args.workers)
        seconds = time.perf_counter() - start
        used, whole = busy()[0] - used, busy()[1] - whole
    print("| rung | trials | seconds | outside of training: median of a trial | mean of a trial |")
    print("|---|---|---|---|---|")
    for name, rung in (("first", first), ("second", second)):
        outside = f"{np.median(rung.outside):.2f} s | {np.mean(rung.outside):.2f} s"
        print(f"| {name} | {len(rung.results)} | {rung.seconds:.1f} | {outside} |")
    print(f"in all {seconds:.1f} s; cores busy {used / whole:.1%}")


if __name__ == "__main__":
    main()
