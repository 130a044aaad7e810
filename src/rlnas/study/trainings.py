"""Trainings from scratch, live or looked up in a table."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from pathlib import Path
from typing import Any, Protocol

from rlnas.study.networks import NetworkSpec
from rlnas.study.settings import StudySettings
from rlnas.table import NoScore, Table
from rlnas.trials.results import TrialResult
from rlnas.trials.warm_start import put_start
from rlnas.trials.workers import Trial, Workers


class Trainings(Protocol):
    """Carries out trainings from scratch."""

    def run(self, entrants: Sequence[NetworkSpec], seeds: Sequence[int]) -> list[list[TrialResult]]:
        """Trains every contestant with every seed; for each, the results in the order of the seeds."""
        ...


class LiveTrainings:
    """Trains in the trial directories of a study, on workers; what is there already is not trained again.

    Args:
        path: the study's run directory.
        settings: the study's settings.
        workers: where the trials run.
    """

    def __init__(self, path: Path, settings: StudySettings, workers: Workers):
        self.path = path
        self.settings = settings
        self.workers = workers

    def run(self, entrants: Sequence[NetworkSpec], seeds: Sequence[int]) -> list[list[TrialResult]]:
        """See `Trainings.run`."""
        own = self.settings
        trials = [
            [entrant.training(self.path, own.trial(entrant.space, entrant.architecture, seed)) for seed in seeds]
            for entrant in entrants
        ]
        for entrant, group in zip(entrants, trials, strict=True):
            for trial in group:
                put_start(entrant.start, trial.directory)
        return run_all(trials, self.workers)


def run_all(trials: Sequence[Sequence[Trial]], workers: Workers) -> list[list[TrialResult]]:
    """Runs groups of trials: the first of every group, then the second of every group, and so on.

    Raises:
        UserError, WorkerError: of the first trial that stops the study.
    """
    futures: dict[tuple[int, int], Future[TrialResult]] = {}
    for place in range(max(map(len, trials), default=0)):
        for group, own in enumerate(trials):
            if place < len(own):
                futures[group, place] = workers.submit(own[place])
    # Waiting without a limit cannot be interrupted where a library has replaced the handler of Ctrl-C (polars does).
    while wait(futures.values(), timeout=0.5, return_when=FIRST_EXCEPTION).not_done:
        for future in futures.values():
            if future.done():
                future.result()
    return [[futures[group, place].result() for place in range(len(own))] for group, own in enumerate(trials)]


class TableTrainings:
    """Looks trainings up in a table.

    Args:
        table: the table.
        settings: the study's settings; they name the budget.
    """

    def __init__(self, table: Table, settings: StudySettings):
        self.table = table
        self.settings = settings

    def run(self, entrants: Sequence[NetworkSpec], seeds: Sequence[int]) -> list[list[TrialResult]]:
        """See `Trainings.run`.

        Raises:
            MissingRun: if the table lacks a run.
        """
        return [[self._look_up(entrant, seed) for seed in seeds] for entrant in entrants]

    def _look_up(self, entrant: NetworkSpec, seed: int) -> TrialResult:
        result = TrialResult.blank(entrant.space, entrant.architecture, seed)
        found: dict[str, Any] = {"remarks": [] if entrant.baseline else list(self.table.remarks)}
        try:
            record = self.table.query(entrant.name, seed=seed, budget=self.settings.train_steps)
            found |= {"steps": record.steps, "scores": record.scores}
            if self.table.remarks:  # padded networks cost more than those that this version builds of the same options
                found |= {"parameters": record.parameters, "multiply_adds": record.multiply_adds}
        except NoScore as error:
            found |= {"status": "failed", "reason": str(error)}
        return result.model_copy(update=found)
