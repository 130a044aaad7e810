"""The parts of a comparison, each written three times: as Markdown, as HTML, and as files of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from rlnas.files import write_bytes
from rlnas.report.comparison.architectures import Shown, together
from rlnas.report.comparison.figures import inlined, saved
from rlnas.report.comparison.sheets import Sheet, Value
from rlnas.report.layers import layer_table
from rlnas.report.markup import Html, tag

LAYERS = "Shapes are channels × height × width; parameters and multiply-adds are the encoder's, heads left out."


class Part(ABC):
    """A part with a title of its own."""

    @abstractmethod
    def data(self) -> Sheet | None:
        """What its CSV file holds; `None` without such a file."""

    @abstractmethod
    def markdown(self) -> Iterator[str]:
        """Its paragraphs as Markdown, for the folder that holds its files."""

    @abstractmethod
    def html(self) -> Iterator[Html]:
        """Its elements, which need no files."""

    def files(self, facts: Mapping[str, Value]) -> dict[str, bytes]:
        """Its files by their names; `facts` are further columns of the CSV file."""
        data = self.data()
        return {} if data is None else {f"{data.name}.csv": data.csv(facts).encode()}

    def link(self) -> str:
        """Where the CSV file is, as Markdown."""
        data = self.data()
        return "" if data is None else f" [{data.name}.csv]({data.name}.csv)"


def write_files(parts: Iterable[Part], facts: Mapping[str, Value], folder: Path) -> None:
    """Writes the files of parts into a folder; `facts` are further columns of the CSV files."""
    for part in parts:
        for name, data in part.files(facts).items():
            write_bytes(folder / name, data)


@dataclass(frozen=True)
class TablePart(Part):
    """A table.

    Attributes:
        sheet: the table.
        basis: what it rests on: budget, seeds and repeats; empty where `sheet` says so itself.
        stored: whether it has a CSV file.
    """

    sheet: Sheet
    basis: str = ""
    stored: bool = True

    def data(self) -> Sheet | None:
        return self.sheet if self.stored else None

    def markdown(self) -> Iterator[str]:
        yield f"## {self.sheet.title}"
        yield self.sheet.markdown()
        if self.basis:
            yield f"*{self.basis}*"
        yield self.sheet.note + self.link()

    def html(self) -> Iterator[Html]:
        yield tag("h2", self.sheet.title)
        yield self.sheet.html()
        for note in filter(None, (self.basis, self.sheet.note)):
            yield tag("p", note, class_="note")


@dataclass(frozen=True)
class FigurePart(Part):
    """A figure.

    Attributes:
        title: its title.
        name: of its files, without the ending.
        draw: draws it with given colours.
        caption: how to read it.
        basis: as in `TablePart`.
        numbers: what is drawn, where that has a CSV file.
    """

    title: str
    name: str
    draw: Callable[[Mapping[str, str]], Figure]
    caption: str
    basis: str = ""
    numbers: Sheet | None = None

    def data(self) -> Sheet | None:
        return self.numbers

    def markdown(self) -> Iterator[str]:
        yield f"## {self.title}"
        yield f"![{self.title}]({self.name}.png)"
        yield self.caption + (f" *{self.basis}*" if self.basis else "") + self.link()

    def html(self) -> Iterator[Html]:
        caption = tag("figcaption", " ".join(filter(None, (self.caption, self.basis))))
        yield tag("h2", self.title)
        yield tag("figure", inlined(self.draw, self.name, self.title), caption)

    def files(self, facts: Mapping[str, Value]) -> dict[str, bytes]:
        drawn = saved(self.draw, self.name)
        return super().files(facts) | {f"{self.name}.{ending}": data for ending, data in drawn.items()}


@dataclass(frozen=True)
class NetworksPart(Part):
    """Networks, layer by layer.

    Attributes:
        title: its title.
        name: of the CSV file, without the ending.
        networks: which.
        basis: as in `TablePart`.
    """

    title: str
    name: str
    networks: Sequence[Shown]
    basis: str

    def data(self) -> Sheet | None:
        return together(self.name, self.networks)

    def markdown(self) -> Iterator[str]:
        yield f"## {self.title}"
        yield f"{self._mark('Star')}{LAYERS} *{self.basis}*{self.link()}"
        for network in self.networks:
            yield f"### {network.name}"
            yield from filter(None, (network.why, network.sheet.markdown()))

    def html(self) -> Iterator[Html]:
        yield tag("h2", self.title)
        yield tag("p", f"{self._mark('Blue')}{LAYERS}", class_="note")
        yield tag("p", self.basis, class_="note")
        yield tag("div", *map(_network, self.networks), class_="pair")

    def _mark(self, how: str) -> str:
        """What stands out, where something does."""
        return f"{how}: a choice of the space. " if any(one.space.choices for one in self.networks) else ""


def _network(shown: Shown) -> Html:
    why = [tag("p", shown.why, class_="note")] if shown.why else []
    return tag("div", tag("h3", shown.name), *why, layer_table(shown.space, shown.architecture))
