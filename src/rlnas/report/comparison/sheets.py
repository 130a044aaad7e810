"""A table that is written three times: as text of a page, as Markdown, and as CSV with all digits."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rlnas.report.formats import NONE, as_fine_as, score, spread
from rlnas.report.markup import Html, table
from rlnas.stats.estimates import Estimate

Value = str | int | float | None


@dataclass(frozen=True)
class Cell:
    """What people read, and the values behind it."""

    text: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        title: its head.
        fields: the columns of the CSV file that the values of its cells go to.
    """

    title: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        name: of its CSV file, without the ending.
        title: what it is.
        note: how to read it.
        columns: the columns.
        rows: the cells.
        texts: the first columns, which hold text; the others hold numbers.
        marked: rows that stand out.
    """

    name: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    texts: int = 1
    marked: tuple[int, ...] = ()

    def html(self) -> Html:
        """The table as HTML, without title and note."""
        return table([column.title for column in self.columns], self._texts(), self.texts, self.marked)

    def markdown(self) -> str:
        """The table as Markdown, without title and note; rows that stand out in bold."""
        rows = [[_escape(text) for text in row] for row in self._texts()]
        for number in self.marked:
            rows[number] = [f"**{text}**" if text else "" for text in rows[number]]
        sides = [":--" if n < self.texts else "--:" for n in range(len(self.columns))]
        head = [_escape(column.title) for column in self.columns]
        return "\n".join(f"| {' | '.join(row)} |" for row in (head, sides, *rows))

    def csv(self, facts: Mapping[str, Value]) -> str:
        """The values as CSV.

        Args:
            facts: further columns, the same in every row, so that files of several comparisons can be put together.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*facts, *(name for column in self.columns for name in column.fields)])
        for row in self.rows:
            values = [value for cell in row for value in cell.values]
            writer.writerow(["" if value is None else value for value in (*facts.values(), *values)])
        return text.getvalue()

    def _texts(self) -> list[list[str]]:
        return [[cell.text for cell in row] for row in self.rows]


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


def words(text: str) -> Cell:
    """A cell of text."""
    return Cell(text, (text,))


def number(value: float | None) -> Cell:
    """A cell with a score."""
    return Cell(score(value), (value,))


def count(value: int) -> Cell:
    """A cell with a whole number."""
    return Cell(f"{value:,}", (value,))


def mean(values: tuple[float | None, float | None]) -> Cell:
    """A cell with a mean and its standard deviation."""
    return Cell(spread(*values), values)


def scored(estimate: Estimate) -> Cell:
    """A cell with a score and its interval.

    >>> scored(Estimate(12.5, 11.25, 14.0)).text, scored(Estimate(0.5)).text
    ('12.50 [11.25, 14.00]', '0.50')
    """
    text = score(estimate.value)
    if estimate.value is not None and estimate.low is not None and estimate.high is not None:
        text += f" [{as_fine_as(estimate.value, estimate.low)}, {as_fine_as(estimate.value, estimate.high)}]"
    return Cell(text, (estimate.value, estimate.low, estimate.high))


def interval(estimate: Estimate | None) -> Cell:
    """A cell with a number between -1 and 1 and its interval.

    >>> interval(Estimate(0.5, 0.25, 0.75)).text, interval(Estimate(0.5)).text, interval(None).text
    ('0.50 [0.25, 0.75]', '0.50', '–')
    """
    if estimate is None or estimate.value is None:
        return Cell(NONE, (None, None, None))
    text = f"{estimate.value:.2f}"
    if estimate.low is not None:
        text += f" [{estimate.low:.2f}, {estimate.high:.2f}]"
    return Cell(text, (estimate.value, estimate.low, estimate.high))


def difference(estimate: Estimate | None) -> Cell:
    """A cell with a difference of scores and its interval.

    >>> difference(Estimate(0.5, -0.25, 1.25)).text, difference(Estimate(0.5)).text, difference(None).text
    ('+0.50 [-0.25, +1.25]', '+0.50', '–')
    """
    if estimate is None or estimate.value is None:
        return Cell(NONE, (None, None, None))
    ends = [end for end in (estimate.value, estimate.low, estimate.high) if end is not None]
    digits = 2 if max(map(abs, ends)) < 10 else 1
    value, *others = (f"{end:+.{digits}f}" for end in ends)
    return Cell(f"{value} [{', '.join(others)}]" if others else value, (estimate.value, estimate.low, estimate.high))


def column(title: str, *fields: str) -> Column:
    """A column; without fields its one field is called as its title, words joined by underscores."""
    return Column(title, fields or (title.replace(" ", "_"),))


def ends(name: str) -> Sequence[str]:
    """The fields of an estimate.

    >>> ends("kendall")
    ('kendall', 'kendall_low', 'kendall_high')
    """
    return name, f"{name}_low", f"{name}_high"
