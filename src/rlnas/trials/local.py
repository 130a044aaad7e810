"""Trials in processes on this machine, one torch thread each."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from enum import IntEnum

from rlnas.errors import UserError, WorkerError
from rlnas.files import open_own
from rlnas.processes import child_environment, home, kill_group
from rlnas.trials.backend import Backend, Trial
from rlnas.trials.progress import Progress, Watcher, nobody
from rlnas.trials.results import TrialResult
from rlnas.trials.trial import CHECKPOINT, failed_result, read_outcome

ATTEMPTS = 2
"""How often a trial is started from one checkpoint when its process dies without a word (killed for memory, say)."""


class Exit(IntEnum):
    """Exit codes of a worker's process."""

    DONE = 0
    FAILED = 3  # the environment failed or training diverged: another try would meet it again, so the study goes on
    REFUSED = 4  # the trial's directory or a checkpoint in it belongs to something else: the study stops
    BROKEN = 5  # anything else: tried again, then the study stops


class LocalBackend(Backend):
    """Runs trials in processes on this machine.

    Args:
        count: how many run at a time.
        watch: told of the progress of each; called from several threads, one call at a time per trial.
    """

    def __init__(self, count: int, watch: Watcher = nobody):
        self._pool = ThreadPoolExecutor(count)
        self._watch = watch
        self._running: set[subprocess.Popen[str]] = set()
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, trial: Trial) -> Future[TrialResult]:
        """See `Backend.submit`."""
        return self._pool.submit(self._run, trial)

    def _run(self, trial: Trial) -> TrialResult:
        result = read_outcome(trial.directory, trial.settings, trial.until)
        if result is not None:
            self._watch(Progress(trial.label, result.steps, result.steps, score=result.total_reward, finished=True))
            return result
        reached, failures = _progress(trial), 0
        while failures < ATTEMPTS:
            code, reason = self._attempt(trial)
            if self._closed:
                raise WorkerError("the study was stopped")
            result = read_outcome(trial.directory, trial.settings, trial.until) if code == Exit.DONE else None
            if result is not None:
                return result
            if code == Exit.REFUSED:
                raise UserError(reason)
            if code == Exit.FAILED:
                self._watch(Progress(trial.label, 0, 0, finished=True, note=f"failed: {reason}"))
                return failed_result(trial.settings, reason)
            before, reached = reached, _progress(trial)
            failures = failures + 1 if reached == before else 1
        # Whatever ended it says nothing of the architecture.
        raise WorkerError(
            f"{trial.label}: {reason}, {ATTEMPTS} times from one checkpoint; see {trial.directory / 'worker.log'}. "
            "The study can be resumed."
        )

    def _attempt(self, trial: Trial) -> tuple[int, str]:
        """Runs the trial's process once; returns its exit code and, if it failed, why.

        A code with a meaning counts only if the worker says why: an environment may end its process with any code.
        """
        trial.directory.mkdir(parents=True, exist_ok=True)
        reading, writing = os.pipe()
        arguments = (str(trial.directory), trial.label, str(writing), str(trial.until or 0))
        with open(open_own(trial.directory / "worker.log"), "a") as log, self._lock:
            if self._closed:
                os.close(reading)
                os.close(writing)
                return Exit.BROKEN, "the study was stopped"
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "rlnas.trials.local_worker", *arguments],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                pass_fds=(writing,),
                # One thread, and the modules that the parent can import.
                env=child_environment() | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
                cwd=home(),
                # Ctrl-C is for the study, which stops its workers itself.
                start_new_session=True,
            )
            self._running.add(process)
        os.close(writing)
        clearing = threading.Thread(target=_clear_up, args=(process,))
        clearing.start()
        assert process.stdin is not None
        note = ""
        with contextlib.suppress(BrokenPipeError):  # it did not start
            process.stdin.write(trial.settings.model_dump_json() + "\n")
            process.stdin.flush()
        with os.fdopen(reading) as lines:
            for line in lines:
                if not line.endswith("\n"):
                    break  # the process was killed in the middle of it
                progress = Progress(**json.loads(line))
                note = progress.note or note
                if not progress.note:
                    self._watch(progress)
        clearing.join()
        code = process.wait()
        with contextlib.suppress(BrokenPipeError):  # closing writes what is left
            process.stdin.close()
        with self._lock:
            self._running.discard(process)
        if code < 0:
            return code, f"its process was killed ({signal.Signals(-code).name})"
        said = note or f"its process ended with code {code} before its result was there"
        return (code if note or code == Exit.DONE else Exit.BROKEN), said

    def close(self) -> None:
        """Stops what is running and waits for it to go."""
        with self._lock:
            self._closed = True
            for process in self._running:
                kill_group(process)  # a trial can be killed at any moment
        self._pool.shutdown(wait=True, cancel_futures=True)


def _clear_up(process: subprocess.Popen[str]) -> None:
    """Waits for the end of a worker and kills what it left running, which may hold the pipe of its progress open."""
    process.wait()
    kill_group(process)


def _progress(trial: Trial) -> tuple[int, int] | None:
    """What changes with every checkpoint of a trial."""
    try:
        found = (trial.directory / CHECKPOINT).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
