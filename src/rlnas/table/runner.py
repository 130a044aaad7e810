"""A table in the place of training: a strategy runs on it unchanged, and a clock counts what it would have cost."""

from collections.abc import Sequence
from itertools import product

from rlnas.errors import UserError
from rlnas.strategies import Outcome, Proposal, Train, training_seeds
from rlnas.table.table import Metric, NoScore, Table


def next_budget(table: Table, steps: int) -> int:
    """The first budget of a table at or above so many environment steps; raises `MissingRun` if all are below."""
    return next((budget for budget in table.budgets if budget >= steps), None) or table.budget(steps)


class TableRunner:
    """Answers `Train` proposals by looking them up.

    A training that pauses is looked up at the next budget of the table. Each is paid for once: one that continues costs
    the difference.

    Args:
        table: the table.
        budget: environment steps of a whole training, one of the table's budgets; `"300k"` will do.
        metric: what the strategy is told as `returns`.
        seeds: the training seeds; a proposal that names fewer gets the first of them.

    Attributes:
        paid: environment steps paid for so far, by architecture and seed.

    Raises:
        MissingRun: if the table has no such budget, or none of the seeds.
        UserError: if there is no such metric.
    """

    def __init__(self, table: Table, *, budget: int | str, metric: Metric, seeds: Sequence[int]):
        self.table = table
        self.space = table.space
        self.budget = table.budget(budget)
        table.check_metric(metric)
        self.metric = metric
        table.check_seeds(seeds)
        self.seeds = tuple(seeds)
        self.paid: dict[tuple[str, int], int] = {}

    @property
    def trained(self) -> set[str]:
        """The architectures looked up so far."""
        return {name for name, _ in self.paid}

    @property
    def clock(self) -> int:
        """Environment steps that the trainings would have cost."""
        return sum(self.paid.values())

    def answer(self, proposal: Proposal) -> Outcome:
        """Looks up the returns.

        Raises:
            UserError: if the strategy needs a supernet, or more steps or seeds than there are.
            MissingRun: if the table lacks a run.
        """
        if not isinstance(proposal, Train):
            raise UserError(
                "a table holds trainings from scratch only, but the strategy shares weights: run its search on the "
                "environment."
            )
        seeds = training_seeds(proposal, self.seeds, self.budget)
        budget = next_budget(self.table, proposal.steps or self.budget)
        names = [architecture.id for architecture in proposal.architectures]
        for key in product(names, seeds):
            self.paid[key] = max(budget, self.paid.get(key, 0))
        told: tuple[Metric, Metric] = (self.metric, "reward_mean")
        returns, means = (tuple(self._values(name, budget, metric, seeds) for name in names) for metric in told)
        return Outcome(returns, reward_means=means)

    def _values(self, name: str, budget: int, metric: Metric, seeds: Sequence[int]) -> tuple[float, ...]:
        try:
            return tuple(self.table.values(name, budget=budget, metric=metric, seeds=seeds))
        except NoScore:
            return ()

    def told(self) -> None:
        """Nothing to save: a search on a table takes less than a second."""
