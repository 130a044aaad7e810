"""The report of a comparison on a table, as a page and as Markdown with CSV files and figures."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure as Chart

from rlnas.analysis import Comparison, View
from rlnas.analysis.outcomes import StrategyOutcome
from rlnas.analysis.significance import Significance
from rlnas.errors import UserError
from rlnas.quantity import plural, short
from rlnas.report import comparison_tables as tables
from rlnas.report.comparison_figures import histogram, score_against_cost, score_against_steps
from rlnas.report.comparison_settings import options, search_space, trainings
from rlnas.report.comparison_tables import NAMES, basis, slug
from rlnas.report.formats import difference, estimate, score, spread
from rlnas.report.layers import layer_table
from rlnas.report.paper import papers_table
from rlnas.report.sections import Block, Cell, Document, Figure, Group, Prose, Section, Table, Value, notes
from rlnas.spaces import Space
from rlnas.study.networks import find_baseline


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Writes Markdown, a self-contained page, a CSV file for each table, and the figures as SVG and PNG."""
    table, settings = comparison.table, comparison.settings
    facts: dict[str, Value] = {
        "table": table.name,
        "env": table.env,
        "space": table.space.name,
        "budget": settings.budget,
        "training_seeds": " ".join(map(str, table.seeds)),
        "top_k": settings.top_k,
        "repeats": settings.repeats,
        "root_seed": settings.seed,
    }
    report(comparison).write(folder, facts)


def report(comparison: Comparison) -> Document:
    """All that is written of a comparison."""
    table = comparison.table
    names = ", ".join([*(strategy.label for strategy in comparison.shown[0].strategies), "random search"])
    title = f"{names} on {table.env}, space {table.space.name}"
    sections = [replace(section, basis=basis(comparison)) for section in _sections(comparison)]
    if comparison.remarks:
        sections.append(Section("Remarks", [Prose(items=comparison.remarks, style="warnings")]))
    return Document("comparison", "comparison", title, [Prose(_about(comparison)), *_findings(comparison)], sections)


def _sections(comparison: Comparison) -> Iterator[Section]:
    yield tables.table_1(comparison)
    if papers := papers_table(comparison.table):
        yield papers
    for view in comparison.shown:
        yield _figure(view, "Figure 4: all architectures", "figure-4", histogram)
        yield tables.strategies(view, comparison)
        yield _figure(view, "Score against steps", "cost", score_against_steps, tables.anytime_data(view))
        yield _figure(view, "Score against cost", "pareto", score_against_cost, tables.costs_data(view))
        yield tables.proxies(view, comparison)
    yield tables.reliability(comparison)
    yield search_space(comparison)
    if hand_made := _hand_made(comparison):
        yield _layers("Table 3: the hand-made networks, layer by layer", "hand-made", hand_made)
    yield trainings(comparison)
    if (searched := options(comparison)).table.rows:
        yield searched
    yield _layers("Tables 6 to 9: the best architectures, layer by layer", "architectures", _best(comparison))


def _figure(view: View, title: str, name: str, draw: Callable[[View], Chart], *data: Table) -> Section:
    title = f"{title}, by {NAMES[view.metric]}"
    chart = Figure(partial(draw, view), f"{name}-{slug(view.metric)}", title, notes(draw.__name__))
    return Section(title, [chart], data=data)


def _about(comparison: Comparison) -> str:
    table = comparison.table
    checksum = f", checksum {table.checksum[:12]}" if table.checksum else ""
    count = len(table.architectures)
    missing = "" if count == table.space.size else f" of {table.space.size:,}"
    return (
        f"Table {table.name}{checksum}: {count:,}{missing} architectures of {table.space.name} on {table.env}, "
        f"{plural(len(table.seeds), 'training seed')}, {short(table.steps)} steps for each training, scored at "
        f"{short(comparison.settings.budget)}."
    )


def _findings(comparison: Comparison) -> Iterator[Prose]:
    """A sentence for each strategy by each metric."""
    for view in comparison.shown:
        random = f"By {NAMES[view.metric]}, random search scores {spread(view.random.mean, view.random.deviation)}."
        yield Prose(random, [_finding(one, view.significance[one.label]) for one in view.compared], "sure")
    if len(comparison.table.seeds) < 2:
        yield Prose(notes("one_seed"), style="sure")


def _finding(strategy: StrategyOutcome, found: Significance) -> str:
    words = {1: "better than", -1: "worse than", 0: "not significantly different from"}[found.direction]
    lead = "" if found.lead.value is None else f"; held-out lead {difference(found.lead)}"
    return (
        f"{strategy.label}: {spread(strategy.mean, strategy.deviation)}, {words} {found.baseline.label} at the same "
        f"cost (probability of a better network {estimate(found.probability)}, "
        f"{plural(len(strategy.searches), strategy.over)}{lead})."
    )


Shown = tuple[str, str, Space, str]  # a network: its name, why it is shown, its space, its id there


def _best(comparison: Comparison) -> list[Shown]:
    """The best architecture of each strategy by each metric, and the best of the table; each once."""
    roles: dict[str, list[str]] = {}
    for view in comparison.shown:
        by = NAMES[view.metric]
        for strategy in view.strategies:
            best = strategy.best
            times = sum(search.architecture == best.architecture for search in strategy.searches)
            how = f"{score(best.score)}; {times} of {len(strategy.searches)} searches"
            roles.setdefault(best.architecture, []).append(f"best of {strategy.label} by {by} ({how})")
        highest = score(float(view.truth.means.max()))
        roles.setdefault(view.best, []).append(f"best of the table by {by} ({highest})")
    return [(name, f"The {'; the '.join(why)}.", comparison.table.space, name) for name, why in roles.items()]


def _hand_made(comparison: Comparison) -> list[Shown]:
    """The hand-made networks of a comparison; without those that this version does not know."""
    space = comparison.table.space
    found: list[Shown] = []
    for one in comparison.shown[0].hand_made:
        with contextlib.suppress(UserError):  # the table is from elsewhere
            known = find_baseline(one.architecture or "", space)
            if known.space.input_shape == space.input_shape:
                found.append((one.label, "", known.space, known.architecture))
    return found


def _layers(title: str, name: str, shown: Sequence[Shown]) -> Section:
    chosen = "Star or blue: an option of a choice. " if any(space.choices for _, _, space, _ in shown) else ""
    groups: list[Block] = []
    rows: list[tuple[Cell, ...]] = []
    for label, why, space, architecture in shown:
        table = layer_table(space, architecture, label)
        rows += table.rows
        groups.append(Group([*([Prose(why, style="note")] if why else []), table], title=label))
    blocks: list[Block] = [Prose(chosen + notes("layers"), style="note"), Group(groups, style="pair")]
    return Section(title, blocks, data=[Table(table.columns, tuple(rows), name)])
