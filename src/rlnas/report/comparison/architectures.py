"""Tables 6 to 9 of the paper: the architectures that were found, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rlnas.report.comparison.compare import Comparison
from rlnas.report.comparison.sheets import Cell, Sheet, column, words
from rlnas.report.comparison.tables import NAMES
from rlnas.report.formats import big, score
from rlnas.spaces import Layer, Option, Space


@dataclass(frozen=True)
class Shown:
    """An architecture that is written out.

    Attributes:
        name: its id.
        why: what it is the best of.
        sheet: its layers.
    """

    name: str
    why: str
    sheet: Sheet


def architectures(comparison: Comparison) -> list[Shown]:
    """The best architecture of each strategy by each metric, and the best of the table; each once."""
    roles: dict[str, list[str]] = {}
    for view in comparison.shown:
        by = NAMES[view.metric]
        for contender in view.contenders:
            best = contender.best
            times = sum(found.architecture == best.architecture for found in contender.found)
            role = (
                f"best of {contender.label} by {by} ({score(best.score)}; {times} of {len(contender.found)} searches)"
            )
            roles.setdefault(best.architecture, []).append(role)
        peak = float(view.standings.truth.max())
        roles.setdefault(view.best, []).append(f"best of the table by {by} ({score(peak)})")
    space = comparison.table.space
    return [
        Shown(name, f"The {'; the '.join(why)}.", _sheet(name, tuple(_rows(space, name))))
        for name, why in roles.items()
    ]


def together(shown: Sequence[Shown]) -> Sheet:
    """All of them in one table: for the CSV file, whose rows name the architecture."""
    return _sheet("all", tuple(row for one in shown for row in one.sheet.rows))


def _sheet(title: str, rows: tuple[tuple[Cell, ...], ...]) -> Sheet:
    columns = (
        column("layer", "architecture", "layer"),
        column("settings"),
        column("output shape"),
        column("parameters"),
        column("multiply-adds", "multiply_adds"),
    )
    return Sheet("architectures", title, "", columns, rows, texts=3)


def _rows(space: Space, name: str) -> Iterator[tuple[Cell, ...]]:
    architecture = space.architecture(name)
    values = dict(architecture)
    yield _row(name, "input", "", space.input_shape, None, None)
    for number, (layer, shape) in enumerate(space.layers_of(architecture), 1):
        costs = layer.parameters(shape, values), layer.multiply_adds(shape, values)
        yield _row(name, f"{number} {layer.type}", _settings(layer, values), layer.output_shape(shape, values), *costs)
    whole = space.cost(architecture)
    yield _row(name, "encoder", "", None, whole.parameters, whole.multiply_adds)


def _row(
    name: str,
    layer: str,
    settings: str,
    shape: tuple[int, ...] | None,
    parameters: int | None,
    multiply_adds: int | None,
) -> tuple[Cell, ...]:
    return (
        Cell(layer, (name, layer)),
        words(settings),
        words("×".join(map(str, shape or ()))),
        Cell(f"{parameters:,}" if parameters else "", (parameters,)),
        Cell(big(multiply_adds) if multiply_adds else "", (multiply_adds,)),
    )


def _settings(layer: Layer, values: Mapping[str, Option]) -> str:
    """What is set; what is chosen stands with a star."""
    return ", ".join(f"{name} {value}{'*' * chosen}" for name, value, chosen in layer.settings(dict(values)))
