"""Several comparisons side by side: the paper's table 1 with all its columns, and figure 4 with all its panels."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

from matplotlib.figure import Figure as Chart
from matplotlib.lines import Line2D

from rlnas.analysis import Comparison
from rlnas.analysis.labels import labels_side_by_side
from rlnas.analysis.outcomes import StrategyOutcome
from rlnas.quantity import plural, short
from rlnas.report.comparison_figures import DASHES, RETURNED, RETURNED_LINE, bars, reference_lines
from rlnas.report.comparison_tables import NAMES, basis, in_order, slug
from rlnas.report.figures import legend, panels
from rlnas.report.formats import NONE, score, spread
from rlnas.report.paper import TITLE, printed
from rlnas.report.sections import Cell, Column, Document, Figure, Link, Prose, Section, Table, columns, notes, words
from rlnas.table import Metric

Rows = Mapping[str, Sequence[Cell]]  # for each network or strategy its cells by each metric

HEAD = columns("network or strategy -> name | metric")


def write_overview(comparisons: Mapping[str, Comparison], left_out: Sequence[str], folder: Path) -> None:
    """Writes comparisons, by their folders relative to `folder`, side by side: Markdown, page, CSV file, figures.

    `left_out` says which spaces and environments are missing, a sentence each.
    """
    found = list(comparisons.values())
    named = list(zip(heads(found), comparisons.items(), strict=True))
    links = [Link(f"{head}: {basis(one)}{_budgets(one)}", quote(f"{where}/comparison")) for head, (where, one) in named]
    opening = [Prose(items=links), *([Prose(items=left_out, style="warnings")] if left_out else [])]
    sections = list(_sections(found))
    if remarks := [f"{head}: {remark}" for head, (_, one) in named for remark in one.remarks]:
        sections.append(Section("Remarks", [Prose(items=remarks, style="warnings")]))
    title = f"Table 1 and figure 4 over {plural(len(found), 'table')}"
    Document("overview", "overview", title, opening, sections).write(folder, {})


def _sections(comparisons: Sequence[Comparison]) -> Iterator[Section]:
    yield table_1(comparisons)
    if papers := papers_table(comparisons):
        yield papers
    for metric in _metrics(comparisons):
        title, draw = f"Figure 4: all architectures, by {NAMES[metric]}", partial(figure_4, comparisons, metric)
        yield Section(title, [Figure(draw, f"figure-4-{slug(metric)}", title, notes("overview_figure"))])


def _metrics(comparisons: Sequence[Comparison]) -> list[Metric]:
    """The metrics that all comparisons have."""
    return [view.metric for view in in_order(comparisons[0]) if all(view.metric in one.views for one in comparisons)]


def _budgets(comparison: Comparison) -> str:
    """The budgets of the searches, which may differ between tables."""
    budgets = sorted({one.budget for one in comparison.shown[0].strategies if one.budget is not None})
    return f" Searches of {' and '.join(map(short, budgets))} steps." if budgets else ""


def heads(comparisons: Sequence[Comparison]) -> list[str]:
    """The heads of columns: space and environment, with the table's name where several share these."""
    places = [(f"{one.table.space.name}, {one.table.env}", one.table.name) for one in comparisons]
    times = Counter(place for place, _ in places)
    return [place if times[place] == 1 else f"{place}, {name}" for place, name in places]


def table_1(comparisons: Sequence[Comparison]) -> Section:
    """The paper's table 1: a column for each space and environment, a line by each metric for each row."""
    # Random search first, then hand-made networks, then strategies, whichever table has them.
    labels = labels_side_by_side([one.views["total_reward"].strategies for one in comparisons])
    metrics = _metrics(comparisons)
    groups = zip(*(_rows(*one, metrics) for one in zip(comparisons, labels, strict=True)), strict=True)
    rows = tuple(row for group in groups for row in _lines(group, metrics))
    ends = ("", " deviation", " over")
    scores = [Column(head, tuple(head.replace(",", "") + end for end in ends)) for head in heads(comparisons)]
    title = "Table 1: true performance of what each search returns"
    return Section(title, [Table((*HEAD, *scores), rows, "table-1", notes("overview"), texts=2)])


def papers_table(comparisons: Sequence[Comparison]) -> Section | None:
    """What the paper printed for these spaces and environments, if it has any."""
    papers = [printed(one.table) for one in comparisons]
    if not any(papers):
        return None
    scores = [{name: [*map(words, own)] for name, own in paper.scores.items()} if paper else {} for paper in papers]
    rows = tuple(_lines(scores, ["reward_mean", "total_reward"]))
    note = f"{notes('papers')} {notes('freeway')}"
    head = (*HEAD, *(Column(head, ()) for head in heads(comparisons)))
    return Section(TITLE, [Table(head, rows, note=note, texts=2)])


def _rows(comparison: Comparison, labels: Mapping[str, str], metrics: Sequence[Metric]) -> tuple[Rows, Rows, Rows]:
    """Random search, hand-made networks, and strategies by their labels side by side."""
    views = [comparison.views[metric] for metric in metrics]
    hand_made = zip(*(view.hand_made for view in views), strict=True)
    searched = zip(*(view.strategies for view in views), strict=True)
    return (
        {views[0].random.label: [_over(view.random) for view in views]},
        {same[0].label: [Cell(score(one.score), (one.score, None, None)) for one in same] for same in hand_made},
        {labels[same[0].label]: [_over(one) for one in same] for same in searched},
    )


def _over(one: StrategyOutcome) -> Cell:
    """Mean and deviation, and over how many searches or repeats."""
    count = len(one.searches)
    return Cell(f"{spread(one.mean, one.deviation)} ({count:,})", (one.mean, one.deviation, count))


def _lines(scores: Sequence[Rows], metrics: Sequence[Metric]) -> Iterable[tuple[Cell, ...]]:
    """A line by each metric for each network or strategy; a dash where a table lacks it."""
    missing = Cell(NONE, (None, None, None))
    for label in dict.fromkeys(label for own in scores for label in own):
        for number, metric in enumerate(metrics):
            found = (own[label][number] if label in own else missing for own in scores)
            yield words(label), words(NAMES[metric]), *found


def figure_4(comparisons: Sequence[Comparison], metric: Metric) -> Chart:
    """A histogram for each comparison, with lines where searches and hand-made networks are."""
    views = [one.views[metric] for one in comparisons]
    figure, rows = panels(len(views), 1.0 + 1.6 * len(views))
    handles: dict[str, Line2D] = {}
    hand_made = dict.fromkeys(one.label for view in views for one in view.hand_made)
    dashes = dict(zip(hand_made, cycle(DASHES), strict=False))
    for axes, head, view in zip(rows, heads(comparisons), views, strict=True):
        bars(axes, view)
        axes.set_title(f"{head}, {short(view.truth.budget)} steps", loc="left", fontsize=9.5)
        searched = [strategy for strategy in view.strategies if strategy.over != "repeat"]
        scores = sorted({search.score for strategy in searched for search in strategy.searches})
        lines = [(where, RETURNED, RETURNED_LINE) for where in scores]
        for where, label, looks in (*lines, *reference_lines(view)):
            if label in dashes:  # the same in all panels
                looks = looks | {"linestyle": (0, dashes[label])}
            axes.axvline(where, **looks)
            handles.setdefault(label, Line2D([], [], label=label, **looks))
    rows[-1].set_xlabel(NAMES[metric])
    legend(figure, (list(handles.values()), list(handles)), columns=2)
    return figure
