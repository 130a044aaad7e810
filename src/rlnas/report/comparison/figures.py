"""Figures: all architectures with the found ones among them (paper, figure 4), and score against steps and size."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import resources
from itertools import cycle
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from rlnas.quantity import plural, short
from rlnas.report.comparison.compare import View
from rlnas.report.comparison.contenders import Contender
from rlnas.report.comparison.sizes import front, known_kinds, networks
from rlnas.report.comparison.tables import NAMES, slug
from rlnas.report.costs import cost_axis
from rlnas.report.figures import ACCENT, FOUND, INK, LINE, MUTED, STYLE, VARIABLES, new_figure, panels, svg
from rlnas.report.markup import Html
from rlnas.table import Metric

DOTS = 200
TITLE_WIDTH = 62
"""Characters in a line of a panel's title."""
LEGEND_WIDTH = 62
"""Characters in a line of a legend."""
RETURNED = "returned by a search"
"""What a legend calls the networks that searches returned."""
DASHES = ((5.0, 2.5), (5.0, 2.0, 1.5, 2.0), (9.0, 2.0), (2.5, 1.5))

INLINE = {colour: colour for colour in VARIABLES}
"""The stand-ins themselves: `figures` replaces them by the page's colours."""


Draw = Callable[[View, Mapping[str, str]], Figure]


def inlined(draw: Callable[[Mapping[str, str]], Figure], name: str, title: str) -> Html:
    """What is drawn with given colours, as part of a page."""
    with matplotlib.style.context(["default", style(INLINE)]):
        return svg(draw(INLINE), name, title)


def title_of(draw: Draw, metric: Metric) -> str:
    """The title of a figure."""
    return f"{TITLES[draw]}, by {NAMES[metric]}"


def file_name(draw: Draw, metric: Metric) -> str:
    """The name of a figure's files, without the ending."""
    return f"{FILES[draw]}-{slug(metric)}"


def saved(draw: Callable[[Mapping[str, str]], Figure], name: str) -> dict[str, bytes]:
    """What is drawn with given colours, as files of that name, by their endings; each time the same bytes."""
    colours = page_colours()
    found = {}
    with matplotlib.style.context(["default", style(colours), {"svg.hashsalt": name}]):
        figure = draw(colours)
        for ending, metadata in (("svg", {"Date": None, "Creator": None}), ("png", {"Software": None})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=ending, dpi=DOTS, metadata=metadata, facecolor="white")
            found[ending] = buffer.getvalue()
    return found


def page_colours() -> dict[str, str]:
    """The colours of the page on light paper, for each stand-in."""
    sheet = resources.files("rlnas.report").joinpath("page.css").read_text(encoding="utf-8")
    light: dict[str, str] = {}
    for name, colour in re.findall(r"(--\w+): (#[0-9a-f]{6})", sheet):
        light.setdefault(name, colour)  # the first are those of light paper
    return {stand_in: light[name] for stand_in, name in VARIABLES.items()}


def style(colours: Mapping[str, str]) -> dict[str, Any]:
    """The style of all figures in given colours."""
    return {key: colours.get(value, value) if isinstance(value, str) else value for key, value in STYLE.items()}


def histogram(view: View, colours: Mapping[str, str]) -> Figure:
    """One histogram for each strategy, on the same axis: lines where its searches and the yardsticks are."""
    drawn: list[Contender | None] = [*view.contenders] or [None]
    figure, rows = panels(len(drawn), 0.9 + 1.25 * len(drawn), sharex=True, sharey=True)
    lines_of = list(references(view, colours))
    for axes, contender in zip(rows, drawn, strict=True):
        bars(axes, view, colours)
        for where, _, looks in lines_of:
            axes.axvline(where, **looks)
        if contender is not None:
            _mark(axes, contender, colours)
    over = f"mean over {plural(view.standings.scores.shape[1], 'seed')}"
    rows[-1].set_xlabel(f"{NAMES[view.metric]}, {over}, {_budget(view)}")
    found = Line2D([], [], label=RETURNED, **returned_looks(colours))
    lines = [Line2D([], [], label=label, **looks) for _, label, looks in lines_of]
    lines = [found, *lines] if view.contenders else lines
    legend(figure, (lines, [str(line.get_label()) for line in lines]), columns=2)
    return figure


def _budget(view: View) -> str:
    """What a figure is printed with: it may be shown without its caption."""
    return f"{short(view.standings.budget)} steps a training"


def references(view: View, colours: Mapping[str, str]) -> Iterator[tuple[float, str, dict[str, Any]]]:
    """Where random search and the hand-made networks are, what they are called, and how they are drawn."""
    dots = {"color": colours[MUTED], "linewidth": 1.5, "linestyle": (0, (1.0, 1.5))}
    yield view.random.mean, "random search, mean", dots
    made = (yard for yard in view.yardsticks if yard.kind == "made")
    for yard, dashes in zip(made, cycle(DASHES), strict=False):
        yield yard.score, yard.label, {"color": colours[INK], "linewidth": 1.3, "linestyle": (0, dashes)}


def returned_looks(colours: Mapping[str, str]) -> dict[str, Any]:
    """How a line is drawn at a network that a search returned."""
    return {"color": colours[FOUND], "linewidth": 2.0}


def bars(axes: Axes, view: View, colours: Mapping[str, str]) -> None:
    """A histogram of the true performance of all architectures."""
    truth = view.standings.truth
    bins = int(np.clip(2 * np.sqrt(truth.size), 8, 40))
    low, high = float(truth.min()), float(truth.max())
    # Means that differ by rounding alone leave no room for bins.
    ends = (low - 0.5, high + 0.5) if np.isclose(low, high, rtol=1e-9) else (low, high)
    axes.hist(truth, bins=bins, range=ends, color=colours[MUTED], alpha=0.45, edgecolor=colours[LINE], linewidth=0.5)
    axes.set_ylabel("networks")
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))


def _mark(axes: Axes, contender: Contender, colours: Mapping[str, str]) -> None:
    """A line for each network that was returned."""
    networks = {found.architecture: found.score for found in contender.found}
    counts = f"{plural(len(contender.found), contender.over)}, {plural(len(networks), 'network')}"
    axes.set_title(textwrap.fill(f"{contender.label}: {counts}", TITLE_WIDTH), loc="left", fontsize=9.5)
    for score in networks.values():
        axes.axvline(score, **returned_looks(colours))


def cost(view: View, colours: Mapping[str, str]) -> Figure:
    """Held-out score against environment steps: a mark for each search, lines for what needs the table alone."""
    # Each is had for the trainings of one network.
    yards = [yard for yard in view.yardsticks if yard.kind in ("made", "largest")]
    entries = 2 + len(view.contenders) + len(yards)
    figure, axes = new_figure(3.1 + 0.19 * entries)
    _curves(axes, view, colours)
    held_out = view.standings.scores.shape[1] > 1
    for one, marker in zip(view.contenders, cycle("osD^v")):
        scores = [float(np.nanmean(found.held_out)) if held_out else found.score for found in one.found]
        costs = [found.cost for found in one.found]
        looks: dict[str, Any] = {"color": colours[ACCENT], "markersize": 5.5, "alpha": 0.8, "label": one.label}
        if one.over == "repeat":  # too many for a mark each
            looks["label"] += ", ± standard deviation"
            axes.errorbar(np.mean(costs), np.mean(scores), np.std(scores), fmt=marker, capsize=3, **looks)
        else:
            axes.plot(costs, scores, marker, **looks)
    for yard, marker in zip(yards, cycle("*PX")):
        axes.plot([view.standings.cost(1)], [yard.score], marker, color=colours[INK], markersize=8, label=yard.label)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(lambda value, _: short(round(value)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(f"steps of search and trainings; {_budget(view)}")
    axes.set_ylabel(NAMES[view.metric] + (", held out" if held_out else ""))
    legend(figure, axes.get_legend_handles_labels())
    return figure


def pareto(view: View, colours: Mapping[str, str]) -> Figure:
    """Score against every kind of cost: a dot for each network, a line for the front of those that none beats."""
    sized = networks(view)
    kinds = known_kinds(sized)
    # The repeats of a strategy on the table return nearly everything that is good.
    searched = [contender for contender in view.contenders if contender.over != "repeat"]
    found = {one.architecture for contender in searched for one in contender.found}
    figure, rows = panels(len(kinds), 0.8 + 2.0 * len(kinds), sharey=True)
    for axes, kind in zip(rows, kinds, strict=True):
        edge = [(network.costs[kind], network.score) for network in front(sized, kind)]
        axes.plot(*zip(*edge, strict=True), color=colours[INK], linewidth=1.0, alpha=0.6, drawstyle="steps-post",
                  label="Pareto front")  # fmt: skip
        marks = [
            ("architectures", "o", colours[MUTED], [n for n in sized if not n.made and n.name not in found]),
            (RETURNED, "o", colours[FOUND], [n for n in sized if not n.made and n.name in found]),
            *((n.name, marker, colours[INK], [n]) for n, marker in zip((n for n in sized if n.made), cycle("*PX"))),
        ]
        for label, marker, colour, own in marks:
            if own:
                points = [network.costs[kind] for network in own], [network.score for network in own]
                looks: dict[str, Any] = {"markersize": 4.5, "alpha": 0.6} if marker == "o" else {"markersize": 8.0}
                axes.plot(*points, marker, color=colour, label=label, **looks)
        cost_axis(axes, kind, [network.costs[kind] for network in sized])
    figure.supylabel(f"{NAMES[view.metric]}, {_budget(view)}", color=colours[MUTED], fontsize=10)
    legend(figure, axes.get_legend_handles_labels(), columns=2)
    return figure


def legend(figure: Figure, entries: tuple[Sequence[Any], Sequence[str]], columns: int = 1) -> None:
    """A legend below the axes; long labels take several lines."""
    handles, labels = entries
    width = LEGEND_WIDTH // columns
    # An architecture's id has no spaces to break at.
    wrapped = [
        label if len(label) <= width else textwrap.fill(re.sub(r",(?! )", ", ", label), width) for label in labels
    ]
    figure.legend(handles, wrapped, loc="outside lower left", frameon=False, fontsize=8.5, ncols=columns)


def _curves(axes: Axes, view: View, colours: Mapping[str, str]) -> None:
    """What random search and short trainings reach."""
    random = view.efficiency.random
    steps, means = [point.steps for point in random], np.array([point.score for point in random])
    spread = np.array([point.deviation for point in random])
    axes.fill_between(steps, means - spread, means + spread, color=colours[MUTED], alpha=0.18, linewidth=0)
    axes.plot(steps, means, color=colours[MUTED], linewidth=1.6, label="random search, ± standard deviation")
    if found := view.efficiency.short:
        where, scores = [point.steps for point in found], [point.score for point in found]
        dashes = (0, (4.0, 2.0))
        axes.plot(where, scores, color=colours[INK], linewidth=1.2, linestyle=dashes, label="short trainings")


FILES: dict[Draw, str] = {histogram: "figure-4", cost: "cost", pareto: "pareto"}
TITLES: dict[Draw, str] = {histogram: "Figure 4: all architectures", cost: "What steps buy", pareto: "What size buys"}
