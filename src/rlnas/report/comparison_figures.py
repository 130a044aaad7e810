"""Figures of a comparison: all architectures (paper, figure 4), and score against steps and against cost."""

import textwrap
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from rlnas.analysis import View
from rlnas.analysis.costs import costed_networks, front, known_costs
from rlnas.analysis.outcomes import StrategyOutcome
from rlnas.quantity import plural, short
from rlnas.report.comparison_tables import NAMES
from rlnas.report.figures import ACCENT, FOUND, INK, LINE, MUTED, cost_axis, draw_front, legend, new_figure, panels

TITLE_WIDTH = 62  # characters in a line of a panel's title
RETURNED = "returned by a search"
RETURNED_LINE: dict[str, Any] = {"color": FOUND, "linewidth": 2.0}
"""How networks that searches returned are labelled and drawn."""
DASHES = ((5.0, 2.5), (5.0, 2.0, 1.5, 2.0), (9.0, 2.0), (2.5, 1.5))


def histogram(view: View) -> Figure:
    """A histogram for each strategy on the same axis, with lines at what its searches returned and at references."""
    strategies: list[StrategyOutcome | None] = [*view.strategies] or [None]
    figure, rows = panels(len(strategies), 0.9 + 1.25 * len(strategies), sharex=True, sharey=True)
    lines_of = list(reference_lines(view))
    for axes, strategy in zip(rows, strategies, strict=True):
        bars(axes, view)
        for where, _, looks in lines_of:
            axes.axvline(where, **looks)
        if strategy is not None:
            _mark(axes, strategy)
    over = f"mean over {plural(view.truth.scores.shape[1], 'seed')}"
    rows[-1].set_xlabel(f"{NAMES[view.metric]}, {over}, {_budget(view)}")
    found = [Line2D([], [], label=RETURNED, **RETURNED_LINE)] if view.strategies else []
    lines = found + [Line2D([], [], label=label, **looks) for _, label, looks in lines_of]
    legend(figure, (lines, [str(line.get_label()) for line in lines]), columns=2)
    return figure


def _budget(view: View) -> str:
    """The budget, for a figure that is shown without its caption."""
    return f"{short(view.truth.budget)} steps a training"


def reference_lines(view: View) -> Iterator[tuple[float, str, dict[str, Any]]]:
    """The scores of random search and of the hand-made networks, with the labels and looks of their lines."""
    yield view.random.mean, "random search, mean", {"color": MUTED, "linewidth": 1.5, "linestyle": (0, (1.0, 1.5))}
    for one, dashes in zip(view.hand_made, cycle(DASHES), strict=False):
        yield one.score, one.label, {"color": INK, "linewidth": 1.3, "linestyle": (0, dashes)}


def bars(axes: Axes, view: View) -> None:
    """A histogram of the true performance of all architectures."""
    means = view.truth.means
    bins = int(np.clip(2 * np.sqrt(means.size), 8, 40))
    low, high = float(means.min()), float(means.max())
    # Means that differ by rounding alone leave no room for bins.
    ends = (low - 0.5, high + 0.5) if np.isclose(low, high, rtol=1e-9) else (low, high)
    axes.hist(means, bins=bins, range=ends, color=MUTED, alpha=0.45, edgecolor=LINE, linewidth=0.5)
    axes.set_ylabel("networks")
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))


def _mark(axes: Axes, strategy: StrategyOutcome) -> None:
    """A line for each network that was returned."""
    networks = {search.architecture: search.score for search in strategy.searches}
    counts = f"{plural(len(strategy.searches), strategy.over)}, {plural(len(networks), 'network')}"
    axes.set_title(textwrap.fill(f"{strategy.label}: {counts}", TITLE_WIDTH), loc="left", fontsize=9.5)
    for score in networks.values():
        axes.axvline(score, **RETURNED_LINE)


def score_against_steps(view: View) -> Figure:
    """Held-out score against environment steps: a mark for each search, lines for random search and short trainings."""
    # A reference network costs the trainings of one network.
    references = [one for one in view.references if one.kind in ("hand-made", "largest")]
    figure, axes = new_figure(3.1 + 0.19 * (2 + len(view.strategies) + len(references)))
    _curves(axes, view)
    held_out = view.truth.scores.shape[1] > 1
    for one, marker in zip(view.strategies, cycle("osD^v")):
        scores = [float(np.nanmean(search.held_out)) if held_out else search.score for search in one.searches]
        costs = [search.cost for search in one.searches]
        looks: dict[str, Any] = {"color": ACCENT, "markersize": 5.5, "alpha": 0.8, "label": one.label}
        if one.over == "repeat":  # too many for a mark each
            looks["label"] += ", ± standard deviation"
            axes.errorbar(np.mean(costs), np.mean(scores), np.std(scores), fmt=marker, capsize=3, **looks)
        else:
            axes.plot(costs, scores, marker, **looks)
    for network, marker in zip(references, cycle("*PX")):
        axes.plot([view.truth.cost(1)], [network.score], marker, color=INK, markersize=8, label=network.label)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(lambda value, _: short(round(value)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(f"steps of search and trainings; {_budget(view)}")
    axes.set_ylabel(NAMES[view.metric] + (", held out" if held_out else ""))
    legend(figure, axes.get_legend_handles_labels())
    return figure


def _curves(axes: Axes, view: View) -> None:
    """The scores that random search and short trainings reach."""
    steps = [point.steps for point in view.anytime.random]
    means = np.array([point.score for point in view.anytime.random])
    spread = np.array([point.deviation for point in view.anytime.random])
    axes.fill_between(steps, means - spread, means + spread, color=MUTED, alpha=0.18, linewidth=0)
    axes.plot(steps, means, color=MUTED, linewidth=1.6, label="random search, ± standard deviation")
    if found := view.anytime.short:
        where, scores = [point.steps for point in found], [point.score for point in found]
        axes.plot(where, scores, color=INK, linewidth=1.2, linestyle=(0, (4.0, 2.0)), label="short trainings")


def score_against_cost(view: View) -> Figure:
    """Score against every kind of cost: a dot for each network, a line for the Pareto front."""
    networks = costed_networks(view.truth)
    kinds = known_costs(networks)
    # The repeats of a strategy on the table return nearly everything that is good.
    searched = [strategy for strategy in view.strategies if strategy.over != "repeat"]
    returned = {search.architecture for strategy in searched for search in strategy.searches}
    figure, rows = panels(len(kinds), 0.8 + 2.0 * len(kinds), sharey=True)
    for axes, kind in zip(rows, kinds, strict=True):
        draw_front(axes, [(network.costs[kind], network.score) for network in front(networks, kind)])
        hand_made, others = [n for n in networks if n.hand_made], [n for n in networks if not n.hand_made]
        marks = [
            ("architectures", "o", MUTED, [n for n in others if n.name not in returned]),
            (RETURNED, "o", FOUND, [n for n in others if n.name in returned]),
            *((n.name, marker, INK, [n]) for n, marker in zip(hand_made, cycle("*PX"))),
        ]
        for label, marker, colour, own in marks:
            if own:
                points = [network.costs[kind] for network in own], [network.score for network in own]
                looks: dict[str, Any] = {"markersize": 4.5, "alpha": 0.6} if marker == "o" else {"markersize": 8.0}
                axes.plot(*points, marker, color=colour, label=label, **looks)
        cost_axis(axes, kind, [network.costs[kind] for network in networks])
    figure.supylabel(f"{NAMES[view.metric]}, {_budget(view)}", color=MUTED, fontsize=10)
    legend(figure, axes.get_legend_handles_labels(), columns=2)
    return figure
