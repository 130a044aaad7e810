"""What reports are made of: sections of tables, figures and prose, which templates render as HTML and Markdown."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

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
    """A table."""

    kind: ClassVar = "table"
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    name: str = ""  # of its CSV file without the ending; empty for none
    note: str = ""  # how to read it
    texts: int = 1  # how many of the first columns hold text; the others hold numbers
    marked: tuple[int, ...] = ()  # rows that stand out

    def csv(self, facts: Mapping[str, Value]) -> str:
        """The values as CSV, after `facts`: columns that are the same in all rows. Without values: the texts."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        names = [name for column in self.columns for name in column.fields]
        writer.writerow([*facts, *(names or [column.title for column in self.columns])])
        for row in self.rows:
            values = [value for cell in row for value in (cell.values if names else (cell.text,))]
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
    """Blocks that belong together."""

    kind: ClassVar = "group"
    blocks: Sequence[Block]  # the blocks
    title: str = ""  # a heading
    style: str = ""  # `pair` and `tiles` stand side by side; `folded` is folded away under the title, `open` can be


Block = Table | Figure | Prose | Tile | Group


@dataclass(frozen=True)
class Section:
    """A section of a report."""

    title: str  # its heading
    blocks: Sequence[Block]  # its content
    data: Sequence[Table] = ()  # tables that are saved and not shown
    basis: str = ""  # budget, seeds and repeats

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

    def tables(self) -> dict[str, Table]:
        """All tables that are shown, by the title of their section (`networks-2` for its second)."""
        found: dict[str, Table] = {}
        for section in self.sections:
            name = re.sub(r"\W+", "-", section.title.lower()).strip("-")
            for number, table in enumerate(_tables(section.blocks), 1):
                found[name if number == 1 else f"{name}-{number}"] = table
        return found

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


def _tables(blocks: Sequence[Block]) -> Iterator[Table]:
    for block in blocks:
        if isinstance(block, Table):
            yield block
        elif isinstance(block, Group):
            yield from _tables(block.blocks)


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
    return found


_NOTES = tomllib.loads(resources.files("rlnas.report").joinpath("templates/notes.toml").read_text(encoding="utf-8"))


def notes(name: str, **values: object) -> str:
    """How to read a table or a figure: a text of `templates/notes.toml`, with values in its braces."""
    return " ".join(str(_NOTES[name]).split()).format(**values)


def breakable(text: str) -> Markup:
    """Escaped text; long architecture ids may break after a comma. HTML stays as it is.

    >>> print(breakable("a < b"), breakable("kernel=3,kernel2=5,channels=64"))
    a &lt; b kernel=3,<wbr>kernel2=5,<wbr>channels=64
    """
    if isinstance(text, Markup):
        return text
    return Markup(re.sub(r"[^\s<>]{28,}", lambda found: found[0].replace(",", ",<wbr>"), escape(text)))


def columns(heads: str) -> tuple[Column, ...]:
    """Columns by their heads, with the fields where these are not the head; a star stands for an interval's ends.

    >>> [column.fields for column in columns("best rank | Kendall -> tau* | cost -> steps, deviation")]
    [('best_rank',), ('tau', 'tau_low', 'tau_high'), ('steps', 'deviation')]
    """
    found = []
    for part in heads.split(" | "):
        head, _, fields = part.partition(" -> ")
        fields = re.sub(r"(\w+)\*", r"\1, \1_low, \1_high", fields)
        found.append(Column(head, tuple(fields.split(", ") if fields else [head.replace(" ", "_")])))
    return tuple(found)


def cells(*values: Cell | Value) -> tuple[Cell, ...]:
    """A row of a table; floats are scores."""
    makers: dict[type, Callable[[Any], Cell]] = {str: words, int: count}
    return tuple(one if isinstance(one, Cell) else makers.get(type(one), number)(one) for one in values)


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
