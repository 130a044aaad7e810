"""Charts of a run: learning curves, proxy against true performance, the ranking, score against cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from rlnas.analysis.costs import pareto_front
from rlnas.report.figures import ACCENT, INK, MADE, MUTED, cost_axis, draw_front, new_figure, variable
from rlnas.report.formats import big
from rlnas.report.read_run import Curve, Run
from rlnas.trials.results import NetworkResult

BARS = 40
SHORT = 26
WIDTHS = {ACCENT: 2.2, MADE: 1.8, MUTED: 1.3}


@dataclass(frozen=True)
class Line:
    """How the curve of a network is drawn, in the chart and in the legend."""

    colour: str
    width: float
    dashes: tuple[float, ...] = ()


def lines(run: Run) -> dict[str, Line]:
    """The best in the accent colour, the hand-made networks in their own and dashed, the others gray."""
    dashes: dict[str, Iterator[tuple[float, ...]]] = {
        ACCENT: cycle([()]),
        MADE: cycle([(6.0, 3.0), (6.0, 2.0, 1.5, 2.0), (10.0, 2.0)]),
        MUTED: cycle([(), (1.5, 2.0), (4.0, 1.5, 1.5, 1.5), (3.0, 1.5)]),
    }
    colours = {network.name: colour_of(run, network) for network in run.networks}
    return {name: Line(colour, WIDTHS[colour], next(dashes[colour])) for name, colour in colours.items()}


def legend(run: Run, labels: Mapping[str, str]) -> Markup:
    """The legend of the learning curves, of labels by name; HTML, so that long names wrap."""
    item = Markup(
        '<li><svg width="30" height="10"><line x1="0" y1="5" x2="30" y2="5" style="stroke:{};stroke-width:{};'
        'stroke-dasharray:{}"/></svg><span>{}</span></li>'
    )
    items = [
        item.format(variable(line.colour), line.width, " ".join(map(str, line.dashes)) or "none", labels[name])
        for name, line in lines(run).items()
        if name in labels
    ]
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(items))


def _steps_axis(axes: Axes) -> None:
    axes.set_xlabel("environment steps")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: big(value)))
    axes.set_ylabel("mean return, last 100 games")
    axes.set_xlim(left=0)


def learning_curves(run: Run) -> Figure:
    """The learning curves of all networks: of several seeds the mean, with a band from lowest to highest."""
    figure, axes = new_figure(3.1)
    styles = lines(run)
    # The best last, on top.
    for network in sorted(run.networks, key=lambda network: network is run.best):
        _draw_curve(axes, network, styles[network.name])
    _steps_axis(axes)
    return figure


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


def supernet_curve(curve: Curve) -> Figure:
    """The learning curve of the supernet."""
    figure, axes = new_figure(2.6)
    axes.plot(*curve, color=ACCENT, linewidth=1.6, marker="o" if len(curve[0]) == 1 else None, markersize=4)
    _steps_axis(axes)
    return figure


def short_name(run: Run, name: str) -> str:
    """A name that fits into a chart: long ids give way to their rank."""
    return name if len(name) <= SHORT or name not in run.ranks else f"#{run.ranks[name]}"


def colour_of(run: Run, network: NetworkResult) -> str:
    """The colour of a network in every chart: the best, hand-made, or another."""
    return ACCENT if network is run.best else MADE if network.baseline else MUTED


Points = Sequence[tuple[float, NetworkResult]]  # networks by their place on the horizontal axis


def trained_points(run: Run) -> Points:
    """The trained networks that have a proxy and a score, by their proxy."""
    proxy = dict(run.ranking)
    return [(proxy[one.name], one) for one in run.networks if one.name in proxy and one.scores()]


def proxy_scatter(run: Run) -> Figure:
    """Proxy against true performance."""
    points = trained_points(run)
    figure, axes = new_figure(3.1)
    trained = {network.name for _, network in points}
    others = [(x, run.truth.means[name]) for name, x in run.ranking if name not in trained] if run.truth else []
    axes.plot(*np.reshape(others, (-1, 2)).T, "o", color=MUTED, markersize=4, alpha=0.35)
    for x, network in points:
        _draw_point(axes, run, x, network, marker="o", markersize=6)
    for network in run.baselines:
        if network.name not in dict(run.ranking) and network.scores():
            height = float(np.mean(network.scores()))
            axes.axhline(height, color=MADE, linewidth=1.5, linestyle=(0, lines(run)[network.name].dashes))
            axes.annotate(network.name, (0.01, height), (0, 3), xycoords=("axes fraction", "data"),
                          textcoords="offset points", color=MADE, fontsize=8.5)  # fmt: skip
    axes.margins(x=0.15, y=0.15)
    _label_points(axes, run, points)
    axes.set_xlabel("proxy performance")
    axes.set_ylabel("true performance (total reward)")
    return figure


def _draw_point(axes: Axes, run: Run, x: float, network: NetworkResult, **looks: Any) -> None:
    """The mean score of a network, with a bar from its lowest to its highest seed."""
    scores, colour = network.scores(), colour_of(run, network)
    if len(scores) > 1:
        axes.vlines(x, min(scores), max(scores), color=colour, linewidth=1.2)
    axes.plot([x], [float(np.mean(scores))], color=colour, **looks)


def _label_points(axes: Axes, run: Run, points: Points) -> None:
    """Names the points, on the side where there is room; labels that would meet are moved up."""
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
        axes.annotate(short_name(run, network.name), (x, y), (7 if side == "left" else -7, 0),
                      textcoords="offset points", ha=side, va="center", color=INK if colour == MUTED else colour,
                      fontsize=8.5)  # fmt: skip


def ranking_bars(run: Run) -> Figure:
    """The proxy scores of the first architectures, the top K in the accent colour, with their numbers of fits."""
    shown = run.ranking[:BARS]
    top = int(run.settings["top_k"])
    figure, axes = new_figure(0.55 + 0.185 * len(shown))
    colours = [ACCENT if rank < top else MUTED for rank in range(len(shown))]
    axes.barh(range(len(shown)), [value for _, value in shown], color=colours, height=0.66, alpha=0.8)
    axes.set_yticks(range(len(shown)), [short_name(run, name) for name, _ in shown], fontsize=8.5)
    for label in axes.get_yticklabels()[:top]:
        label.set_color(ACCENT)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(False, axis="y")
    axes.margins(x=0.12)
    for row, (name, value) in enumerate(shown if run.paths else ()):
        axes.annotate(f"{run.fitted[name]}×", (max(value, 0.0), row), (4, 0), textcoords="offset points", va="center",
                      color=MUTED, fontsize=8)  # fmt: skip
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("proxy performance")
    return figure


def score_against_cost(run: Run, kind: str, points: Points) -> Figure:
    """Total reward against a kind of cost, with the Pareto front."""
    figure, axes = new_figure(3.0)
    front = pareto_front([(cost, network.score or 0.0) for cost, network in points])
    draw_front(axes, [(points[place][0], points[place][1].score or 0.0) for place in front])
    for place, (cost, network) in enumerate(points):
        face = colour_of(run, network) if place in front else "none"
        _draw_point(axes, run, cost, network, marker="s" if network.baseline else "o", markersize=6.5,
                    markerfacecolor=face)  # fmt: skip
    axes.margins(x=0.15, y=0.15)
    cost_axis(axes, kind, [cost for cost, _ in points])
    _label_points(axes, run, points)
    axes.set_ylabel("total reward")
    return figure
