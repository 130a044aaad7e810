"""What reports are made of: sections of tables, figures and prose, which templates render as HTML and Markdown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from matplotlib.figure import Figure as Chart

from rlnas.files import write_bytes
from rlnas.report.figures import inline_svg, saved_files
from rlnas.report.formats import NONE, difference, estimate, score, spread
from rlnas.stats.estimates import Estimate

Value = str | int | float | None


@dataclass(frozen=True)
class Cell:
    """What people read, the values of the CSV file behind it, and HTML where it is more than the text."""

    text: str
    values: tuple[Value, ...] = ()
    html: Markup | None = None


@dataclass(frozen=True)
class Column:
    """A column: its head, and the columns of the CSV file for the values of its cells."""

    title: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        columns: the columns.
        rows: the cells.
        name: of its CSV file without the ending; empty for none.
        note: how to read it.
        texts: how many of the first columns hold text; the others hold numbers.
        marked: rows that stand out.
    """

    kind: ClassVar = "table"
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    name: str = ""
    note: str = ""
    texts: int = 1
    marked: tuple[int, ...] = ()

    def csv(self, facts: Mapping[str, Value]) -> str:
        """The values as CSV, after `facts`: columns that are the same in all rows."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*facts, *(name for column in self.columns for name in column.fields)])
        for row in self.rows:
            values = [value for cell in row for value in cell.values]
            writer.writerow(["" if value is None else value for value in (*facts.values(), *values)])
        return text.getvalue()


@dataclass(frozen=True)
class Figure:
    """A chart: what draws it, its caption, and a name for its files and its alternative text."""

    kind: ClassVar = "figure"
    draw: Callable[[], Chart]
    name: str
    title: str
    caption: str = ""
    legend: Markup | None = None

    @property
    def svg(self) -> Markup:
        """The chart as an element of a page."""
        return inline_svg(self.draw, self.name, self.title)


@dataclass(frozen=True)
class Drawing:
    """A picture that is SVG already."""

    kind: ClassVar = "drawing"
    svg: Markup


@dataclass(frozen=True)
class Link:
    """A link to another report: its path without the ending."""

    text: str
    path: str


@dataclass(frozen=True)
class Prose:
    """A paragraph, then a list; either may be empty. `style` is a class of `page.css`, or `code`."""

    kind: ClassVar = "prose"
    text: str = ""
    items: Sequence[str | Link] = ()
    style: str = ""


@dataclass(frozen=True)
class Tile:
    """A number that stands out, with words above and below it."""

    kind: ClassVar = "tile"
    title: str
    value: str
    text: str
    style: str = ""


@dataclass(frozen=True)
class Group:
    """Blocks that belong together.

    Attributes:
        blocks: the blocks.
        title: a heading.
        style: `pair` and `tiles` stand side by side; `folded` is folded away under the title, `open` can be.
    """

    kind: ClassVar = "group"
    blocks: Sequence[Block]
    title: str = ""
    style: str = ""


Block = Table | Figure | Drawing | Prose | Tile | Group


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes:
        title: its heading.
        blocks: its content.
        data: tables that are saved and not shown.
        basis: budget, seeds and repeats.
    """

    title: str
    blocks: Sequence[Block]
    data: Sequence[Table] = ()
    basis: str = ""

    @property
    def table(self) -> Table:
        """The first table."""
        return next(block for block in self.blocks if isinstance(block, Table))

    @property
    def saved(self) -> list[Table]:
        """The tables that have a CSV file."""
        return [table for table in (*self.blocks, *self.data) if isinstance(table, Table) and table.name]


@dataclass(frozen=True)
class Document:
    """A report: `name` of its files without the ending, what it is a report of, title, opening, sections."""

    name: str
    of: str
    title: str
    opening: Sequence[Block]
    sections: Sequence[Section]

    def html(self) -> str:
        """A self-contained page."""
        return _environment().get_template("page.html.j2").render(document=self).lstrip()

    def markdown(self) -> str:
        """Markdown, for the folder that holds the files."""
        text = _environment().get_template("page.md.j2").render(document=self)
        return re.sub(r"\s*\n\s*\n", "\n\n", text).strip() + "\n"

    def write(self, folder: Path, facts: Mapping[str, Value]) -> None:
        """Writes Markdown, the page, each figure as SVG and PNG, and each named table as CSV with columns `facts`."""
        for name, data in self._files(facts):
            write_bytes(folder / name, data)
        write_bytes(folder / f"{self.name}.md", self.markdown().encode())
        write_bytes(folder / f"{self.name}.html", self.html().encode())

    def _files(self, facts: Mapping[str, Value]) -> Iterator[tuple[str, bytes]]:
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, Figure):
                    yield from saved_files(block.draw, block.name)
            for table in section.saved:
                yield f"{table.name}.csv", table.csv(facts).encode()


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("rlnas.report"),
        autoescape=lambda name: name is not None and ".md" not in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters["breakable"] = breakable
    found.filters["plain"] = plain
    return found


def breakable(text: str) -> Markup:
    """Escaped text; long architecture ids may break after a comma. HTML stays as it is.

    >>> print(breakable("a < b"), breakable("kernel=3,kernel2=5,channels=64"))
    a &lt; b kernel=3,<wbr>kernel2=5,<wbr>channels=64
    """
    if isinstance(text, Markup):
        return text
    return Markup(re.sub(r"[^\s<>]{28,}", lambda found: found[0].replace(",", ",<wbr>"), escape(text)))


def plain(text: str) -> str:
    r"""Text that Markdown leaves as it is.

    >>> print(plain("<b>"))
    \<b\>
    """
    return re.sub(r"([<>])", r"\\\1", text)


def column(title: str, *fields: str) -> Column:
    """A column; by default its one field is named as its title, with underscores."""
    return Column(title, fields or (title.replace(" ", "_"),))


def ends(name: str) -> Sequence[str]:
    """The fields of an estimate.

    >>> ends("kendall")
    ('kendall', 'kendall_low', 'kendall_high')
    """
    return name, f"{name}_low", f"{name}_high"


def words(text: str) -> Cell:
    """A cell of text."""
    return Cell(text, (text,))


def number(value: float | None) -> Cell:
    """A cell with a score."""
    return Cell(score(value), (value,))


def count(value: int) -> Cell:
    """A cell with a whole number."""
    return Cell(f"{value:,}", (value,))


def mean(value: float | None, deviation: float | None) -> Cell:
    """A cell with a mean and its standard deviation."""
    return Cell(spread(value, deviation), (value, deviation))


def interval(found: Estimate | None, of: float | None = None) -> Cell:
    """A cell with an estimate: as fine as the score `of`, or with two decimals."""
    return Cell(estimate(found, of), _ends(found))


def gap(found: Estimate | None) -> Cell:
    """A cell with a difference of scores and its interval."""
    return Cell(NONE if found is None else difference(found), _ends(found))


def _ends(found: Estimate | None) -> tuple[Value, ...]:
    return (None, None, None) if found is None else (found.value, found.low, found.high)
