"""Score and cost of every network that was trained: the table, the charts, and which of them none beats in both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from rlnas.report.data import Run
from rlnas.report.evidence import Margin, interquartile, margin
from rlnas.report.figures import INK, STYLE, colour_of, label_points, new_figure, svg
from rlnas.report.formats import NONE, big, estimate, gain_estimate, milliseconds, spread
from rlnas.report.markup import Html, table, tag
from rlnas.trials.results import NetworkResult

COLUMNS = {
    "interquartile mean": "Interquartile mean: without the lowest and the highest quarter of the seeds, each rounded "
    "down, with a 95% bootstrap interval over the seeds (Agarwal et al., 2021; one environment is one stratum).",
    "confirmed": "Confirmed: total reward with the confirmation seeds, which had no part in picking the best. Between "
    "two networks that have it, the comparisons go by it; the charts go by the training seeds.",
    "best minus this": "Best minus this: the mean of the best found less that of this network, with Welch's 95% "
    "interval where both have several seeds.",
    "best is better": "Best is better: the probability that one training of the best scores higher than one of this "
    "network, a tie counting half, with a 95% interval (Newcombe, 2006; a bootstrap has no width where all of a "
    "handful of seeds are better).",
}
"""How to read the columns of the table of networks."""


@dataclass(frozen=True)
class Kind:
    """A kind of cost.

    Attributes:
        name: what it is.
        of: the cost of a network in a run; `None` where it is not known.
        text: how it is written.
    """

    name: str
    of: Callable[[Run, NetworkResult], float | None]
    text: Callable[[float], str]


KINDS = (
    Kind("parameters", lambda _, network: network.parameters, lambda value: f"{value:,.0f}"),
    Kind("multiply-adds", lambda _, network: network.multiply_adds, big),
    Kind("latency", lambda run, network: run.latency.get(network.name), milliseconds),
)


def known_kinds(run: Run) -> list[Kind]:
    """The kinds of cost that at least one network of the run has."""
    return [kind for kind in KINDS if any(kind.of(run, network) is not None for network in run.networks)]


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """The points that no other beats: none is at least as cheap and scores at least as high, and is better in one.

    Args:
        points: cost and score of each.

    Returns:
        Their places, cheapest first.

    >>> pareto_front([(3, 9.0), (1, 5.0), (2, 4.0), (1, 5.0), (4, 9.0)])
    [1, 3, 0]
    """

    def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return one != other and one[0] <= other[0] and one[1] >= other[1]

    found = [n for n, point in enumerate(points) if not any(beats(other, point) for other in points)]
    return sorted(found, key=lambda n: points[n][0])


def _points(run: Run, kind: Kind) -> tuple[list[tuple[float, NetworkResult]], list[int]]:
    """The networks with a score and this cost, and which of them are on the front."""
    costs = [(kind.of(run, network), network) for network in run.networks if network.score is not None]
    points = [(cost, network) for cost, network in costs if cost is not None]
    return points, pareto_front([(cost, network.score or 0.0) for cost, network in points])


def network_table(run: Run) -> Html:
    """Every network that was trained: its score, how far the best is ahead of it, and its costs."""
    kinds = known_kinds(run)
    fronts = {}
    for kind in kinds:
        points, front = _points(run, kind)
        fronts[kind.name] = {points[place][1].name for place in front}
    columns = _columns(run)
    rows = []
    for network in run.networks:
        lead, of = _lead(run, network)
        again = run.judged(network)
        told = {
            "interquartile mean": estimate(interquartile(network), network.score),
            "confirmed": NONE if again is network or again.score is None else spread(again.score, again.deviation),
            "best minus this": gain_estimate(lead.gap, of) if lead else NONE,
            "best is better": estimate(lead.better if lead else None),
        }
        row = [named(run, network), spread(network.score, network.deviation), *(told[name] for name in columns)]
        for kind in kinds:
            cost = kind.of(run, network)
            star = " ●" if network.name in fronts[kind.name] else ""
            row.append(NONE if cost is None else kind.text(cost) + star)
        rows.append(row)
    marked = [number for number, network in enumerate(run.networks) if network is run.best]
    head = ["network", "total reward", *columns, *(kind.name for kind in kinds)]
    return table(head, rows, marked=marked)


def _lead(run: Run, network: NetworkResult) -> tuple[Margin | None, float]:
    """How far the best is ahead of a network, and the best's score in that comparison."""
    best = run.best
    if best is None or network is best:
        return None, 0.0
    if run.judged(network) is not network:
        best, network = run.judged(best), run.judged(network)
    return margin(best, network), best.score or 0.0


def _columns(run: Run) -> list[str]:
    """Those of `COLUMNS` that have something to say: what needs several seeds is left out where there is one."""
    several = any(len(network.trials) > 1 for network in run.networks)
    known = {
        "interquartile mean": any(interquartile(network) for network in run.networks),
        "confirmed": any(run.judged(network) is not network for network in run.networks),
        "best is better": several,
    }
    return [name for name in COLUMNS if known.get(name, True)]


def named(run: Run, network: NetworkResult) -> str:
    """A network's name and what it is in the run."""
    if run.kind == "trial":
        return network.name
    best = run.best is not None and network.name == run.best.name
    roles = [
        role
        for role, holds in (("best", best), ("hand-made", network.baseline), ("drawn at random", network.random))
        if holds
    ]
    return network.name + (f" ({', '.join(roles)})" if roles else "")


def networks(run: Run) -> Html:
    """The section on all networks of a study, their scores and their costs."""
    title = tag("h2", "Networks: score and cost")
    if not run.networks:
        return tag("section", title, tag("p", "No training has begun.", class_="note"))
    panels = []
    for kind in known_kinds(run):
        points, front = _points(run, kind)
        if points:
            caption = f"Total reward against {kind.name}."
            figure = _panel(run, kind, points, front)
            panels.append(tag("figure", figure, tag("figcaption", caption)))
    note = (
        "●, and the dots that are filled and joined: the Pareto front, the networks that no other one trained here "
        "equals in both score and cost and beats in one. It goes by the means over the seeds, so a small step in it "
        "may be chance. A bar reaches from the lowest to the highest seed; the axis of cost is logarithmic."
    )
    latency = "" if not run.latency else " Latency is measured, on the machine of the search."
    told = [
        "Total reward: mean over the training seeds, ± their standard deviation.",
        *(COLUMNS[name] for name in _columns(run)),
    ]
    words = [tag("p", " ".join(told), class_="note"), tag("p", note + latency, class_="note")]
    charts = [tag("div", *panels, class_="pair")] if panels else []
    return tag("section", title, network_table(run), *charts, *words)


def _panel(run: Run, kind: Kind, points: Sequence[tuple[float, NetworkResult]], front: Sequence[int]) -> Html:
    with matplotlib.style.context(["default", STYLE]):
        figure, axes = new_figure(3.0)
        edge = [(points[place][0], points[place][1].score) for place in front]
        axes.plot(*zip(*edge, strict=True), color=INK, linewidth=1.0, alpha=0.6, drawstyle="steps-post")
        for place, (cost, network) in enumerate(points):
            colour = colour_of(run, network)
            axes.vlines(cost, min(network.scores()), max(network.scores()), color=colour, linewidth=1.2)
            axes.plot([cost], [float(np.mean(network.scores()))], "s" if network.baseline else "o", color=colour,
                      markersize=6.5, markerfacecolor=colour if place in front else "none")  # fmt: skip
        axes.margins(x=0.15, y=0.15)
        cost_axis(axes, kind.name, [cost for cost, _ in points])
        label_points(axes, run, points)
        axes.set_ylabel("total reward")
        return svg(figure, f"cost-{kind.name}", f"Total reward against {kind.name}")


def cost_axis(axes: Axes, kind: str, costs: Sequence[float]) -> None:
    """Labels and scales an axis of costs: logarithmic, unless there is a cost of 0."""
    axes.set_xlabel(kind + (", milliseconds" if kind == "latency" else ""))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    if min(costs) > 0:
        axes.set_xscale("log")
        ratio = max(costs) / min(costs)
        if ratio >= 4:  # else the round numbers of a log axis are too few
            axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if ratio >= 30 else (1.0, 2.0, 5.0)))
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_minor_formatter(NullFormatter())
        if ratio < 1.3:  # costs that are all but equal would have ticks that read the same
            axes.set_xlim(min(costs) / 1.5, max(costs) * 1.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if value < 1000 else big(value)))
