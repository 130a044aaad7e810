"""Sections of a comparison on scores: table 1 of the paper, strategies, proxies, the reliability of the table."""

from collections.abc import Iterator, Sequence
from math import sqrt
from statistics import fmean, stdev

import numpy as np

from rlnas.analysis import Comparison, View
from rlnas.analysis.costs import COSTS, costed_networks, front, known_costs
from rlnas.analysis.outcomes import SearchOutcome, StrategyOutcome
from rlnas.analysis.references import ReferenceNetwork
from rlnas.analysis.significance import held_out_lead
from rlnas.quantity import plural, short
from rlnas.report.formats import NONE, milliseconds, score
from rlnas.report.sections import Cell, Column, Section, Table, Value, cells, columns, gap, interval, mean, notes
from rlnas.stats.agreement import CORRELATIONS, Agreement
from rlnas.stats.estimates import interquartile_mean_estimate
from rlnas.table import METRICS, Metric

NAMES: dict[Metric, str] = {metric: METRICS[metric].label for metric in ("reward_mean", *METRICS)}
"""In the order of the paper's table 1."""
EMPTY = Cell("", (None,))


def basis(comparison: Comparison) -> str:
    """Budget, seeds and repeats: the line under every section."""
    settings, seeds, whole = comparison.settings, comparison.table.seeds, comparison.table.steps
    cut = f" (trainings of {short(whole)} steps, scored at that step)" if settings.budget < whole else ""
    return (
        f"Budget {short(settings.budget)} steps for each training{cut}; {plural(len(seeds), 'training seed')} "
        f"({', '.join(map(str, seeds))}); K = {settings.top_k}; random search repeated "
        f"{plural(settings.repeats, 'time')}."
    )


def in_order(comparison: Comparison) -> list[View]:
    """The views by all metrics, in the order of `NAMES`."""
    return [comparison.views[metric] for metric in NAMES if metric in comparison.views]


def slug(metric: Metric) -> str:
    """A metric in file names."""
    return NAMES[metric].replace(" ", "-")


def table_1(comparison: Comparison) -> Section:
    """Table 1 of the paper: random search, hand-made networks and strategies by all metrics."""
    views = in_order(comparison)
    # A strategy that asks for trainings may cost more by one metric, so K differs between metrics.
    costs = {one.label: one.average("cost") for view in views for one in view.random_at_cost}
    rows = [_row([view.random for view in views])]
    at_cost = [{one.label: one for one in view.random_at_cost} for view in views]
    rows += [_row([own.get(label) for own in at_cost]) for label in sorted(costs, key=costs.__getitem__)]
    references = list(zip(*(view.references for view in views), strict=True))
    rows += [_reference_row(same) for same in references if same[0].kind == "hand-made"]
    rows += [_row(same) for same in zip(*(view.compared for view in views), strict=True)]
    rows += [_reference_row(same) for same in references if same[0].kind != "hand-made"]
    heads = " | ".join(f"{NAMES[view.metric]} -> {view.metric}, {view.metric}_deviation" for view in views)
    note = f"{notes('table_1')} {notes('scores')}{_about_baselines(views[0])}"
    head = columns(f"network or strategy -> name | over | {heads}")
    title = "Table 1: true performance of what each search returns"
    return Section(title, [Table(head, tuple(rows), "table-1", note, texts=2)])


def _row(same: Sequence[StrategyOutcome | None]) -> tuple[Cell, ...]:
    """A strategy by each metric; a dash where there is none by that metric."""
    first = next(one for one in same if one is not None)
    scores = (mean(one.mean, one.deviation) if one is not None else mean(None, None) for one in same)
    return cells(first.label, plural(len(first.searches), first.over), *scores)


def _reference_row(same: Sequence[ReferenceNetwork]) -> tuple[Cell, ...]:
    # The best of the table may be another network by each metric.
    names = list(dict.fromkeys(one.label for one in same))
    label = names[0] if len(names) == 1 else f"{names[0]}; {names[1].partition(': ')[2]}"
    return cells(label, NONE, *(mean(one.score, None) for one in same))


def _about_baselines(view: View) -> str:
    at_cost = f" {notes('at_cost')}" if view.random_at_cost else ""
    return at_cost + (f" {notes('short_trainings')}" if view.short_trainings else "")


def strategies(view: View, comparison: Comparison) -> Section:
    """Every strategy against random search, the average and the hand-made networks, and its cost."""
    others = [one for one in view.references if one.kind in ("hand-made", "average")]
    head = columns(
        "strategy | searches | cost in steps -> cost_steps | score -> score, score_deviation | "
        "held out -> held_out, held_out_deviation | interquartile mean -> interquartile_mean* | "
        "better than random search -> better_than_random* | lead held out -> lead_held_out* | regret"
    )
    names = [(one.label, f"above_{one.label}".replace(" ", "_")) for one in others]
    above = [Column(f"held out, above {label}", (name, f"{name}_low", f"{name}_high")) for label, name in names]
    rows = []
    for one in (view.random, *view.random_at_cost, *view.strategies, *view.short_trainings, view.exhaustive):
        found = view.significance.get(one.label)
        middle = interquartile_mean_estimate(one.scores, seed=comparison.settings.seed)
        scores = mean(one.mean, one.deviation), mean(*_held_out(one)), interval(middle, middle.value)
        against_random = interval(found.probability if found else None), gap(found.lead if found else None)
        leads = [gap(held_out_lead(one, other.scores)) for other in others]
        first = one.label, len(one.searches), steps_cell(one.average("cost"))
        rows.append(cells(*first, *scores, *against_random, one.average("regret"), *leads))
    note = notes("strategies", average=score(view.average)) + _about_baselines(view)
    title = f"Strategies against random search, by {NAMES[view.metric]}"
    return Section(title, [Table((*head, *above), tuple(rows), f"strategies-{slug(view.metric)}", note)])


def _held_out(strategy: StrategyOutcome) -> tuple[float | None, float | None]:
    """Mean and sample standard deviation over searches of the held-out scores."""
    known = [found[~np.isnan(found)] for found in strategy.held_out]
    means = [float(values.mean()) for values in known if values.size]
    if not means:
        return None, None
    return fmean(means), stdev(means) if len(means) > 1 else None


def anytime_data(view: View) -> Table:
    """The curves of score against steps."""
    points = [("random search", point) for point in view.anytime.random]
    points += [("short trainings", point) for point in view.anytime.short]
    rows = [cells(label, one.size, one.steps, mean(one.score, one.deviation)) for label, one in points]
    field = "held_out" if view.truth.scores.shape[1] > 1 else "score"  # with one seed nothing is held out
    head = columns(f"curve | size | steps | score -> {field}, {field}_deviation")
    return Table(head, tuple(rows), f"cost-{slug(view.metric)}")


def costs_data(view: View) -> Table:
    """Score and costs of all networks, best first."""
    networks = sorted(costed_networks(view.truth), key=lambda network: -network.score)
    fronts = {kind: {network.name for network in front(networks, kind)} for kind in known_costs(networks)}
    rows = []
    for one in networks:
        costs = [(one.costs.get(kind), "yes" if one.name in fronts.get(kind, ()) else "") for kind in COSTS]
        known = [Cell(cost_text(kind, *cost), cost) for kind, cost in zip(COSTS, costs, strict=True)]
        rows.append(cells(one.name, "yes" if one.hand_made else "", one.score, *known))
    head = columns(
        "network | hand-made | score | parameters -> parameters, parameters_front | "
        "multiply-adds -> multiply_adds, multiply_adds_front | latency -> latency_ms, latency_front"
    )
    return Table(head, tuple(rows), f"pareto-{slug(view.metric)}", texts=2)


def cost_text(kind: str, value: float | None, front: object = "") -> str:
    """A cost, with a mark where it is on the Pareto front.

    >>> cost_text("parameters", 4096, "yes"), cost_text("latency", 0.25), cost_text("latency", None)
    ('4,096 ●', '0.25 ms', '–')
    """
    if value is None:
        return NONE
    return (milliseconds(value) if kind == "latency" else f"{int(value):,}") + (" ●" if front else "")


def proxies(view: View, comparison: Comparison) -> Section:
    """How well proxies rank, search by search, and the seed-to-seed ceiling."""
    rows: list[tuple[Cell, ...]] = []
    marked: list[int] = []
    for strategy in view.with_proxy:
        rows += [_proxy_row(strategy.label, search) for search in strategy.searches]
        marked.append(len(rows))
        rows.append(_mean_row(strategy, view))
    rows += list(_ceiling_rows(view))
    head = columns(
        "strategy | seed -> search_seed | returns -> architecture | ranked | Kendall -> kendall* | "
        "Spearman -> spearman* | best rank | true top K -> in_true_top_k | score | regret | cost in steps -> cost_steps"
    )
    hits, rank = (view.random.average(name) for name in ("hits", "rank"))
    random = {"hits": f"{hits:.2f} of {comparison.settings.top_k}", "rank": f"{rank:.1f}"}
    note = notes("proxies", size=view.truth.means.size, ceiling=_about_ceiling(view), **random)
    table = Table(head, tuple(rows), f"proxies-{slug(view.metric)}", note, texts=3, marked=tuple(marked))
    return Section(f"Proxy against true performance, by {NAMES[view.metric]}", [table])


def _proxy_row(label: str, search: SearchOutcome) -> tuple[Cell, ...]:
    seed, ranked = Cell(str(search.seed), (search.seed,)), int((~np.isnan(search.proxies)).sum())
    correlations = [interval(search.correlations[kind]) for kind in CORRELATIONS]
    scores = search.rank, search.hits, search.score, search.regret, steps_cell(search.cost)
    return cells(label, seed, search.architecture, ranked, *correlations, *scores)


def _mean_row(strategy: StrategyOutcome, view: View) -> tuple[Cell, ...]:
    ranks, hits, cost = (strategy.average(name) for name in ("rank", "hits", "cost"))
    correlations = [interval(view.correlations[strategy.label][kind]) for kind in CORRELATIONS]
    places = Cell(f"{ranks:.1f}", (ranks,)), Cell(f"{hits:.2f}", (hits,))
    scores = strategy.mean, strategy.average("regret"), steps_cell(cost)
    return cells(strategy.label, "mean", "", EMPTY, *correlations, *places, *scores)


def steps_cell(steps: float) -> Cell:
    """A cell with a number of environment steps."""
    return Cell(short(round(steps)), (steps,))


def _ceiling_rows(view: View) -> Iterator[tuple[Cell, ...]]:
    """Rows of the table against itself; one row of dashes where there is no ceiling."""
    size, after = view.truth.means.size, [EMPTY] * 5
    for one, other in zip(*(view.agreements[kind] for kind in CORRELATIONS), strict=False):
        label = "ceiling: one seed against another"
        if one.seeds > 1:
            label = f"ceiling: means of {one.seeds} seeds"
        elif one.others > 1:
            label = f"ceiling: one seed against the mean of {one.others} others"
        yield cells(label, NONE, "", size, _agreement(one), _agreement(other), *after)
    if not all(view.agreements[kind] for kind in CORRELATIONS):
        yield cells("ceiling", NONE, "", size, interval(None), interval(None), *after)


def _agreement(found: Agreement) -> Cell:
    text = f"{found.mean:.2f}"
    if found.splits > 1:
        text += f" ({found.lowest:.2f} to {found.highest:.2f})"
    return Cell(text, (found.mean, found.lowest, found.highest))


def _about_ceiling(view: View) -> str:
    if all(view.agreements[kind] for kind in CORRELATIONS):
        return notes("ceiling")
    architectures, seeds = view.truth.scores.shape
    why = "one_seed" if seeds < 2 else "one_architecture" if architectures < 2 else "equal"
    return notes(f"no_ceiling_{why}")


def reliability(comparison: Comparison) -> Section:
    """How much of the variance of a single training the architecture explains."""
    rows = []
    row: list[Cell | Value]
    for view in in_order(comparison):
        found, p, (architectures, seeds) = view.components, view.rank_test, view.truth.scores.shape
        shared = found.reliability if found else None
        row = [NAMES[view.metric], architectures, seeds, interval(found.icc if found else None)]
        row.append(Cell(NONE if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}", (p,)))
        row += [found.architecture, found.seed] if found else [None, None]
        row.append(Cell(NONE if shared is None else f"{shared:.2f}", (shared,)))
        row += [sqrt(found.seed / seeds) if found else None, view.average]
        row.append(float(view.truth.means.std(ddof=1)) if architectures > 1 else None)
        rows.append(cells(*row))
    head = columns(
        "metric | architectures | seeds | ICC(1) -> icc* | p by ranks -> p_ranks | variance: architecture -> "
        "variance_architecture | variance: seed -> variance_seed | ICC(1, k) -> reliability | error of a score -> "
        "standard_error | mean of all -> mean | deviation of the means -> deviation"
    )
    note = notes("reliability" if len(comparison.table.seeds) > 1 else "reliability_one_seed")
    return Section("How reliable the table is", [Table(head, tuple(rows), "reliability", note)])
