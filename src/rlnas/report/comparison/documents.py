"""A comparison as Markdown and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rlnas.quantity import plural, short
from rlnas.report.comparison.architectures import Shown, architectures, hand_made, together
from rlnas.report.comparison.compare import Comparison, View
from rlnas.report.comparison.contenders import Contender
from rlnas.report.comparison.figures import Draw, cost, file_name, histogram, inline, pareto, title_of
from rlnas.report.comparison.printed import printed
from rlnas.report.comparison.reliability import proxies, reliability
from rlnas.report.comparison.setup import options, search_space, trainings
from rlnas.report.comparison.sheets import Sheet, difference, interval
from rlnas.report.comparison.sizes import sizes
from rlnas.report.comparison.tables import NAMES, basis, costs, strategies, table_1
from rlnas.report.comparison.verdicts import Verdict
from rlnas.report.formats import spread
from rlnas.report.layers import layer_table
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
        "it may be chance. Latency is that of one observation on one thread of the machine that wrote the table, "
        "good to a few tens of percent."
    ),
}
DATA = (cost, pareto)
"""Figures whose numbers are in a CSV file of the same name."""
HAND_MADE, FOUND = (
    "Table 3: the hand-made networks, layer by layer",
    "Tables 6 to 9: the architectures, layer by layer",
)
LAYERS = "Shapes are channels × height × width; parameters and multiply-adds are the encoder's, heads left out."


@dataclass(frozen=True)
class Contents:
    """The parts of a comparison, ready to be written in any form."""

    comparison: Comparison
    table_1: Sheet
    printed: Sheet | None
    by_metric: tuple[tuple[View, Sheet, Sheet], ...]
    reliability: Sheet
    space: Sheet
    hand_made: tuple[Shown, ...]
    trainings: Sheet
    options: Sheet
    architectures: tuple[Shown, ...]

    @property
    def sheets(self) -> list[Sheet]:
        """All tables of what was run here and the figures' curves, those of architectures as one."""
        pairs = [sheet for _, *pair in self.by_metric for sheet in pair]
        curves = [sheet for view, _, _ in self.by_metric for sheet in (costs(view), sizes(view))]
        setup = [self.space, together("hand-made", self.hand_made), self.trainings, self.options]
        found = together("architectures", self.architectures)
        return [sheet for sheet in (self.table_1, *pairs, *curves, self.reliability, *setup, found) if sheet.rows]


def contents(comparison: Comparison) -> Contents:
    """Makes all tables."""
    return Contents(
        comparison,
        table_1(comparison),
        printed(comparison.table),
        tuple((view, strategies(view, comparison), proxies(view, comparison)) for view in comparison.shown),
        reliability(comparison),
        search_space(comparison),
        tuple(hand_made(comparison)),
        trainings(comparison),
        options(comparison),
        tuple(architectures(comparison)),
    )


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
    ahead = "" if found.lead.value is None else f", and a lead of {difference(found.lead).text} under seeds held out"
    over = plural(len(contender.found), contender.over)
    return (
        f"{contender.label}: {spread(contender.mean, contender.deviation)}, {VERDICTS[found.sure]} "
        f"{found.rival.label} at the same cost (a better network with probability "
        f"{interval(found.probability).text}, {over}{ahead})."
    )


def markdown(parts: Contents) -> str:
    """The whole comparison as Markdown, for the folder that holds its figures and CSV files."""
    return "\n\n".join(_markdown(parts)) + "\n"


def _markdown(parts: Contents) -> Iterator[str]:
    comparison = parts.comparison
    under = f"*{basis(comparison)}*"
    yield f"# {title(comparison)}"
    yield _about(comparison)
    for lead in leads(comparison):
        yield lead.text
        if lead.points:
            yield "\n".join(f"- {point}" for point in lead.points)

    def part(sheet: Sheet) -> Iterator[str]:
        yield f"## {sheet.title}"
        yield sheet.markdown()
        yield under
        yield f"{sheet.note} [{sheet.name}.csv]({sheet.name}.csv)"

    def figure(view: View, draw: Draw) -> Iterator[str]:
        yield f"## {title_of(draw, view)}"
        yield f"![{title_of(draw, view)}]({file_name(draw, view)}.png)"
        data = f" [{file_name(draw, view)}.csv]({file_name(draw, view)}.csv)" if draw in DATA else ""
        yield f"{CAPTIONS[draw]} {under}{data}"

    yield from part(parts.table_1)
    if parts.printed is not None:
        yield f"## {parts.printed.title}"
        yield parts.printed.markdown()
        yield parts.printed.note
    for view, worth, ranked in parts.by_metric:
        yield from figure(view, histogram)
        yield from part(worth)
        yield from figure(view, cost)
        yield from figure(view, pareto)
        yield from part(ranked)

    def networks(title: str, about: str, name: str, shown: Sequence[Shown]) -> Iterator[str]:
        yield f"## {title}"
        yield f"{about}{LAYERS} {under} [{name}.csv]({name}.csv)"
        for one in shown:
            yield f"### {one.name}"
            yield from filter(None, (one.why, one.sheet.markdown()))

    yield from part(parts.reliability)
    yield from part(parts.space)
    if parts.hand_made:
        yield from networks(HAND_MADE, "", "hand-made", parts.hand_made)
    yield from part(parts.trainings)
    if parts.options.rows:
        yield from part(parts.options)
    yield from networks(FOUND, "Star: chosen by the search. ", "architectures", parts.architectures)
    if comparison.remarks:
        yield "## Remarks"
        yield "\n".join(f"- {remark}" for remark in comparison.remarks)


def section(parts: Contents) -> Html:
    """The whole comparison as HTML, for a page that has the report's style."""
    comparison = parts.comparison
    under = tag("p", basis(comparison), class_="note")
    found = []
    for lead in leads(comparison):
        points = [tag("ul", *(tag("li", point) for point in lead.points))] if lead.points else []
        found.append(tag("div", tag("p", lead.text), *points, class_="sure"))
    if comparison.remarks:
        found.append(tag("ul", *(tag("li", remark) for remark in comparison.remarks), class_="warnings"))

    def part(sheet: Sheet) -> list[Html]:
        return [tag("h2", sheet.title), sheet.html(), under, tag("p", sheet.note, class_="note")]

    def figure(view: View, draw: Draw) -> list[Html]:
        caption = tag("figcaption", f"{CAPTIONS[draw]} {basis(comparison)}")
        return [tag("h2", title_of(draw, view)), tag("figure", inline(draw, view), caption)]

    found += part(parts.table_1)
    if parts.printed is not None:
        found += [tag("h2", parts.printed.title), parts.printed.html(), tag("p", parts.printed.note, class_="note")]
    for view, worth, ranked in parts.by_metric:
        found += [*figure(view, histogram), *part(worth), *figure(view, cost), *figure(view, pareto), *part(ranked)]

    def networks(title: str, about: str, shown: Sequence[Shown]) -> list[Html]:
        layers = [
            tag(
                "div",
                tag("h3", one.name),
                *([tag("p", one.why, class_="note")] if one.why else []),
                layer_table(one.space, one.architecture),
            )
            for one in shown
        ]
        note = tag("p", f"{about}{LAYERS}", class_="note")
        return [tag("h2", title), note, under, tag("div", *layers, class_="pair")]

    found += [*part(parts.reliability), *part(parts.space)]
    if parts.hand_made:
        found += networks(HAND_MADE, "", parts.hand_made)
    found += part(parts.trainings)
    if parts.options.rows:
        found += part(parts.options)
    found += networks(FOUND, "Blue: chosen by the search. ", parts.architectures)
    return tag("section", *found)


def page(parts: Contents) -> str:
    """The whole comparison as one self-contained page."""
    comparison = parts.comparison
    top = tag(
        "section",
        tag("p", "rlnas comparison", class_="kind"),
        tag("h1", title(comparison)),
        tag("p", _about(comparison)),
    )
    return document(title(comparison), top, section(parts))


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
