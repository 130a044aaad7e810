"""A comparison as Markdown and as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from rlnas.quantity import plural, short
from rlnas.report.comparison.architectures import architectures, hand_made
from rlnas.report.comparison.compare import Comparison, View
from rlnas.report.comparison.contenders import Contender
from rlnas.report.comparison.figures import Draw, cost, file_name, histogram, pareto, title_of
from rlnas.report.comparison.parts import FigurePart, NetworksPart, Part, TablePart
from rlnas.report.comparison.printed import printed
from rlnas.report.comparison.reliability import proxies, reliability
from rlnas.report.comparison.setup import options, search_space, trainings
from rlnas.report.comparison.sheets import Sheet, difference, interval
from rlnas.report.comparison.sizes import sizes
from rlnas.report.comparison.tables import NAMES, basis, costs, strategies, table_1
from rlnas.report.comparison.verdicts import Verdict
from rlnas.report.formats import spread
from rlnas.report.markup import Html, tag
from rlnas.report.page import document

CAPTIONS: dict[Draw, str] = {
    histogram: (
        "The true performance of all architectures of the table. Lines: what each search returned, hand-made networks, "
        "and the mean of random search."
    ),
    cost: (
        "The score under seeds that had no part in picking (in a table of one seed the score itself), against the "
        "environment steps that it took. Random search trains one architecture after another with every seed; short "
        "trainings train all of them once, longer and longer, and then the top K with every seed."
    ),
    pareto: (
        "The true performance of every network against what it costs. The line is the Pareto front: the networks that "
        "no other equals in both score and cost and beats in one. It goes by means over the seeds, so a small step in "
        "it may be chance. Latency is that of one observation on one thread as the table has it, "
        "good to a few tens of percent."
    ),
}
DATA: dict[Draw, Callable[[View], Sheet]] = {cost: costs, pareto: sizes}
"""The numbers of figures that have a CSV file."""


@dataclass(frozen=True)
class Contents:
    """A comparison and its parts in order, ready to be written in any form."""

    comparison: Comparison
    parts: tuple[Part, ...]


def contents(comparison: Comparison) -> Contents:
    """Makes all tables and figures."""
    return Contents(comparison, tuple(_parts(comparison)))


def _parts(comparison: Comparison) -> Iterator[Part]:
    under = basis(comparison)

    def figure(draw: Draw, view: View) -> Part:
        data = DATA[draw](view) if draw in DATA else None
        return FigurePart(
            title_of(draw, view.metric), file_name(draw, view.metric), partial(draw, view), CAPTIONS[draw], under, data
        )

    yield TablePart(table_1(comparison), under)
    if papers := printed(comparison.table):
        yield TablePart(papers, stored=False)
    for view in comparison.shown:
        yield figure(histogram, view)
        yield TablePart(strategies(view, comparison), under)
        yield figure(cost, view)
        yield figure(pareto, view)
        yield TablePart(proxies(view, comparison), under)
    yield TablePart(reliability(comparison), under)
    yield TablePart(search_space(comparison), under)
    if made := hand_made(comparison):
        yield NetworksPart("Table 3: the hand-made networks, layer by layer", "hand-made", made, under)
    yield TablePart(trainings(comparison), under)
    if (searched := options(comparison)).rows:
        yield TablePart(searched, under)
    found = architectures(comparison)
    yield NetworksPart("Tables 6 to 9: the architectures, layer by layer", "architectures", found, under)


def title(comparison: Comparison) -> str:
    """What was compared, in a line."""
    table = comparison.table
    names = [contender.label for contender in comparison.shown[0].contenders]
    return f"{', '.join([*names, 'random search'])} on {table.env}, space {table.space.name}"


@dataclass(frozen=True)
class Lead:
    """What came of a comparison by one metric.

    Attributes:
        text: what random search returns.
        points: a sentence for each strategy.
    """

    text: str
    points: tuple[str, ...]


def leads(comparison: Comparison) -> list[Lead]:
    """What came of it, by each metric; what cannot be told is said."""
    found = [
        Lead(
            f"By {NAMES[view.metric]}, random search returns networks of "
            f"{spread(view.random.mean, view.random.deviation)}.",
            tuple(_sentence(contender, view.verdicts[contender.label]) for contender in view.judged),
        )
        for view in comparison.shown
    ]
    if len(comparison.table.seeds) < 2:
        only = (
            "The table has one training seed: an architecture's seeds may differ by more than architectures do, so no "
            "strategy can be called better or worse than random search."
        )
        found.append(Lead(only, ()))
    return found


VERDICTS = {1: "better than", -1: "worse than", 0: "not to be told from"}


def _sentence(contender: Contender, found: Verdict) -> str:
    """What came of a strategy."""
    ahead = (
        "" if found.lead.value is None else f", and a difference of {difference(found.lead).text} under seeds held out"
    )
    over = plural(len(contender.found), contender.over)
    return (
        f"{contender.label}: {spread(contender.mean, contender.deviation)}, {VERDICTS[found.sure]} "
        f"{found.rival.label} at the same cost (a better network with probability "
        f"{interval(found.probability).text}, {over}{ahead})."
    )


def markdown(found: Contents) -> str:
    """The whole comparison as Markdown, for the folder that holds its figures and CSV files."""
    return "\n\n".join(_markdown(found)) + "\n"


def _markdown(found: Contents) -> Iterator[str]:
    comparison = found.comparison
    yield f"# {title(comparison)}"
    yield _about(comparison)
    for lead in leads(comparison):
        yield lead.text
        if lead.points:
            yield "\n".join(f"- {point}" for point in lead.points)
    for part in found.parts:
        yield from part.markdown()
    if comparison.remarks:
        yield "## Remarks"
        yield "\n".join(f"- {remark}" for remark in comparison.remarks)


def section(found: Contents) -> Html:
    """The whole comparison as HTML, for a page that has the report's style."""
    comparison = found.comparison
    elements = []
    for lead in leads(comparison):
        points = [tag("ul", *(tag("li", point) for point in lead.points))] if lead.points else []
        elements.append(tag("div", tag("p", lead.text), *points, class_="sure"))
    if comparison.remarks:
        elements.append(tag("ul", *(tag("li", remark) for remark in comparison.remarks), class_="warnings"))
    for part in found.parts:
        elements += part.html()
    return tag("section", *elements)


def page(found: Contents) -> str:
    """The whole comparison as one self-contained page."""
    comparison = found.comparison
    top = tag(
        "section",
        tag("p", "rlnas comparison", class_="kind"),
        tag("h1", title(comparison)),
        tag("p", _about(comparison)),
    )
    return document(title(comparison), top, section(found))


def _about(comparison: Comparison) -> str:
    table = comparison.table
    checksum = f", checksum {table.checksum[:12]}" if table.checksum else ""
    count = len(table.architectures)
    missing = "" if count == table.space.size else f" of {table.space.size:,}"
    return (
        f"Table {table.name}{checksum}: {count:,}{missing} architectures of {table.space.name} on {table.env}, "
        f"{plural(len(table.seeds), 'training seed')}, {short(table.steps)} steps for each training, judged here at "
        f"{short(comparison.conditions.budget)}."
    )
