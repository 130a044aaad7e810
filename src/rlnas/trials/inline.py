"""Trials in this process, one after another: for tests and debugging."""

from concurrent.futures import Future

from rlnas.algorithms.torch_modes import torch_threads
from rlnas.errors import EnvironmentFault, TrainingDiverged, UserError, WorkerError
from rlnas.trials.backend import Backend, Trial
from rlnas.trials.progress import Progress, Watcher, nobody
from rlnas.trials.results import TrialResult
from rlnas.trials.trial import failed_result, run_trial


class InlineBackend(Backend):
    """Runs a trial in this process while it is submitted; `watch` is told of its progress."""

    def __init__(self, watch: Watcher = nobody):
        self._watch = watch

    def submit(self, trial: Trial) -> Future[TrialResult]:
        """See `Backend.submit`; the future is done."""
        future: Future[TrialResult] = Future()
        try:
            with torch_threads(1):  # as in a process of its own
                future.set_result(run_trial(trial.directory, trial.settings, self._watch, trial.label, trial.until))
        except (EnvironmentFault, TrainingDiverged) as error:
            self._watch(Progress(trial.label, 0, 0, finished=True, note=f"failed: {error}"))
            future.set_result(failed_result(trial.settings, str(error)))
        except UserError as error:
            future.set_exception(error)
        except Exception as error:
            future.set_exception(WorkerError(f"{trial.label}: {type(error).__name__}: {error}. It can be resumed."))
        return future
