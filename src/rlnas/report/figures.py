"""The charts, as SVG that is part of the page: its colours are the page's, so they follow dark mode."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from rlnas.report.data import Curve, Run
from rlnas.report.formats import big
from rlnas.report.markup import Html, tag
from rlnas.trials.results import NetworkResult

# Stand-ins for the page's colours: matplotlib writes them, `svg` replaces them.
INK, MUTED, LINE, ACCENT, MADE, FOUND = "#010203", "#040506", "#070809", "#0a0b0c", "#0d0e0f", "#101112"
VARIABLES = {INK: "--ink", MUTED: "--muted", LINE: "--line", ACCENT: "--accent", MADE: "--made", FOUND: "--found"}

WIDTH = 4.7
BARS = 40
SHORT = 26

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
}


@dataclass(frozen=True)
class Line:
    """How a network's curve is drawn, in the chart and in the legend below it."""

    colour: str
    width: float
    dashes: tuple[float, ...] = ()


def lines(run: Run) -> dict[str, Line]:
    """The best in the accent colour, the hand-made networks in their own and dashed, the others gray."""
    made = cycle([(6.0, 3.0), (6.0, 2.0, 1.5, 2.0), (10.0, 2.0)])
    other = cycle([(), (1.5, 2.0), (4.0, 1.5, 1.5, 1.5), (3.0, 1.5)])
    found = {}
    for network in run.networks:
        if network is run.best:
            found[network.name] = Line(ACCENT, 2.2)
        elif network.baseline:
            found[network.name] = Line(MADE, 1.8, next(made))
        else:
            found[network.name] = Line(MUTED, 1.3, next(other))
    return found


def legend(run: Run, labels: dict[str, str]) -> Html:
    """The legend of the learning curves; HTML, so that long names wrap."""
    items = []
    for name, line in lines(run).items():
        if name in labels:
            dashes = " ".join(map(str, line.dashes))
            style = (
                f"stroke:var({VARIABLES[line.colour]});stroke-width:{line.width};stroke-dasharray:{dashes or 'none'}"
            )
            stroke = tag("line", x1="0", y1="5", x2="30", y2="5", style=style)
            items.append(tag("li", tag("svg", stroke, width="30", height="10"), tag("span", labels[name])))
    return tag("ul", *items, class_="legend")


def panels(rows: int, height: float, **options: Any) -> tuple[Figure, list[Axes]]:
    """A chart of the page's width and of a height in inches: some axes, one above the other.

    Args:
        rows: how many.
        height: of the whole chart.
        **options: those of matplotlib's `Figure.subplots`, e.g. `sharex`.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.patch.set_visible(False)
    return figure, list(figure.subplots(rows, 1, squeeze=False, **options)[:, 0])


def new_figure(height: float) -> tuple[Figure, Axes]:
    """A chart of the page's width, in inches, and its one pair of axes."""
    figure, (axes,) = panels(1, height)
    return figure, axes


def svg(figure: Figure, name: str, label: str) -> Html:
    """The figure as an `<svg>` element without ids that repeat, without metadata, in the page's colours."""
    buffer = io.StringIO()
    with matplotlib.style.context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*_\d+">', "<g>", text)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    head = re.sub(r' (width|height)="[^"]*"', "", text[: text.index(">")])
    return Html(head + f' class="chart" role="img" aria-label="{label}"' + text[text.index(">") :].strip())


def _steps_axis(axes: Axes) -> None:
    axes.set_xlabel("environment steps")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: big(value)))
    axes.set_ylabel("mean return, last 100 games")


def learning_curves(run: Run) -> Html:
    """The learning curves of all networks: of several seeds the mean, with a band from lowest to highest."""
    with matplotlib.style.context(["default", STYLE]):
        figure, axes = new_figure(3.1)
        drawn = lines(run)
        # The best last, on top.
        for network in sorted(run.networks, key=lambda network: network is run.best):
            _draw_curve(axes, network, drawn[network.name])
        _steps_axis(axes)
        axes.set_xlim(left=0)
        return svg(figure, "curves", "Learning curves")


def _draw_curve(axes: Axes, network: NetworkResult, line: Line) -> None:
    curves = [(trial.curve_steps, trial.curve) for trial in network.trials if trial.curve]
    dashes: Any = (0, line.dashes) if line.dashes else "-"
    style: dict[str, Any] = {"color": line.colour, "linewidth": line.width, "linestyle": dashes}
    start = max((steps[0] for steps, _ in curves), default=0)
    end = min((steps[-1] for steps, _ in curves), default=0)
    if len(curves) < 2 or start >= end:
        for steps, means in curves:
            axes.plot(steps, means, marker="o" if len(steps) == 1 else None, markersize=4, **style)
        return
    grid = np.linspace(start, end, 200)
    values = np.stack([np.interp(grid, steps, means) for steps, means in curves])
    axes.fill_between(grid, values.min(0), values.max(0), color=line.colour, alpha=0.15, linewidth=0)
    axes.plot(grid, values.mean(0), **style)


def fit_curve(curve: Curve) -> Html:
    """The learning curve of the supernet's fit."""
    with matplotlib.style.context(["default", STYLE]):
        figure, axes = new_figure(2.6)
        axes.plot(*curve, color=ACCENT, linewidth=1.6, marker="o" if len(curve[0]) == 1 else None, markersize=4)
        _steps_axis(axes)
        axes.set_xlim(left=0)
        return svg(figure, "fit", "Learning curve of the supernet")


def short(run: Run, name: str) -> str:
    """A name that fits into a chart: long ids give way to their rank."""
    return name if len(name) <= SHORT or name not in run.ranks else f"#{run.ranks[name]}"


def proxy_scatter(run: Run) -> Html | None:
    """Proxy against true performance of the trained architectures; `None` where there are none."""
    proxy = dict(run.ranking)
    points = [(proxy[e.name], e) for e in run.networks if e.name in proxy and e.scores()]
    if not points:
        return None
    with matplotlib.style.context(["default", STYLE]):
        figure, axes = new_figure(3.1)
        trained = {network.name for _, network in points}
        others = [(x, run.truth.means[name]) for name, x in run.ranking if name not in trained] if run.truth else []
        axes.plot(*np.reshape(others, (-1, 2)).T, "o", color=MUTED, markersize=4, alpha=0.35)
        for x, network in points:
            colour = colour_of(run, network)
            middle = float(np.mean(network.scores()))
            if len(network.scores()) > 1:
                axes.vlines(x, min(network.scores()), max(network.scores()), color=colour, linewidth=1.2)
            axes.plot([x], [middle], "o", color=colour, markersize=6)
        for network in run.baselines:
            if network.name not in proxy and network.scores():
                height = float(np.mean(network.scores()))
                axes.axhline(height, color=MADE, linewidth=1.5, linestyle=(0, lines(run)[network.name].dashes))
                where = (0.01, height)
                axes.annotate(network.name, where, (0, 3), xycoords=("axes fraction", "data"),
                              textcoords="offset points", color=MADE, fontsize=8.5)  # fmt: skip
        axes.margins(x=0.15, y=0.15)
        label_points(axes, run, points)
        axes.set_xlabel("proxy performance")
        axes.set_ylabel("true performance (total reward)")
        return svg(figure, "scatter", "Proxy against true performance")


def colour_of(run: Run, network: NetworkResult) -> str:
    """The colour of a network in every chart: the best, hand-made, or another."""
    return ACCENT if network is run.best else MADE if network.baseline else MUTED


def label_points(axes: Axes, run: Run, points: Sequence[tuple[float, NetworkResult]]) -> None:
    """Names the points, each at its mean score, on the side where there is room; labels that would meet are moved up.

    Args:
        axes: with the points drawn and the scales set.
        run: the run.
        points: where each network stands on the horizontal axis.
    """
    used: dict[str, float] = {}
    bottom, top = axes.get_ylim()
    gap = (top - bottom) * 0.065
    for x, network in sorted(points, key=lambda point: float(np.mean(point[1].scores()))):
        score = float(np.mean(network.scores()))
        fraction = axes.transAxes.inverted().transform(axes.transData.transform((x, score)))[0]
        side = "left" if fraction <= 0.5 else "right"
        y = max(score, used.get(side, -np.inf) + gap)
        used[side] = y
        colour = colour_of(run, network)
        axes.annotate(short(run, network.name), (x, y), (7 if side == "left" else -7, 0), textcoords="offset points",
                      ha=side, va="center", color=INK if colour == MUTED else colour, fontsize=8.5)  # fmt: skip


def ranking_bars(run: Run) -> Html:
    """The proxy scores of the first architectures, the top K in the accent colour; beside each its number of fits."""
    shown = run.ranking[:BARS]
    top = int(run.settings["top_k"])
    with matplotlib.style.context(["default", STYLE]):
        figure, axes = new_figure(0.55 + 0.185 * len(shown))
        values = [value for _, value in shown]
        colours = [ACCENT if rank < top else MUTED for rank in range(len(shown))]
        axes.barh(range(len(shown)), values, color=colours, height=0.66, alpha=0.8)
        axes.set_yticks(range(len(shown)), [short(run, name) for name, _ in shown], fontsize=8.5)
        for label in axes.get_yticklabels()[:top]:
            label.set_color(ACCENT)
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.grid(False, axis="y")
        axes.margins(x=0.12)
        if run.paths:
            for row, (name, value) in enumerate(shown):
                axes.annotate(f"{run.fitted[name]}×", (max(value, 0.0), row), (4, 0), textcoords="offset points",
                              va="center", color=MUTED, fontsize=8)  # fmt: skip
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel("proxy performance")
        return svg(figure, "bars", "Proxy ranking")
