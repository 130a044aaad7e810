"""A table in the place of training: a strategy runs on it unchanged, and a clock counts what it would have cost."""

from __future__ import annotations

from collections.abc import Sequence

from rlnas.errors import UserError
from rlnas.strategies import Outcome, Proposal, Train
from rlnas.table.table import Metric, NoScore, Table, check_metric


class TableRunner:
    """Answers `Train` proposals by looking them up.

    Args:
        table: the table.
        budget: environment steps of every training, one of the table's budgets; `"300k"` will do.
        metric: what the strategy is told.
        seeds: the training seeds that every architecture is trained with.

    Attributes:
        space: the table's space.
        budget: environment steps of every training.
        trained: the architectures looked up so far; each is paid for once, as a study keeps its trials.

    Raises:
        MissingRun: if the table has no such budget, or none of the seeds.
        UserError: if there is no such metric.
    """

    def __init__(self, table: Table, *, budget: int | str, metric: Metric, seeds: Sequence[int]):
        self.table = table
        self.space = table.space
        self.budget = table.budget(budget)
        check_metric(metric)
        self.metric = metric
        table.check_seeds(seeds)
        self.seeds = tuple(seeds)
        self.trained: set[str] = set()

    @property
    def clock(self) -> int:
        """Environment steps that the trainings would have cost."""
        return len(self.trained) * len(self.seeds) * self.budget

    def answer(self, proposal: Proposal) -> Outcome:
        """Looks up the returns.

        Raises:
            UserError: if the strategy asks for a supernet, which a table does not have.
            MissingRun: if the table lacks a run.
        """
        if not isinstance(proposal, Train):
            raise UserError(
                "a table knows trainings from scratch only, but the strategy asks to "
                f"{type(proposal).__name__.lower()} a supernet: run its search on the environment."
            )
        found = []
        for architecture in proposal.architectures:
            name = architecture.id
            try:
                found.append(tuple(self.table.values(name, budget=self.budget, metric=self.metric, seeds=self.seeds)))
            except NoScore:
                found.append(())
            self.trained.add(name)
        return Outcome(tuple(found))

    def told(self) -> None:
        """Nothing to save: a search on a table takes less than a second."""
