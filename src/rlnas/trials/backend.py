"""Where trials run: `submit(trial) -> future`."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rlnas.trials.progress import Watcher, nobody
from rlnas.trials.results import TrialResult
from rlnas.trials.settings import TrialSettings


@dataclass(frozen=True)
class Trial:
    """A trial to run."""

    directory: Path
    settings: TrialSettings
    label: str  # what progress calls it
    until: int | None = None  # environment steps at which it pauses, as in `run_trial`; `None` runs it to its end


@dataclass(frozen=True)
class Job:
    """A part of a search that may run in another process."""

    function: Callable[[Any, Callable[[int], None]], Any]  # of a module of rlnas; given `data` and `tell`
    data: Any  # what JSON can hold, as is what the function returns
    env: str  # the environment that it plays
    log: Path  # where its process prints to
    tell: Callable[[int], None]  # told of numbers that add up: what was done since the last time


class Backend(ABC):
    """Runs trials somewhere; as a context manager it is closed at the end. `rlnas.trials.conformance` checks one.

    Attributes:
        jobs: how many jobs run at a time; with 1, the search does all by itself and `call` need not be there.
    """

    jobs: int = 1

    @abstractmethod
    def submit(self, trial: Trial) -> Future[TrialResult]:
        """Starts a trial as soon as there is room, from its checkpoint if it has one; one that is there is not run.

        The future's result says so if the trial failed by itself (`status`). The future raises a `UserError` where the
        trial's directory is not the trial's, and a `WorkerError` where what runs it breaks again and again.
        """

    def prepare(self, env: str, log: Path) -> None:
        """Starts what takes long to start, while a search does something else; arguments are those of a job."""
        return

    def call(self, job: Job) -> Future[Any]:
        """Runs a part of a search; the future has what its function returns, or raises its error.

        A process that breaks is a `WorkerError`.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Stops what is running; each trial can go on later from its checkpoint."""
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def make_backend(
    workers: int = 1, watch: Watcher = nobody, given: Backend | None = None
) -> AbstractContextManager[Backend]:
    """The backend that commands use: local processes, which end with the context.

    Args:
        workers: trials that run at a time.
        watch: told of the progress of each trial.
        given: another backend, which is used as it is and stays open.
    """
    from rlnas.trials.local import LocalBackend

    return LocalBackend(workers, watch) if given is None else nullcontext(given)
