"""Trials in processes on this machine, one torch thread each."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, TextIO

from rlnas.errors import EnvironmentFault, RlnasError, TrainingDiverged, UserError, WorkerError
from rlnas.files import open_own
from rlnas.processes import child_environment, home, kill_group
from rlnas.trials.backend import Backend, Job, Trial
from rlnas.trials.progress import Progress, Watcher, nobody
from rlnas.trials.results import TrialResult
from rlnas.trials.trial import CHECKPOINT, failed_result, read_outcome

ATTEMPTS = 2
"""How often a trial from one checkpoint, or a job, is started when its process dies without a word (killed, say)."""


FAULTS: dict[str, type[RlnasError]] = {kind.__name__: kind for kind in (UserError, EnvironmentFault, TrainingDiverged)}
"""The errors that a job may raise."""

SERVER = "rlnas.trials.fork_server"
"""The module that trials are forks of."""


class Exit(IntEnum):
    """Exit codes of a worker's process."""

    DONE = 0
    FAILED = 3  # the environment failed or training diverged: another try would meet it again, so the study goes on
    REFUSED = 4  # the trial's directory or a checkpoint in it belongs to something else: the study stops
    BROKEN = 5  # anything else: tried again, then the study stops


class _Server:
    """A process that trials are forks of (`fork_server`); `place` are the circumstances that it was started in."""

    def __init__(self, env: str, log: int):
        self.place = _place()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", SERVER, str(theirs.fileno()), env],
                stdin=subprocess.DEVNULL,  # an environment that reads from it must find nothing, and not wait for ever
                stdout=log,
                stderr=log,
                pass_fds=(theirs.fileno(),),
                env=self.place[0],
                cwd=self.place[1],
                # Ctrl-C is for the study, which stops its workers itself.
                start_new_session=True,
            )

    def fork(self, files: list[int]) -> bool:
        """Has a trial forked that gets these files; whether the server is there to do so."""
        try:
            socket.send_fds(self._control, [b"+"], files)
        except OSError:
            return False
        return True

    def close(self, now: bool = False) -> None:
        """Ends the server, once it has done what it was told or `now`; trials that are forked go on."""
        self._control.close()
        if now:
            self._process.kill()
        self._process.wait()


def _place() -> tuple[dict[str, str], Path]:
    """The environment variables and the folder of workers: one thread, and the modules that this process can import."""
    return child_environment() | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}, home()


@dataclass(eq=False)
class _Worker:
    """The process of a trial or a job."""

    channel: socket.socket  # takes what to do, tells the progress; the process ends with it
    status: TextIO  # its process id; when it has ended, its exit code
    pid: int = 0

    def talk(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Tells it what to do; gives all that it says until it ends."""
        self.pid = int(self.status.readline() or 0)
        # It may end before it reads, or in the middle of a line.
        with contextlib.suppress(ConnectionError), self.channel.makefile(encoding="utf-8") as lines:
            self.channel.sendall((json.dumps(request) + "\n").encode())
            for line in lines:
                if line.endswith("\n"):
                    yield json.loads(line)

    def code(self) -> int:
        """Its exit code, when it has ended."""
        return int(self.status.readline() or Exit.BROKEN)

    def kill(self) -> None:
        """Kills it, also if it has not told its process id yet."""
        if self.pid:
            kill_group(self.pid)
        with contextlib.suppress(OSError):
            self.channel.shutdown(socket.SHUT_RDWR)


class LocalBackend(Backend):
    """Runs trials in processes on this machine, which are forks of one that has imported torch.

    Args:
        count: how many run at a time.
        watch: told of the progress of each; called from several threads, one call at a time per trial.
    """

    def __init__(self, count: int, watch: Watcher = nobody):
        self.jobs = count
        self._pool = ThreadPoolExecutor(count)
        self._watch = watch
        self._server: _Server | None = None
        self._running: set[_Worker] = set()
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
        with contextlib.ExitStack() as stack:
            worker = self._start(trial.directory / "worker.log", trial.settings.env, stack)
            if worker is None:
                return Exit.BROKEN, "the study was stopped"
            note = ""
            for said in worker.talk(_request(trial)):
                progress = Progress(**said)
                note = progress.note or note
                if not progress.note:
                    self._watch(progress)
            code = worker.code()
        said_why = note or code == Exit.DONE or code < 0
        return (code if said_why else Exit.BROKEN), _reason(code, note)

    def prepare(self, env: str, log: Path) -> None:
        """See `Backend.prepare`."""
        with open(open_own(log), "a") as output, self._lock:
            if self._server is None and not self._closed:
                self._server = _Server(env, output.fileno())

    def call(self, job: Job) -> Future[Any]:
        """See `Backend.call`."""
        return self._pool.submit(self._call, job)

    def _call(self, job: Job) -> Any:
        told = 0
        for _ in range(ATTEMPTS):
            found: dict[str, Any] = {}
            done = 0
            with contextlib.ExitStack() as stack:
                worker = self._start(job.log, job.env, stack)
                if worker is None:
                    raise WorkerError("the study was stopped")
                name = f"{job.function.__module__}:{job.function.__qualname__}"
                for said in worker.talk({"job": name, "data": job.data}):
                    done += said.pop("told", 0)
                    if done > told:  # what another try does again was told before
                        job.tell(done - told)
                        told = done
                    found |= said
                code = worker.code()
            if "error" in found:
                error = FAULTS[found["error"]](found["reason"])
                error.add_note(found["trace"])
                raise error
            if "result" in found:
                return found["result"]
        raise WorkerError(
            f"a part of the search: {_reason(code)}, {ATTEMPTS} times; see {job.log}. The study can be resumed."
        )

    def _start(self, log: Path, env: str, stack: contextlib.ExitStack) -> _Worker | None:
        """Starts a process, which counts as running until the stack is closed; `None` if all was stopped."""
        channel, theirs = socket.socketpair()
        reading, writing = os.pipe()
        worker = _Worker(stack.enter_context(channel), stack.enter_context(os.fdopen(reading, encoding="utf-8")))
        with theirs, open(writing, "wb") as told, open(open_own(log), "a") as output:
            files = [theirs.fileno(), told.fileno(), output.fileno()]
            with self._lock:
                if self._closed:
                    return None
                self._fork(files, env)
                self._running.add(worker)
        stack.callback(self._forget, worker)
        return worker

    def _fork(self, files: list[int], env: str) -> None:
        """Has a trial forked, by a new server where there is none any more or workers have another place by now."""
        if self._server is not None:
            if self._server.place == _place() and self._server.fork(files):
                return
            self._server.close()
        self._server = _Server(env, files[-1])
        self._server.fork(files)

    def _forget(self, worker: _Worker) -> None:
        with self._lock:
            self._running.discard(worker)

    def close(self) -> None:
        """Stops what is running and waits for it to go."""
        with self._lock:
            self._closed = True
            if self._server is not None:
                self._server.close(now=True)
            for worker in self._running:
                worker.kill()  # a trial can be killed at any moment
        self._pool.shutdown(wait=True, cancel_futures=True)


def _reason(code: int, note: str = "") -> str:
    """Why a process ended before its result was there."""
    if code < 0:
        return f"its process was killed ({signal.Signals(-code).name})"
    return note or f"its process ended with code {code} before its result was there"


def _request(trial: Trial) -> dict[str, Any]:
    """What a worker is told."""
    settings = trial.settings.model_dump(mode="json")
    return {"directory": str(trial.directory), "label": trial.label, "until": trial.until, "settings": settings}


def _progress(trial: Trial) -> tuple[int, int] | None:
    """What changes with every checkpoint of a trial."""
    try:
        found = (trial.directory / CHECKPOINT).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
