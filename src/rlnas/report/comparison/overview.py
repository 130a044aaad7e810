"""Several comparisons side by side: the paper's table 1 with all its columns, and figure 4 with all its panels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rlnas.files import write_bytes
from rlnas.quantity import plural, short
from rlnas.report.comparison.compare import Comparison, View
from rlnas.report.comparison.contenders import Contender
from rlnas.report.comparison.figures import (
    DASHES,
    RETURNED,
    bars,
    file_name,
    histogram,
    legend,
    references,
    returned_looks,
    title_of,
)
from rlnas.report.comparison.naming import names_in_common
from rlnas.report.comparison.parts import FigurePart, Part, TablePart, write_files
from rlnas.report.comparison.printed import CAVEAT, FREEWAY, printed
from rlnas.report.comparison.sheets import Cell, Sheet, column, mean, words
from rlnas.report.comparison.tables import IN_ORDER, NAMES, basis
from rlnas.report.figures import panels
from rlnas.report.formats import NONE, score
from rlnas.report.markup import Html, tag
from rlnas.report.page import document
from rlnas.table import Metric

Scores = Mapping[str, Sequence[Cell]]
"""For each network or strategy its cells by each metric, in the order of `IN_ORDER`."""

_NAME, _METRIC = column("network or strategy", "name"), column("metric")
NOTE = (
    "Mean ± standard deviation over searches or repeats, whose number is in brackets. For each metric a search returns "
    "the best of its top K by that metric, picked with the seeds that score it; what is left under seeds that had no "
    "part in picking, and what is sure, each comparison says."
)


CAPTION = (
    "The true performance of all architectures of each table. Red: what the searches returned; strategies that are run "
    "on the table are left out, since their many repeats return nearly everything that is good."
)


def write_overview(comparisons: Mapping[str, Comparison], left_out: Sequence[str], folder: Path) -> None:
    """Writes comparisons on several tables side by side: `overview.md`, `overview.html`, a CSV file, figures.

    Args:
        comparisons: by the folder that each was written to, relative to `folder`.
        left_out: of which spaces and environments nothing came, a sentence each.
        folder: where to.
    """
    found = list(comparisons.values())
    title = f"Table 1 and figure 4 over {plural(len(found), 'table')}"
    named = list(zip(heads(found), comparisons.items(), strict=True))
    sources = [(f"{head}: {basis(one)}{_budgets(one)}", quote(f"{where}/comparison")) for head, (where, one) in named]
    remarks = [f"{head}: {remark}" for head, (_, one) in named for remark in one.remarks]
    text = [f"# {title}", "\n".join(f"- [{_plain(about)}]({link}.md)" for about, link in sources)]
    top = tag("section", tag("h1", title), tag("ul", *(tag("li", tag("a", t, href=f"{x}.html")) for t, x in sources)))
    elements: list[Html] = []
    if left_out:
        text.append(_list(left_out))
        elements.append(_warnings(left_out))
    parts = list(_parts(found))
    write_files(parts, {}, folder)
    for part in parts:
        text += part.markdown()
        elements += part.html()
    if remarks:
        text += ["## Remarks", _list(remarks)]
        elements += [tag("h2", "Remarks"), _warnings(remarks)]
    write_bytes(folder / "overview.md", ("\n\n".join(text) + "\n").encode())
    write_bytes(folder / "overview.html", document(title, top, tag("section", *elements)).encode())


def _parts(comparisons: Sequence[Comparison]) -> Iterator[Part]:
    yield TablePart(table_1(comparisons))
    if sheet := papers_own(comparisons):
        yield TablePart(sheet, stored=False)
    for metric in IN_ORDER:
        draw = partial(figure_4, comparisons, metric)
        yield FigurePart(title_of(histogram, metric), file_name(histogram, metric), draw, CAPTION)


def _budgets(comparison: Comparison) -> str:
    """What the searches had, in words; those of several tables may differ."""
    budgets = sorted({one.budget for one in comparison.shown[0].contenders if one.budget is not None})
    return f" Searches of {' and '.join(map(short, budgets))} steps." if budgets else ""


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {_plain(sentence)}" for sentence in sentences)


def _warnings(sentences: Iterable[str]) -> Html:
    return tag("ul", *(tag("li", sentence) for sentence in sentences), class_="warnings")


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is, whatever a space is called."""
    return re.sub(r"([\[\]<>])", r"\\\1", text)


def heads(comparisons: Sequence[Comparison]) -> list[str]:
    """Space and environment of each, which head a column; the table's name too, where several share these."""
    places = [f"{one.table.space.name}, {one.table.env}" for one in comparisons]
    return [
        place if places.count(place) == 1 else f"{place}, {one.table.name}"
        for place, one in zip(places, comparisons, strict=True)
    ]


def table_1(comparisons: Sequence[Comparison]) -> Sheet:
    """The paper's table 1: a column for each space and environment, and two lines for each network or strategy."""
    # Random search first, then hand-made networks, then strategies, whichever table has them.
    names = names_in_common([one.views[IN_ORDER[0]].contenders for one in comparisons])
    groups = zip(*map(_scores, comparisons, names), strict=True)
    rows = [row for group in groups for row in _lines(group)]
    columns = [
        column(head, *(head.replace(",", "") + end for end in ("", " deviation", " over")))
        for head in heads(comparisons)
    ]
    title = "Table 1: true performance of what each search returns"
    return Sheet("table-1", title, NOTE, (_NAME, _METRIC, *columns), tuple(rows), texts=2)


def papers_own(comparisons: Sequence[Comparison]) -> Sheet | None:
    """What the paper printed for these spaces and environments, if it has any."""
    sheets = [printed(one.table) for one in comparisons]
    if not any(sheets):
        return None
    scores = [{row[0].text: row[1:] for row in sheet.rows} if sheet else {} for sheet in sheets]
    note = "Its table 1: 10M steps for each training, K = 3, 4 search seeds, random search repeated 1,000 times."
    note += f" {CAVEAT} {FREEWAY}"
    columns = map(column, heads(comparisons))
    return Sheet("paper", "What the paper printed", note, (_NAME, _METRIC, *columns), tuple(_lines(scores)), texts=2)


def _scores(comparison: Comparison, names: Mapping[str, str]) -> tuple[Scores, Scores, Scores]:
    """Of random search, of hand-made networks and of strategies; `names`: what to call these, by their labels."""
    views = [comparison.views[metric] for metric in IN_ORDER]
    made = [same for same in zip(*(view.yardsticks for view in views), strict=True) if same[0].kind == "made"]
    searched = zip(*(view.contenders for view in views), strict=True)
    return (
        {views[0].random.label: [_over(view.random) for view in views]},
        {same[0].label: [Cell(score(yard.score), (yard.score, None, None)) for yard in same] for same in made},
        {names[same[0].label]: [_over(one) for one in same] for same in searched},
    )


def _over(one: Contender) -> Cell:
    """What a strategy returns, and over how many searches or repeats."""
    found = mean((one.mean, one.deviation))
    return Cell(f"{found.text} ({len(one.found):,})", (*found.values, len(one.found)))


def _lines(scores: Sequence[Scores]) -> Iterable[tuple[Cell, ...]]:
    """A line by each metric for each network or strategy; a dash where a table lacks it."""
    missing = Cell(NONE, (None, None, None))
    for label in dict.fromkeys(label for own in scores for label in own):
        for number, metric in enumerate(IN_ORDER):
            cells = (own[label][number] if label in own else missing for own in scores)
            yield words(label), words(NAMES[metric]), *cells


def figure_4(comparisons: Sequence[Comparison], metric: Metric, colours: Mapping[str, str]) -> Figure:
    """A histogram for each comparison, with lines where searches and hand-made networks are."""
    views = [one.views[metric] for one in comparisons]
    figure, rows = panels(len(views), 1.0 + 1.6 * len(views))
    handles: dict[str, Line2D] = {}
    made = dict.fromkeys(yard.label for view in views for yard in view.yardsticks if yard.kind == "made")
    dashes = dict(zip(made, cycle(DASHES), strict=False))
    for axes, head, view in zip(rows, heads(comparisons), views, strict=True):
        bars(axes, view, colours)
        axes.set_title(f"{head}, {short(view.standings.budget)} steps", loc="left", fontsize=9.5)
        lines = [(where, RETURNED, returned_looks(colours)) for where in _returned(view)]
        for where, label, looks in (*lines, *references(view, colours)):
            if label in dashes:  # the same in all panels
                looks = looks | {"linestyle": (0, dashes[label])}
            axes.axvline(where, **looks)
            handles.setdefault(label, Line2D([], [], label=label, **looks))
    rows[-1].set_xlabel(NAMES[metric])
    legend(figure, (list(handles.values()), list(handles)), columns=2)
    return figure


def _returned(view: View) -> list[float]:
    searched = [contender for contender in view.contenders if contender.over != "repeat"]
    return sorted({found.score for contender in searched for found in contender.found})
