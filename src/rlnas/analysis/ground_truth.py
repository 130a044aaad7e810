"""The true performance of a table's architectures, by which searches are evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rlnas.spaces import Subset
from rlnas.table import Metric, Table, TableRunner

Options = Mapping[str, Any]


@dataclass(frozen=True)
class ComparisonSettings:
    """What all rows of a comparison have in common."""

    budget: int  # environment steps of every training
    top_k: int  # architectures that each search trains from scratch
    repeats: int  # repeats of random search, and of strategies that run on the table
    seed: int  # root of the random streams
    # Options given to strategies that run on the table, by the strategy's name.
    options: Mapping[str, Options] = field(default_factory=dict)


class GroundTruth:
    """The true performance of all architectures of a table by one metric: the mean over the table's training seeds.

    With `partial`, strategies that run on the table choose from its architectures instead of the whole space. Every
    training has `budget` environment steps.
    """

    def __init__(self, table: Table, metric: Metric, budget: int, partial: bool = False):
        self.table = table
        self.metric = metric
        self.budget = budget
        self.partial = partial
        self.space = Subset(table.space, table.architectures) if partial else table.space
        self.seeds = tuple(table.seeds)
        self.scores = table.scores(budget=budget, metric=metric, seeds=self.seeds)  # (architectures, seeds)
        self.means = self.scores.mean(1)  # (architectures,)
        self._index = {name: number for number, name in enumerate(table.architectures)}

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def index(self, name: str) -> int:
        """The row of an architecture; raises `MissingRun` if the table has no run of it."""
        if name not in self._index:
            self.table.values(name, budget=self.budget, metric=self.metric, seeds=self.seeds)
        return self._index[name]

    def cost(self, architectures: int) -> int:
        """Environment steps of training so many architectures with every seed."""
        return architectures * len(self.seeds) * self.budget

    def early(self, cut: int) -> np.ndarray | None:
        """The scores at an earlier budget, NaN where no game had ended by then; `None` where all are NaN."""
        runs = [
            [self.table.query(name, seed=seed, budget=cut) for seed in self.seeds] for name in self.table.architectures
        ]
        found = np.array([[run.scores[self.metric] for run in of_one] for of_one in runs], dtype=np.float64)
        return None if np.isnan(found).all() else found

    def runner(self, without: int | None = None) -> TableRunner:
        """A new runner on the table, with every seed or with all but one."""
        seeds = [seed for seed in self.seeds if seed != without]
        return TableRunner(self.table, budget=self.budget, metric=self.metric, seeds=seeds)
