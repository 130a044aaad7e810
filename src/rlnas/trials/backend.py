"""Where trials run: `submit(trial) -> future`."""

from abc import ABC, abstractmethod
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Self

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


class Backend(ABC):
    """Runs trials somewhere; as a context manager it is closed at the end. `rlnas.trials.conformance` checks one."""

    @abstractmethod
    def submit(self, trial: Trial) -> Future[TrialResult]:
        """Starts a trial as soon as there is room, from its checkpoint if it has one; one that is there is not run.

        The future's result says so if the trial failed by itself (`status`). The future raises a `UserError` where the
        trial's directory is not the trial's, and a `WorkerError` where what runs it breaks again and again.
        """

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
