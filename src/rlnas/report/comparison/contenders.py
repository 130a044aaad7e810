"""Searches put to the test on a table: what each would return, and how random search does there."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from rlnas import seeding
from rlnas.errors import unknown
from rlnas.report.formats import exact
from rlnas.search import RandomSearch, RandomSearchSettings, Train, drive
from rlnas.table import Metric, Table, TableRunner
from rlnas.table.searches import StoredSearch
from rlnas.table.statistics import CORRELATIONS, Correlation, Estimate, correlation, rank, regret

RANDOM = "random"


@dataclass(frozen=True)
class Conditions:
    """What every row of a comparison has in common.

    Attributes:
        budget: environment steps of every training.
        top_k: architectures that each search has trained from scratch.
        repeats: repeats of random search.
        seed: root of the random streams: of random search and of resampling.
    """

    budget: int
    top_k: int
    repeats: int
    seed: int


class Standings:
    """The true performance of a table's architectures by one metric: the mean over all the table's seeds.

    Attributes:
        scores: `(architectures, seeds)`.
        truth: `(architectures,)`.
    """

    def __init__(self, table: Table, metric: Metric, budget: int):
        self.table = table
        self.metric = metric
        self.budget = budget
        self.scores = table.scores(budget=budget, metric=metric, seeds=table.seeds)
        self.truth = self.scores.mean(1)
        self._index = {name: number for number, name in enumerate(table.architectures)}

    def index(self, name: str) -> int:
        """The number of an architecture.

        Raises:
            MissingRun: if the table has no run of it.
        """
        if name not in self._index:
            self.table.values(name, budget=self.budget, metric=self.metric, seeds=self.table.seeds)
        return self._index[name]

    def runner(self) -> TableRunner:
        """A new runner, its clock at 0."""
        return TableRunner(self.table, budget=self.budget, metric=self.metric, seeds=self.table.seeds)


@dataclass(frozen=True)
class Found:
    """What a search would have returned, had its top K been trained as the table's networks were (paper, 5.3).

    Attributes:
        search: the search; `None` for a repeat of random search.
        architecture: id of the best of its top K by true performance.
        score: true performance of it.
        rank: true rank of it, 1 for the best of the table.
        regret: how far it is below the best of the table.
        hits: how many of the top K are among the true best K.
        cost: environment steps of the search and of the trainings.
        proxies: `(architectures,)`, NaN where the search did not rank one; of random search all are NaN.
        correlations: of proxy and true performance, over the architectures that the search ranked.
    """

    search: StoredSearch | None
    architecture: str
    score: float
    rank: int
    regret: float
    hits: int
    cost: int
    proxies: np.ndarray
    correlations: dict[Correlation, Estimate]


@dataclass(frozen=True)
class Contender:
    """A strategy with its options and budget, over several search seeds.

    Attributes:
        label: what tables call it.
        found: what each search returned.
    """

    label: str
    found: tuple[Found, ...]

    @cached_property
    def scores(self) -> np.ndarray:
        """The true performance of what each search returned."""
        return np.array([found.score for found in self.found])

    @property
    def mean(self) -> float:
        """The mean over search seeds."""
        return float(self.scores.mean())

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation over search seeds."""
        return float(self.scores.std(ddof=1)) if self.scores.size > 1 else None

    @property
    def best(self) -> Found:
        """What the luckiest of the searches returned; of equals, the first."""
        return max(self.found, key=lambda found: found.score)

    def average(self, attribute: str) -> float:
        """The mean over search seeds of a number of `Found`."""
        return statistics.fmean(getattr(found, attribute) for found in self.found)


def grouped(searches: Sequence[StoredSearch], strategies: Sequence[str] | None) -> dict[str, list[StoredSearch]]:
    """Searches that differ in their seed alone, under one label each.

    Args:
        searches: the searches; those of random search are left out, since it is run on the table.
        strategies: which strategies, in this order; all there are, if `None`.

    Raises:
        UserError: if there is no search of a strategy that is asked for.
    """
    there = sorted({search.strategy for search in searches} - {RANDOM})
    for name in strategies or ():
        if name not in (*there, RANDOM):
            raise unknown("strategy of a stored search", name, [*there, RANDOM])
    found: dict[str, list[StoredSearch]] = {}
    for name in dict.fromkeys(there if strategies is None else strategies):
        own = [search for search in searches if search.strategy == name and name != RANDOM]
        kinds = dict.fromkeys(search.kind for search in own)
        for kind in kinds:
            members = sorted((s for s in own if s.kind == kind), key=lambda s: s.seed)
            found[_label(members[0], own)] = members
    return found


def _label(search: StoredSearch, others: Sequence[StoredSearch]) -> str:
    """The strategy, and what sets the search apart from others of the same strategy."""
    words = []
    if len({other.steps for other in others}) > 1:
        words.append(f"{exact(search.steps)} steps")
    for name in sorted({name for other in others for name in other.options}):
        if any(other.options.get(name) != search.options.get(name) for other in others):
            words.append(f"{name}={search.options.get(name, 'default')}")
    return f"{search.strategy} ({', '.join(words)})" if words else search.strategy


def judge(search: StoredSearch, standings: Standings, conditions: Conditions) -> Found:
    """Trains the top K of a search on the table and returns the best.

    Raises:
        MissingRun: if the table lacks a run of an architecture that the search ranked.
    """
    runner = standings.runner()
    top = [name for name, _ in search.ranking[: conditions.top_k]]
    space = standings.table.space
    runner.answer(Train(tuple(map(space.architecture, search.trained))))  # paid for, and not again among the top K
    returns = runner.answer(Train(tuple(map(space.architecture, top)))).returns
    best = max(range(len(top)), key=lambda place: statistics.fmean(returns[place]))
    proxies = np.full(standings.truth.size, np.nan)
    for name, proxy in search.ranking:
        proxies[standings.index(name)] = proxy
    known = ~np.isnan(proxies)
    correlations = {
        kind: correlation(proxies[known], standings.truth[known], kind, seed=conditions.seed) for kind in CORRELATIONS
    }
    return Found(search, **_merits(top, top[best], standings), cost=search.cost_steps + runner.clock, proxies=proxies,
                 correlations=correlations)  # fmt: skip


def random_search(standings: Standings, conditions: Conditions) -> Contender:
    """Random search, run on the table again and again by the loop that runs every strategy (paper, 5.4).

    Raises:
        MissingRun: if the table lacks a run of an architecture that is drawn.
    """
    settings = RandomSearchSettings(samples=conditions.top_k)
    nothing = np.full(standings.truth.size, np.nan)
    found = []
    for repeat in range(conditions.repeats):
        root = seeding.integer(conditions.seed, "compare-random", repeat)
        strategy = RandomSearch(standings.table.space, 0, root, settings)
        runner = standings.runner()
        drive(strategy, runner)
        names = [entry.architecture.id for entry in strategy.rank()]
        merits = _merits(names, names[0], standings)
        found.append(Found(None, **merits, cost=runner.clock, proxies=nothing, correlations={}))
    return Contender("random search", tuple(found))


def _merits(top: list[str], returned: str, standings: Standings) -> dict[str, Any]:
    """What the architecture that is returned, and the top K, are worth."""
    truth, index = standings.truth, standings.index(returned)
    return {
        "architecture": returned,
        "score": float(truth[index]),
        "rank": rank(truth, index),
        "regret": regret(truth, index),
        "hits": sum(rank(truth, standings.index(name)) <= len(top) for name in top),
    }
