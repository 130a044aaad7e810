"""What every backend must do, checked: for our own backends and for those of third parties."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlnas.algorithms.torch_modes import torch_threads
from rlnas.errors import UserError, WorkerError
from rlnas.spaces import Choice, Linear, Space
from rlnas.trials.backend import Backend, Trial
from rlnas.trials.checkpoint import load_checkpoint, pack
from rlnas.trials.progress import Progress, Watcher
from rlnas.trials.results import TrialResult
from rlnas.trials.settings import TrialSettings
from rlnas.trials.trial import CHECKPOINT, run_trial

GAME = """
import os
from pathlib import Path
import gymnasium
import numpy as np

class Line(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.left = self.np_random.uniform(-0.5, 0.5), 12
        return self.look(), {{}}

    def look(self):
        return np.array([self.place, self.left / 12], np.float32)

    def step(self, action):
        if Path({trigger!r}).exists() and not Path({once!r}).exists():
            {fault}
        self.place, self.left = np.clip(self.place + 0.2 * int(action) - 0.1, -1, 1), self.left - 1
        return self.look(), float(self.place), self.left == 0, False, {{}}

gymnasium.register({env!r}, Line)
"""
"""A short game that does something bad as soon as a file is there, until another one is."""

STEPS = 320


@dataclass(frozen=True)
class Bench:
    """A backend under test."""

    make: Callable[[Watcher], Backend]  # given who is told of progress
    folder: Path  # an empty one that its trials can reach
    own_processes: bool = True  # if not, a trial is interrupted (Ctrl-C) where it would be killed otherwise

    def settings(self, fault: str = "pass", trigger: str = "", **changes: Any) -> TrialSettings:
        """A small training; its game does as `fault` says once the file `trigger` is in the folder."""
        number = len(list(self.folder.glob("rlnas_line_*.py")))
        module, env = f"rlnas_line_{number}", f"{self.folder.name}{number}-v0"
        once = str(self.folder / f"once-{number}")
        places = {"trigger": str(self.folder / (trigger or "never")), "once": once}
        code = GAME.format(env=env, fault=fault.replace("ONCE", repr(once)), **places)
        (self.folder / f"{module}.py").write_text(code)
        values: dict[str, Any] = {
            "env": env,
            "imports": (module,),
            "env_settings": {"num_envs": 2},
            "space": Space("line", (2,), [Linear(Choice("f", (4, 8)))]).to_dict(),
            "architecture": "f=8",
            "algorithm_options": {"rollout_steps": 16, "minibatches": 2, "normalize_observations": True},
            "steps": STEPS,
            "checkpoint_steps": 64,
        }
        return TrialSettings(**values | changes)

    def run(self, name: str, settings: TrialSettings, until: int | None = None) -> tuple[TrialResult, list[Progress]]:
        """Runs a trial in the folder, by a backend of its own."""
        told: list[Progress] = []
        with self.make(told.append) as backend:
            return backend.submit(Trial(self.folder / name, settings, name, until)).result(), told

    def expected(self, settings: TrialSettings) -> dict[str, Any]:
        """The files of a trial that this process ran from its start to its end."""
        number = len(list(self.folder.glob("expected-*")))
        with torch_threads(1):
            run_trial(self.folder / f"expected-{number}", settings)
        return trial_files(self.folder / f"expected-{number}", settings)

    def compare(self, directory: Path, settings: TrialSettings, sentence: str) -> None:
        """Makes sure that a trial left the bytes of one that this process ran from its start to its end."""
        _require(trial_files(directory, settings) == self.expected(settings), sentence)


def trial_files(directory: Path, settings: TrialSettings) -> dict[str, Any]:
    """What a trial left, without what the machine measured."""
    tensors, data = load_checkpoint(directory / CHECKPOINT, settings.fingerprint)
    data.pop("seconds")
    found: dict[str, Any] = {"tensors": pack(dict(sorted(tensors.items()))), "data": data}
    names = [name for name in ("result.json", "episodes.parquet") if (directory / name).exists()]
    return found | {name: (directory / name).read_bytes() for name in names}


def check_backend(make: Callable[[Watcher], Backend], folder: Path, own_processes: bool = True) -> None:
    """Puts a backend through all checks; raises an `AssertionError` at the first that it fails, with a sentence.

    Args:
        make: makes it, given who is told of progress.
        folder: an empty folder that its trials can reach.
        own_processes: whether trials run in processes of their own.

    Example:
        >>> import tempfile
        >>> from rlnas.trials.inline import InlineBackend
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     check_backend(InlineBackend, Path(folder), own_processes=False)
    """
    for check in CHECKS:
        own = folder / check.__name__
        own.mkdir()
        with importable(own):
            check(Bench(make, own, own_processes))


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Lets the modules in a folder be imported, here and by trials."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.startswith("rlnas_line_")]:
            del sys.modules[name]


def check_results(bench: Bench) -> None:
    """Several trials at once give the bytes of `run_trial`, tell their progress, and are not run again."""
    settings = [bench.settings(), bench.settings(seed=1)]
    told: list[Progress] = []
    with bench.make(told.append) as backend:
        trials = [Trial(bench.folder / f"trial-{n}", own, f"trial-{n}") for n, own in enumerate(settings)]
        results = [future.result() for future in [backend.submit(trial) for trial in trials]]
        for trial, result in zip(trials, results, strict=True):
            _require(result.status == "done", f"a trial that ends is 'done', not {result.status!r}")
            bench.compare(trial.directory, trial.settings, "a trial must leave the bytes that run_trial leaves here")
            own = [progress for progress in told if progress.task == trial.label]
            _require([p.finished for p in own].count(True) == 1, "the end of a trial must be told once")
            _require(own[-1].finished and own[-1].done == result.steps, "the last that is told is the end of the trial")
        before = (trials[0].directory / CHECKPOINT).stat().st_mtime_ns
        _require(backend.submit(trials[0]).result() == results[0], "a trial that is done keeps its result")
        _require((trials[0].directory / CHECKPOINT).stat().st_mtime_ns == before, "a trial that is done must not run")
        other = trials[0].settings.model_copy(update={"steps": 2 * STEPS})
        found = backend.submit(Trial(trials[0].directory, other, "other")).exception()
        _require(isinstance(found, UserError), f"another trial's directory must be a UserError, not {found!r}")


def check_failure(bench: Bench) -> None:
    """A trial whose environment fails is a result with its reason."""
    settings = bench.settings("raise RuntimeError('the motor stalled')", "trial")
    result, told = bench.run("trial", settings)
    _require(result.status == "failed", f"a trial whose environment raises is 'failed', not {result.status!r}")
    _require("the motor stalled" in result.reason, f"a failed trial gives the reason, not {result.reason!r}")
    _require(told[-1].finished and "the motor stalled" in told[-1].note, "that a trial failed must be told")
    _require(not (bench.folder / "trial/result.json").exists(), "a trial that failed has no result.json")


def check_break(bench: Bench) -> None:
    """A trial that breaks for a reason of the machine is a `WorkerError`, and can go on once that is gone."""
    settings = bench.settings("Path(ONCE).touch(); (Path(__file__).parent / 'trial' / 'timing.json').mkdir()", "trial")
    try:
        bench.run("trial", settings)
        raise AssertionError("a trial that cannot write its files must be a WorkerError, but it has a result")
    except WorkerError:
        (bench.folder / "trial/timing.json").rmdir()
    bench.run("trial", settings)
    bench.compare(bench.folder / "trial", settings, "a trial that broke must go on")


def check_resume(bench: Bench) -> None:
    """A trial that is killed after a checkpoint goes on from it, and leaves the bytes of one that was not."""
    end = "os.kill(os.getpid(), 9)" if bench.own_processes else "raise KeyboardInterrupt"
    settings = bench.settings(f"Path(ONCE).touch(); {end}", f"trial/{CHECKPOINT}")
    with suppress(KeyboardInterrupt, WorkerError):
        bench.run("trial", settings)
    _require((bench.folder / "once-0").exists(), "the trial must have been stopped once")
    bench.run("trial", settings)
    bench.compare(bench.folder / "trial", settings, "a killed trial must go on")


def check_pause(bench: Bench, settings: TrialSettings | None = None) -> None:
    """A trial that pauses twice leaves the bytes of one that does not, and says of a pause the same at any time."""
    settings = settings or bench.settings()
    points = (settings.steps // 5, settings.steps // 2)
    results = []
    for until in points:
        result, _ = bench.run("trial", settings, until)
        results.append(result)
        _require(result.status == "paused", f"a trial that can go on is 'paused', not {result.status!r}")
        _require(until <= result.steps < settings.steps, f"a trial until {until} must not pause at {result.steps}")
        _require(not (bench.folder / "trial/result.json").exists(), "a paused trial has no result.json")
    done, _ = bench.run("trial", settings)
    _require(done.status == "done", f"a trial that ends is 'done', not {done.status!r}")
    bench.compare(bench.folder / "trial", settings, "a trial that paused must leave the bytes of one that did not")
    for until, result in zip(points, results, strict=True):
        _require(bench.run("trial", settings, until)[0] == result, "a trial keeps what it scored when it paused")


def _require(holds: bool, sentence: str) -> None:
    """Raises the error of a check that fails."""
    if not holds:  # not by `assert`, which python -O leaves out
        raise AssertionError(f"{sentence}.")


CHECKS: tuple[Callable[[Bench], None], ...] = (check_results, check_failure, check_break, check_resume, check_pause)
"""Every check that `check_backend` makes."""
