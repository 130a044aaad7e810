"""Trainings from scratch, live or looked up in a table."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from pathlib import Path
from typing import Any, Protocol

from rlnas.study.networks import NetworkSpec
from rlnas.study.settings import StudySettings
from rlnas.table import NoScore, Table
from rlnas.table.runner import next_budget
from rlnas.trials.backend import Backend, Trial
from rlnas.trials.results import TrialResult
from rlnas.trials.warm_start import put_start


class Trainings(Protocol):
    """Carries out trainings from scratch."""

    def run(
        self, networks: Sequence[NetworkSpec], seeds: Sequence[int], until: int | None = None
    ) -> list[list[TrialResult]]:
        """Trains every network with every seed, to the end or until so many steps (`rlnas.trials.trial.run_trial`).

        Returns for each network the results, in the order of the seeds.
        """
        ...


class LiveTrainings:
    """Trains in the trial directories of a study, whose run directory is `path`; what is there is not trained again."""

    def __init__(self, path: Path, settings: StudySettings, backend: Backend):
        self.path, self.settings, self.backend = path, settings, backend

    def run(
        self, networks: Sequence[NetworkSpec], seeds: Sequence[int], until: int | None = None
    ) -> list[list[TrialResult]]:
        """See `Trainings.run`."""
        trials = []
        for network in networks:
            settings = [self.settings.trial(network.space, network.architecture, seed) for seed in seeds]
            trials.append([network.training(self.path, own, until) for own in settings])
            for trial in trials[-1]:
                put_start(network.start, trial.directory)
        return run_all(trials, self.backend)


def run_all(
    trials: Sequence[Sequence[Trial]], backend: Backend, done: Callable[[int], None] | None = None
) -> list[list[TrialResult]]:
    """Runs groups of equally many trials: the first of every group, then the second of every group, and so on.

    `done` is told now and then how many trials are done. Raises the error of the first trial that stops the study.
    """
    futures = [[backend.submit(trial) for trial in row] for row in zip(*trials, strict=True)]
    await_all([future for row in futures for future in row], done)
    return [[future.result() for future in group] for group in zip(*futures, strict=True)]


def await_all(futures: Sequence[Future[Any]], done: Callable[[int], None] | None = None) -> None:
    """Waits for futures; raises the first error. `done` is told now and then how many are done."""
    # Waiting without a limit cannot be interrupted where a library has replaced the handler of Ctrl-C (polars does).
    left = 1
    while left:
        left = len(wait(futures, timeout=0.5, return_when=FIRST_EXCEPTION).not_done)
        for future in futures:
            if future.done():
                future.result()
        if done is not None:
            done(len(futures) - left)


class TableTrainings:
    """Looks trainings up in a table."""

    def __init__(self, table: Table, settings: StudySettings):
        self.table, self.settings = table, settings

    def run(
        self, networks: Sequence[NetworkSpec], seeds: Sequence[int], until: int | None = None
    ) -> list[list[TrialResult]]:
        """See `Trainings.run`: a training that pauses is looked up at the next budget of the table.

        Raises a `MissingRun` if the table lacks it.
        """
        budget = next_budget(self.table, until or self.settings.train_steps)
        return [[self._look_up(network, seed, budget) for seed in seeds] for network in networks]

    def _look_up(self, network: NetworkSpec, seed: int, budget: int) -> TrialResult:
        known = not network.baseline or network.candidate
        found: dict[str, Any] = {"remarks": list(self.table.remarks) if known else []}
        try:
            record = self.table.query(network.name, seed=seed, budget=budget)
            found |= {"steps": record.steps, "scores": record.scores}
            found["status"] = "done" if budget == self.settings.train_steps else "paused"
            if self.table.remarks:  # padded networks cost more than those that this version builds of the same options
                found |= {"parameters": record.parameters, "multiply_adds": record.multiply_adds}
        except NoScore as error:
            found |= {"status": "failed", "reason": str(error)}
        return TrialResult.blank(network.space, network.architecture, seed).model_copy(update=found)
