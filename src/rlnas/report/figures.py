"""Charts in the style of the pages: as SVG that follows dark mode, and as files of their own."""

import io
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from typing import Any

import matplotlib.style
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import get_named_colors_mapping
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from rlnas.report.formats import big

INK, MUTED, LINE, ACCENT, MADE, FOUND = COLOURS = tuple(
    f"rlnas:{name}" for name in ("ink", "muted", "line", "accent", "made", "found")
)
"""Colours by name; `style` says what they are."""
STAND_INS = {name: f"#{n:02x}{n + 1:02x}{n + 2:02x}" for n, name in enumerate(COLOURS, 1)}
"""What matplotlib writes in the place of the colours of a page."""

WIDTH = 4.7
DOTS = 200
LEGEND_WIDTH = 62  # characters in a line of a legend


@contextmanager
def style(colours: Mapping[str, str], salt: str) -> Iterator[None]:
    """The style of all charts in given colours; the ids in their SVG are made of `salt`."""
    known = get_named_colors_mapping()
    for name, colour in colours.items():  # not by `update`, after which matplotlib would keep the last colours
        known[name] = colour
    file = str(resources.files("rlnas.report").joinpath("templates/charts.mplstyle"))
    with matplotlib.style.context(["default", file, {"svg.hashsalt": salt}]):
        yield


def page_colours() -> dict[str, str]:
    """The colours of a page on light paper."""
    text = resources.files("rlnas.report").joinpath("templates/page.css").read_text(encoding="utf-8")
    light: dict[str, str] = {}
    for name, colour in re.findall(r"--(\w+): (#[0-9a-f]{6})", text):
        light.setdefault(name, colour)  # the first are those of light paper
    return {name: light[name.removeprefix("rlnas:")] for name in COLOURS}


def variable(colour: str) -> str:
    """A colour as the CSS of a page names it."""
    return f"var(--{colour.removeprefix('rlnas:')})"


def inline_svg(draw: Callable[[], Figure], name: str, label: str) -> Markup:
    """A chart as an `<svg>` element without ids that repeat, without metadata, in the colours of the page."""
    buffer = io.StringIO()
    with style(STAND_INS, name):
        draw().savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*_\d+">', "<g>", text)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    for colour, stand_in in STAND_INS.items():
        text = text.replace(stand_in, variable(colour))
    head, rest = text.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    return Markup(head) + Markup(' class="chart" role="img" aria-label="{}">').format(label) + Markup(rest.strip())


def saved_files(draw: Callable[[], Figure], name: str) -> Iterator[tuple[str, bytes]]:
    """A chart as an SVG and a PNG file, each time the same bytes."""
    with style(page_colours(), name):
        figure = draw()
        for ending, metadata in (("svg", {"Date": None, "Creator": None}), ("png", {"Software": None})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=ending, dpi=DOTS, metadata=metadata, facecolor="white")
            yield f"{name}.{ending}", buffer.getvalue()


def panels(rows: int, height: float, **options: Any) -> tuple[Figure, list[Axes]]:
    """A chart of the page's width and a height in inches, with axes one above the other; options of `subplots`."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.patch.set_visible(False)
    return figure, list(figure.subplots(rows, 1, squeeze=False, **options)[:, 0])


def new_figure(height: float) -> tuple[Figure, Axes]:
    """A chart with one pair of axes."""
    figure, (axes,) = panels(1, height)
    return figure, axes


def legend(figure: Figure, entries: tuple[Sequence[Any], Sequence[str]], columns: int = 1) -> None:
    """A legend below the axes, of handles and labels; long labels take several lines."""
    handles, labels = entries
    width = LEGEND_WIDTH // columns
    # An architecture's id has no spaces to break at.
    spaced = [label if len(label) <= width else re.sub(r",(?! )", ", ", label) for label in labels]
    wrapped = [textwrap.fill(label, width) for label in spaced]
    figure.legend(handles, wrapped, loc="outside lower left", frameon=False, fontsize=8.5, ncols=columns)


def draw_front(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    """Joins the points of cost and score on a Pareto front, cheapest first."""
    axes.plot(*zip(*points, strict=True), color=INK, linewidth=1.0, alpha=0.6, drawstyle="steps-post",
              label="Pareto front")  # fmt: skip


def cost_axis(axes: Axes, kind: str, costs: Sequence[float]) -> None:
    """Labels and scales an axis of costs: logarithmic, unless there is a cost of 0."""
    axes.set_xlabel(kind + (", milliseconds" if kind == "latency" else ""))
    ratio = max(costs) / min(costs) if min(costs) > 0 else 0.0
    if ratio:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        if ratio < 1.3:  # costs that are all but equal would have ticks that read the same
            axes.set_xlim(min(costs) / 1.5, max(costs) * 1.5)
    # Below a ratio of 4 the round numbers of a log axis are too few.
    log_ticks = LogLocator(subs=(1.0,) if ratio >= 30 else (1.0, 2.0, 5.0))
    axes.xaxis.set_major_locator(log_ticks if ratio >= 4 else MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if value < 1000 else big(value)))
