"""The true performances of a table, by which searches are judged, and what all judgements have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rlnas.spaces import Subset
from rlnas.table import Metric, Table, TableRunner

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Conditions:
    """What every row of a comparison has in common.

    Attributes:
        budget: environment steps of every training.
        top_k: architectures that each search has trained from scratch.
        repeats: repeats of random search, and of strategies that are run on the table.
        seed: root of their random streams, and of resampling.
        options: for strategies that are run on the table, those of their options that were given.
    """

    budget: int
    top_k: int
    repeats: int
    seed: int
    options: Mapping[str, Options] = field(default_factory=dict)


class Standings:
    """The true performance of a table's architectures by one metric: the mean over its training seeds.

    Args:
        table: the table.
        metric: the metric.
        budget: environment steps of every training.
        partial: whether the table's architectures alone are there to be drawn, and not the whole space.

    Attributes:
        space: what a strategy that is run on the table searches.
        seeds: the training seeds, all that the table has.
        scores: `(architectures, seeds)`.
        truth: `(architectures,)`.
    """

    def __init__(self, table: Table, metric: Metric, budget: int, partial: bool = False):
        self.table = table
        self.metric = metric
        self.budget = budget
        self.partial = partial
        self.space = Subset(table.space, table.architectures) if partial else table.space
        self.seeds = tuple(table.seeds)
        self.scores = table.scores(budget=budget, metric=metric, seeds=self.seeds)
        self.truth = self.scores.mean(1)
        self._index = {name: number for number, name in enumerate(table.architectures)}

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def index(self, name: str) -> int:
        """The number of an architecture.

        Raises:
            MissingRun: if the table has no run of it.
        """
        if name not in self._index:
            self.table.values(name, budget=self.budget, metric=self.metric, seeds=self.seeds)
        return self._index[name]

    def cost(self, architectures: int) -> int:
        """Environment steps that it takes to train so many architectures with every seed."""
        return architectures * len(self.seeds) * self.budget

    def early(self, cut: int) -> np.ndarray | None:
        """The scores at an earlier budget, `(architectures, seeds)`, NaN where no game had ended by then.

        `None` where none had ended in any training.
        """
        runs = [
            [self.table.query(name, seed=seed, budget=cut) for seed in self.seeds] for name in self.table.architectures
        ]
        found = np.array([[getattr(run, self.metric) for run in of_one] for of_one in runs], dtype=np.float64)
        return None if np.isnan(found).all() else found

    def runner(self, without: int | None = None) -> TableRunner:
        """A new runner, its clock at 0, that trains with every seed, or with all but one."""
        seeds = [seed for seed in self.seeds if seed != without]
        return TableRunner(self.table, budget=self.budget, metric=self.metric, seeds=seeds)
