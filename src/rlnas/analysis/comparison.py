"""A comparison of strategies, baselines and reference networks on a table, as numbers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from rlnas.analysis.anytime import Anytime, anytime
from rlnas.analysis.baselines import affordable, exhaustive_search, random_search, short_trainings
from rlnas.analysis.ground_truth import ComparisonSettings, GroundTruth, Options
from rlnas.analysis.labels import searches_by_label
from rlnas.analysis.outcomes import StrategyOutcome, evaluate_search
from rlnas.analysis.references import ReferenceNetwork, reference_networks
from rlnas.analysis.remarks import about_searches, left_out, missing_proxies
from rlnas.analysis.significance import Significance, significance
from rlnas.analysis.simulation import chosen_strategies, simulate
from rlnas.brief import Brief
from rlnas.errors import UserError
from rlnas.quantity import short
from rlnas.stats import agreement
from rlnas.stats.agreement import CORRELATIONS, Agreement, Correlation, VarianceComponents
from rlnas.stats.estimates import Estimate
from rlnas.strategies.registry import TOP_K
from rlnas.table import Metric, MissingRun, Table
from rlnas.table.searches import StoredSearch


@dataclass(frozen=True, repr=False)
class View(Brief):
    """A comparison by one metric.

    Attributes:
        truth: the table's true performances.
        random: random search with K architectures.
        strategies: the strategies.
        random_at_cost: random search at the cost of strategies that cost more than `random`.
        short_trainings: short trainings of all architectures, for the steps of the searches.
        exhaustive: exhaustive search.
        references: hand-made networks and other reference networks.
        components: how much of the variance is the architecture's; `None` with one seed or one architecture.
        rank_test: p-value of the differences between architectures by ranks; `None` likewise.
        agreements: the seed-to-seed ceiling: of single seeds, of one and the mean of the others, of halves.
        correlations: mean correlations of proxy and true performance, by the labels of strategies with a proxy.
        anytime: the score that random search and short trainings reach for any number of steps.
        significance: of each strategy in `compared` against random search at the same cost, by label.
    """

    truth: GroundTruth
    random: StrategyOutcome
    strategies: tuple[StrategyOutcome, ...]
    random_at_cost: tuple[StrategyOutcome, ...]
    short_trainings: tuple[StrategyOutcome, ...]
    exhaustive: StrategyOutcome
    references: tuple[ReferenceNetwork, ...]
    components: VarianceComponents | None
    rank_test: float | None
    agreements: dict[Correlation, tuple[Agreement, ...]]
    correlations: dict[str, dict[Correlation, Estimate]]
    anytime: Anytime
    significance: dict[str, Significance]

    def _facts(self) -> dict[str, Any]:
        found = {one.label: f"mean {one.mean:.4g}" for one in (self.random, *self.strategies)}
        return {"metric": self.metric, **found}

    @property
    def compared(self) -> tuple[StrategyOutcome, ...]:
        """The strategies and short trainings, which are compared with random search."""
        return (*self.strategies, *self.short_trainings)

    @property
    def with_proxy(self) -> tuple[StrategyOutcome, ...]:
        """Those of them that rank architectures by a proxy."""
        return tuple(one for one in self.compared if one.has_proxy)

    @property
    def hand_made(self) -> list[ReferenceNetwork]:
        """The hand-made networks."""
        return [one for one in self.references if one.kind == "hand-made"]

    @property
    def metric(self) -> Metric:
        """The metric."""
        return self.truth.metric

    @property
    def average(self) -> float:
        """The mean true performance of all architectures, which a random one has on average."""
        return float(self.truth.means.mean())

    @property
    def best(self) -> str:
        """The id of the best architecture; of equals, the first of the space."""
        return self.truth.table.architectures[int(self.truth.means.argmax())]


@dataclass(frozen=True, repr=False)
class Comparison(Brief):
    """Strategies, baselines and reference networks on one table.

    Attributes:
        table: the table.
        settings: what all rows have in common.
        views: by each metric; table 1 shows all.
        metrics: the metrics that have sections of their own.
        remarks: what a reader should know of the searches, a sentence each.
    """

    table: Table
    settings: ComparisonSettings
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
            "steps": short(self.settings.budget),
            "strategies": ", ".join(one.label for one in view.strategies) if view else "",
            "metrics": ", ".join(self.metrics),
        }

    @property
    def shown(self) -> list[View]:
        """The views that have sections of their own."""
        return [self.views[metric] for metric in self.metrics]


def compare(
    table: Table,
    searches: Sequence[StoredSearch],
    *,
    strategies: Sequence[str] | None = None,
    options: Mapping[str, Options] | None = None,
    budget: int | str | None = None,
    metrics: Sequence[Metric] | None = None,
    top_k: int = TOP_K,
    repeats: int = 1_000,
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    drop_incomplete: bool = False,
) -> Comparison:
    """Compares strategies with random search and hand-made networks on a table (paper, 5.3 and 5.4).

    The options are those of `rlnas compare`: by default all strategies that have a search, the last budget, all metrics
    and all training seeds of the table. A strategy without a search runs on the table.

    Raises:
        MissingRun: if the table lacks a run that is needed.
        UserError: if a search does not fit the table, or an argument is not allowed.
    """
    metrics = tuple(dict.fromkeys(table.metrics if metrics is None else metrics))
    if not metrics:
        raise UserError("a comparison needs at least one metric.")
    for metric in metrics:
        table.check_metric(metric)
    for name, value, least in (("top_k", top_k, 1), ("repeats", repeats, 1), ("seed", seed, 0)):
        if value < least:
            raise UserError(f"{name} must be at least {least}, not {value}.")
    steps = table.budget(table.steps if budget is None else budget)
    if seeds is not None and (not seeds or len(set(seeds)) < len(seeds)):
        raise UserError(f"name at least one training seed, and each once, not {list(seeds)}.")
    table, without = _complete(table, steps, table.seeds if seeds is None else sorted(seeds), drop_incomplete)
    if top_k > len(table.architectures):
        raise UserError(f"top_k must be at most {len(table.architectures)}, the architectures compared, not {top_k}.")
    settings = ComparisonSettings(steps, top_k, repeats, seed, options or {})
    groups = {name: searches_by_label(searches, name) for name in chosen_strategies(table, searches, strategies)}
    compared = {label: group for own in groups.values() for label, group in own.items()}
    for search in chain.from_iterable(compared.values()):
        search.check(table)
    remarks = [*table.remarks, *left_out(without), *about_searches(compared, searches, top_k, steps, table.seeds)]
    if drop_incomplete:
        groups = {
            name: {label: [_within(search, table) for search in group] for label, group in own.items()}
            for name, own in groups.items()
        }
    # Strategies that run on a table of some architectures choose from these.
    partial = drop_incomplete or bool(table.settings.get("architectures"))
    with nullcontext() if drop_incomplete else _hint():
        views = {
            metric: _view(GroundTruth(table, metric, steps, partial), groups, settings) for metric in table.metrics
        }
    remarks += missing_proxies(views["total_reward"].short_trainings)
    return Comparison(table, settings, views, metrics, tuple(remarks))


@contextmanager
def _hint() -> Iterator[None]:
    """Says what to do about a run that is missing."""
    try:
        yield
    except MissingRun as error:
        raise MissingRun(f"{error} --drop-incomplete (drop_incomplete) leaves out what the table lacks.") from None


def _complete(table: Table, budget: int, seeds: Sequence[int], drop: bool) -> tuple[Table, list[str]]:
    """The table without networks that lack a score, and their names; raises `MissingRun` unless they are dropped."""
    without = table.unscored(budget=budget, seeds=seeds)
    if without and not drop:
        with _hint():
            for metric in table.metrics:
                table.values(without[0], budget=budget, metric=metric, seeds=seeds)
    if not table.architectures:
        raise UserError(f"the table {table.name!r} holds no architecture of its space, only hand-made networks.")
    if set(table.architectures) <= set(without):
        raise UserError(f"the table {table.name!r} has no architecture with a score under each of its seeds.")
    return table.part(seeds=seeds, without=without), without


def _within(search: StoredSearch, table: Table) -> StoredSearch:
    """A search without architectures that the table lacks; the next of its ranking move up."""
    known = {*table.architectures}
    ranking = tuple(entry for entry in search.ranking if entry[0] in known)
    if not ranking:
        raise UserError(f"the search {search} ranks no architecture that the table {table.name!r} has complete.")
    return search.model_copy(update={"ranking": ranking})


def _view(
    truth: GroundTruth, groups: Mapping[str, Mapping[str, Sequence[StoredSearch]]], settings: ComparisonSettings
) -> View:
    strategies: list[StrategyOutcome] = []
    for name, own in groups.items():
        for label, group in own.items():
            found = tuple(evaluate_search(search, truth, settings) for search in group)
            first = group[0]  # the others differ from it in their seed alone
            strategies.append(StrategyOutcome(label, found, strategy=name, budget=first.steps, options=first.options))
        if not own:
            strategies.append(simulate(name, truth, settings))
    short = tuple(short_trainings(truth, settings, strategies))
    compared = (*strategies, *short)
    samples = {one.label: affordable(one, truth) for one in compared}
    random = random_search(truth, settings)
    at_cost = {n: random_search(truth, settings, n) for n in sorted({*samples.values()} - {settings.top_k})}
    baselines = {settings.top_k: random, **at_cost}
    return View(
        truth=truth,
        random=random,
        strategies=tuple(strategies),
        random_at_cost=tuple(at_cost.values()),
        short_trainings=short,
        exhaustive=exhaustive_search(truth),
        references=tuple(reference_networks(truth)),
        components=agreement.variance_components(truth.scores, seed=settings.seed),
        rank_test=agreement.rank_test(truth.scores, seed=settings.seed),
        agreements={kind: _agreements(truth.scores, kind, settings.seed) for kind in CORRELATIONS},
        correlations={one.label: _mean_correlations(one, settings.seed) for one in compared if one.has_proxy},
        anytime=anytime(truth, settings),
        significance={one.label: significance(one, baselines[samples[one.label]]) for one in compared},
    )


def _agreements(scores: np.ndarray, kind: Correlation, seed: int) -> tuple[Agreement, ...]:
    seeds = scores.shape[1]
    sizes = dict.fromkeys([(1, 1), (1, seeds - 1), (seeds // 2, seeds // 2)])
    found = [agreement.seed_agreement(scores, *size, kind, seed=seed) for size in sizes]
    return tuple(one for one in found if one is not None)


def _mean_correlations(strategy: StrategyOutcome, seed: int) -> dict[Correlation, Estimate]:
    proxies = np.array([search.proxies for search in strategy.searches])
    truths = np.array([search.truth for search in strategy.searches])
    return {kind: agreement.mean_correlation(proxies, truths, kind, seed=seed) for kind in CORRELATIONS}
