"""Everything that a comparison says, as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from rlnas.brief import Brief
from rlnas.errors import UserError
from rlnas.quantity import short
from rlnas.report.comparison.blackbox import black_box, chosen_strategies
from rlnas.report.comparison.contenders import Contender, judge
from rlnas.report.comparison.efficiency import Efficiency, efficiency
from rlnas.report.comparison.naming import grouped
from rlnas.report.comparison.remarks import left_out, of_searches, ranked_by_lot
from rlnas.report.comparison.rivals import affordable, exhaustive_search, random_search, short_trainings
from rlnas.report.comparison.standings import Conditions, Options, Standings
from rlnas.report.comparison.verdicts import Verdict, verdict
from rlnas.report.comparison.yardsticks import Yardstick, yardsticks
from rlnas.stats.agreement import (
    CORRELATIONS,
    Agreement,
    Correlation,
    VarianceComponents,
    mean_correlation,
    rank_test,
    seed_agreement,
    variance_components,
)
from rlnas.stats.estimates import Estimate
from rlnas.table import METRICS, Metric, MissingRun, Table
from rlnas.table.searches import StoredSearch
from rlnas.table.table import check_metric


@dataclass(frozen=True, repr=False)
class View(Brief):
    """A comparison by one metric.

    Attributes:
        standings: the table's true performances.
        random: random search, with as many architectures as the top K.
        contenders: the strategies.
        equal: random search at the cost of the strategies, where that pays for more than the top K.
        short: short trainings of all architectures, for the steps of the searches.
        exhaustive: the whole training of all.
        yardsticks: hand-made networks and other references.
        components: how much of the variance is the architecture's; `None` with one seed or one architecture.
        rank_test: the probability of such differences in rank if the architecture had no influence; `None` likewise.
        agreements: the seed-to-seed ceiling: for each correlation, between single seeds, between each and the mean of
            the others and, where there are at least four, between halves of them.
        correlations: for the label of each in `ranking`, the mean correlations of proxy and true performance.
        efficiency: what random search and short trainings reach at every cost.
        verdicts: for the label of each in `judged`, whether it is better than random search at the same cost.
    """

    standings: Standings
    random: Contender
    contenders: tuple[Contender, ...]
    equal: tuple[Contender, ...]
    short: tuple[Contender, ...]
    exhaustive: Contender
    yardsticks: tuple[Yardstick, ...]
    components: VarianceComponents | None
    rank_test: float | None
    agreements: dict[Correlation, tuple[Agreement, ...]]
    correlations: dict[str, dict[Correlation, Estimate]]
    efficiency: Efficiency
    verdicts: dict[str, Verdict]

    def _facts(self) -> dict[str, Any]:
        found = {one.label: f"mean {one.mean:.4g}" for one in (self.random, *self.contenders)}
        return {"metric": self.metric, **found}

    @property
    def judged(self) -> tuple[Contender, ...]:
        """Those that are set against random search."""
        return (*self.contenders, *self.short)

    @property
    def ranking(self) -> tuple[Contender, ...]:
        """Those of them that rank architectures by a proxy."""
        return tuple(one for one in self.judged if one.ranks)

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


@dataclass(frozen=True, repr=False)
class Comparison(Brief):
    """Strategies, random search and hand-made networks on one table.

    Attributes:
        table: the table.
        conditions: what all rows have in common.
        views: by each metric; table 1 shows all.
        metrics: the metrics that have a part of their own.
        remarks: what a reader should know of the searches, a sentence each.
    """

    table: Table
    conditions: Conditions
    views: dict[Metric, View]
    metrics: tuple[Metric, ...]
    remarks: tuple[str, ...]

    def _facts(self) -> dict[str, Any]:
        view = self.views[self.metrics[0]] if self.metrics else None
        return {
            "table": self.table.name,
            "env": self.table.env,
            "space": self.table.space.name,
            "seeds": len(self.table.seeds),
            "steps": short(self.conditions.budget),
            "strategies": ", ".join(one.label for one in view.contenders) if view else "",
            "metrics": ", ".join(self.metrics),
        }

    @property
    def shown(self) -> list[View]:
        """The views that have a part of their own."""
        return [self.views[metric] for metric in self.metrics]


def compare(
    table: Table,
    searches: Sequence[StoredSearch],
    *,
    strategies: Sequence[str] | None = None,
    options: Mapping[str, Options] | None = None,
    budget: int | str | None = None,
    metrics: Sequence[Metric] = (*METRICS,),
    top_k: int = 3,
    repeats: int = 1_000,
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    drop_incomplete: bool = False,
) -> Comparison:
    """Compares strategies with random search and hand-made networks on a table (paper, 5.3 and 5.4).

    Args:
        table: the table.
        searches: finished searches, several seeds of each strategy.
        strategies: which strategies, in this order; all that `searches` hold, if `None`. Those that ask for trainings
            alone and have no stored search are run on the table, as often as random search, which is always run.
        options: for strategies that are run on the table, those of their options that were given.
        budget: environment steps at which networks are judged, one of the table's budgets; its last, if `None`.
        metrics: those that get a figure and tables of their own; table 1 always has both.
        top_k: architectures that each search has trained from scratch.
        repeats: repeats of random search and of strategies that are run on the table.
        seed: root of their random streams, and of resampling.
        seeds: the training seeds by which networks are judged; all that the table has, if `None`.
        drop_incomplete: whether networks that lack a score under one of these are left out, and said to be; if not,
            the first raises.

    Raises:
        MissingRun: if the table lacks a run that is needed.
        UserError: if a search does not fit the table, or an argument is not allowed.
    """
    if not metrics:
        raise UserError("a comparison needs at least one metric.")
    for metric in metrics:
        check_metric(metric)
    for name, value, least in (("top_k", top_k, 1), ("repeats", repeats, 1), ("seed", seed, 0)):
        if value < least:
            raise UserError(f"{name} must be at least {least}, not {value}.")
    steps = table.budget(table.steps if budget is None else budget)
    if seeds is not None and (not seeds or len(set(seeds)) < len(seeds)):
        raise UserError(f"name at least one training seed, and each once, not {list(seeds)}.")
    table, without = _complete(table, steps, table.seeds if seeds is None else sorted(seeds), drop_incomplete)
    if top_k > len(table.architectures):
        raise UserError(f"top_k must be at most {len(table.architectures)}, the architectures compared, not {top_k}.")
    conditions = Conditions(steps, top_k, repeats, seed, options or {})
    # For each strategy its searches; one that has none is run on the table.
    groups = {name: grouped(searches, name) for name in chosen_strategies(table, searches, strategies)}
    kept = {label: group for own in groups.values() for label, group in own.items()}
    for search in chain.from_iterable(kept.values()):
        search.check(table)
    remarks = [*table.remarks, *left_out(without), *of_searches(kept, searches, top_k, steps, table.seeds)]
    if drop_incomplete:
        groups = {
            name: {label: [_within(search, table) for search in group] for label, group in own.items()}
            for name, own in groups.items()
        }
    # Strategies that are run on a table of some architectures draw from these.
    partial = drop_incomplete or bool(table.settings.get("architectures"))
    with nullcontext() if drop_incomplete else _hinting():
        views = {metric: _view(Standings(table, metric, steps, partial), groups, conditions) for metric in METRICS}
    remarks += ranked_by_lot(views["total_reward"].short)
    return Comparison(table, conditions, views, tuple(dict.fromkeys(metrics)), tuple(remarks))


@contextmanager
def _hinting() -> Iterator[None]:
    """Says, of a run that is missing, what can be done about it."""
    try:
        yield
    except MissingRun as error:
        raise MissingRun(
            f"{error} With --drop-incomplete (drop_incomplete), what the table lacks is left out."
        ) from None


def _complete(table: Table, budget: int, seeds: Sequence[int], drop: bool) -> tuple[Table, list[str]]:
    """The part of a table that can be judged, and the networks that are left out of it.

    Raises:
        MissingRun: if there is no such seed; or if a network lacks a score, unless such are to be dropped.
        UserError: if no architecture is left.
    """
    without = table.unscored(budget=budget, seeds=seeds)
    if without and not drop:
        with _hinting():
            for metric in METRICS:
                table.values(without[0], budget=budget, metric=metric, seeds=seeds)
    if not table.architectures:
        raise UserError(f"the table {table.name!r} holds no architecture of its space, only hand-made networks.")
    if set(table.architectures) <= set(without):
        raise UserError(f"the table {table.name!r} has no architecture with a score under each of its seeds.")
    return table.part(seeds=seeds, without=without), without


def _within(search: StoredSearch, table: Table) -> StoredSearch:
    """A search without what the table lacks; the next of its ranking move up.

    Raises:
        UserError: if nothing is left of it.
    """
    known = {*table.architectures}
    ranking = tuple(entry for entry in search.ranking if entry[0] in known)
    if not ranking:
        raise UserError(f"the search {search} ranks nothing that the table {table.name!r} has whole.")
    return search.model_copy(update={"ranking": ranking})


def _view(
    standings: Standings, groups: Mapping[str, Mapping[str, Sequence[StoredSearch]]], conditions: Conditions
) -> View:
    contenders: list[Contender] = []
    for name, own in groups.items():
        for label, group in own.items():
            found = tuple(judge(search, standings, conditions) for search in group)
            first = group[0]  # the others differ from it in their seed alone
            contenders.append(Contender(label, found, strategy=name, budget=first.steps, options=first.options))
        if not own:
            contenders.append(black_box(name, standings, conditions))
    short = tuple(short_trainings(standings, conditions, contenders))
    samples = {one.label: affordable(one, standings) for one in (*contenders, *short)}
    random = random_search(standings, conditions)
    equal = {n: random_search(standings, conditions, n) for n in sorted({*samples.values()} - {conditions.top_k})}
    opponents = {conditions.top_k: random, **equal}
    return View(
        standings,
        random,
        tuple(contenders),
        tuple(equal.values()),
        short,
        exhaustive_search(standings),
        tuple(yardsticks(standings)),
        variance_components(standings.scores, seed=conditions.seed),
        rank_test(standings.scores, seed=conditions.seed),
        {kind: _agreements(standings.scores, kind, conditions.seed) for kind in CORRELATIONS},
        {one.label: _mean_correlations(one, conditions.seed) for one in (*contenders, *short) if one.ranks},
        efficiency(standings, conditions),
        {one.label: verdict(one, opponents[samples[one.label]]) for one in (*contenders, *short)},
    )


def _agreements(scores: np.ndarray, kind: Correlation, seed: int) -> tuple[Agreement, ...]:
    seeds = scores.shape[1]
    sizes = dict.fromkeys([(1, 1), (1, seeds - 1), (seeds // 2, seeds // 2)])
    found = [seed_agreement(scores, size, others, kind, seed=seed) for size, others in sizes]
    return tuple(agreement for agreement in found if agreement is not None)


def _mean_correlations(contender: Contender, seed: int) -> dict[Correlation, Estimate]:
    proxies = np.array([found.proxies for found in contender.found])
    truths = np.array([found.truth for found in contender.found])
    return {kind: mean_correlation(proxies, truths, kind, seed=seed) for kind in CORRELATIONS}
