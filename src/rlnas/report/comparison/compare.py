"""Everything that a comparison says, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rlnas.errors import UserError, unknown
from rlnas.quantity import parse_steps
from rlnas.report.comparison.contenders import (
    RANDOM,
    Conditions,
    Contender,
    Standings,
    grouped,
    judge,
    random_search,
)
from rlnas.table import METRICS, Metric, Table
from rlnas.table.searches import StoredSearch
from rlnas.table.statistics import (
    CORRELATIONS,
    Agreement,
    Correlation,
    Estimate,
    VarianceComponents,
    mean_correlation,
    probability_better,
    seed_agreement,
    variance_components,
)

PAPERS_OWN = {"paper-1": ("k2=4,k3=3", "the paper's Nature-CNN")}
"""Members of spaces that stand for a hand-made network (paper, table 3)."""


@dataclass(frozen=True)
class Yardstick:
    """A network, or an average of networks, that no search returned.

    Attributes:
        label: what tables call it.
        architecture: its name in the table; `None` for an average.
        score: its true performance.
        made: whether people made it.
    """

    label: str
    architecture: str | None
    score: float
    made: bool = False


@dataclass(frozen=True)
class View:
    """A comparison by one metric.

    Attributes:
        standings: the table's true performances.
        random: random search.
        contenders: the strategies.
        yardsticks: hand-made networks and other references.
        components: how much of the variance is the architecture's; `None` with one seed or one architecture.
        agreements: the seed-to-seed ceiling: for each correlation, between single seeds and, where there are at least
            four seeds, between halves of them.
        correlations: for each contender's label the mean correlations of proxy and true performance.
        better: for each contender's label the probability that it returns a better network than random search.
    """

    standings: Standings
    random: Contender
    contenders: tuple[Contender, ...]
    yardsticks: tuple[Yardstick, ...]
    components: VarianceComponents | None
    agreements: dict[Correlation, tuple[Agreement, ...]]
    correlations: dict[str, dict[Correlation, Estimate]]
    better: dict[str, Estimate]

    @property
    def metric(self) -> Metric:
        """The metric."""
        return self.standings.metric

    @property
    def average(self) -> float:
        """The mean true performance of all architectures: what drawing one at random gives."""
        return float(self.standings.truth.mean())

    @property
    def best(self) -> str:
        """The id of the best architecture of the table; of equals, the first of the space."""
        return self.standings.table.architectures[int(self.standings.truth.argmax())]


@dataclass(frozen=True)
class Comparison:
    """Strategies, random search and hand-made networks on one table.

    Attributes:
        table: the table.
        conditions: what all rows have in common.
        views: by each metric; table 1 shows all.
        metrics: the metrics that have a part of their own.
        remarks: what a reader should know of the searches, a sentence each.
        out: the folder that it was written to.
    """

    table: Table
    conditions: Conditions
    views: dict[Metric, View]
    metrics: tuple[Metric, ...]
    remarks: tuple[str, ...]
    out: Path | None = None

    @property
    def shown(self) -> list[View]:
        """The views that have a part of their own."""
        return [self.views[metric] for metric in self.metrics]


def work_out(
    table: Table,
    searches: Sequence[StoredSearch],
    *,
    strategies: Sequence[str] | None = None,
    budget: int | str | None = None,
    metrics: Sequence[Metric] = METRICS,
    top_k: int = 3,
    repeats: int = 1_000,
    seed: int = 0,
) -> Comparison:
    """Judges searches on a table; arguments and errors are those of `compare`."""
    if not metrics:
        raise UserError("a comparison needs at least one metric.")
    for metric in metrics:
        if metric not in METRICS:
            raise unknown("metric", metric, METRICS)
    for name, value, least in (("top_k", top_k, 1), ("repeats", repeats, 1), ("seed", seed, 0)):
        if value < least:
            raise UserError(f"{name} must be at least {least}, not {value}.")
    steps = table.steps if budget is None else parse_steps(budget, "budget")
    conditions = Conditions(steps, top_k, repeats, seed)
    groups = grouped(searches, strategies)
    kept = [search for group in groups.values() for search in group]
    for search in kept:
        search.check(table)
    if not table.architectures:
        raise UserError(f"the table {table.name!r} holds no architecture of its space, only hand-made networks.")
    views = {metric: _view(table, groups, metric, conditions) for metric in METRICS}
    return Comparison(table, conditions, views, tuple(dict.fromkeys(metrics)), _remarks(kept, searches, top_k))


def _view(table: Table, groups: dict[str, list[StoredSearch]], metric: Metric, conditions: Conditions) -> View:
    standings = Standings(table, metric, conditions.budget)
    random = random_search(standings, conditions)
    contenders = tuple(
        Contender(label, tuple(judge(search, standings, conditions) for search in group))
        for label, group in groups.items()
    )
    return View(
        standings,
        random,
        contenders,
        tuple(_yardsticks(standings)),
        variance_components(standings.scores, seed=conditions.seed),
        {kind: _agreements(standings.scores, kind, conditions.seed) for kind in CORRELATIONS},
        {contender.label: _mean_correlations(contender, standings, conditions.seed) for contender in contenders},
        {contender.label: probability_better(contender.scores, random.scores) for contender in contenders},
    )


def _yardsticks(standings: Standings) -> list[Yardstick]:
    table = standings.table

    def truth_of(name: str) -> float:
        return table.mean(name, budget=standings.budget, metric=standings.metric, seeds=table.seeds)

    made = [Yardstick(name, name, truth_of(name), made=True) for name in table.baselines]
    name, label = PAPERS_OWN.get(table.space.name, ("", ""))
    if name in table.architectures:
        made.append(Yardstick(f"{name} ({label})", name, truth_of(name), made=True))
    costs = [table.space.cost(table.space.architecture(name)) for name in table.architectures]
    largest = max(range(len(costs)), key=lambda n: (costs[n].multiply_adds, costs[n].parameters))
    truth = standings.truth
    found = [("largest network", largest), ("best of the table", int(truth.argmax()))]
    others = [
        Yardstick(f"{label}: {table.architectures[n]}", table.architectures[n], float(truth[n])) for label, n in found
    ]
    return [*made, Yardstick("average architecture", None, float(truth.mean())), *others]


def _agreements(scores: np.ndarray, kind: Correlation, seed: int) -> tuple[Agreement, ...]:
    sizes = dict.fromkeys((1, scores.shape[1] // 2))
    found = [seed_agreement(scores, size, kind, seed=seed) for size in sizes]
    return tuple(agreement for agreement in found if agreement is not None)


def _mean_correlations(contender: Contender, standings: Standings, seed: int) -> dict[Correlation, Estimate]:
    proxies = np.array([found.proxies for found in contender.found])
    return {kind: mean_correlation(proxies, standings.truth, kind, seed=seed) for kind in CORRELATIONS}


def _remarks(kept: Sequence[StoredSearch], given: Sequence[StoredSearch], top_k: int) -> tuple[str, ...]:
    found: list[str] = []
    left = sum(search.strategy == RANDOM for search in given)
    if left:
        found.append(f"{left} of the given searches are of random search and left out: it is run on the table instead.")
    for search in kept:
        if len(search.ranking) < top_k:
            found.append(f"{search} ranks {len(search.ranking)} architectures only, fewer than the top {top_k}.")
        at_cut = search.ranking[top_k - 1 : top_k + 1]
        if len(at_cut) == 2 and at_cut[0][1] == at_cut[1][1]:
            tied = sum(proxy == at_cut[0][1] for _, proxy in search.ranking)
            found.append(f"{search}: {tied} architectures share the proxy at the cut, so its top {top_k} is by lot.")
        found += [f"{search}: {remark}" for remark in search.remarks]
    return tuple(found)
