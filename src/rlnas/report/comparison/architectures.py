"""Tables 3 and 6 to 9 of the paper: hand-made networks and those that were found, layer by layer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rlnas.errors import UserError
from rlnas.report.comparison.compare import Comparison
from rlnas.report.comparison.sheets import Cell, Sheet, column, words
from rlnas.report.comparison.tables import NAMES
from rlnas.report.formats import big, score
from rlnas.report.layers import Word, words_of
from rlnas.spaces import Space
from rlnas.spaces.words import shape_text
from rlnas.study.networks import find_baseline


@dataclass(frozen=True)
class Shown:
    """A network that is written out.

    Attributes:
        name: the id of an architecture, or the name of a hand-made network.
        why: what it is the best of; empty for a hand-made network.
        space: the space that it is of.
        architecture: its id there.
    """

    name: str
    why: str
    space: Space
    architecture: str

    @property
    def sheet(self) -> Sheet:
        """Its layers."""
        return together(self.name, [self])


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
    return [Shown(name, f"The {'; the '.join(why)}.", space, name) for name, why in roles.items()]


def hand_made(comparison: Comparison) -> list[Shown]:
    """The hand-made networks of a comparison; without those that this version does not know."""
    space = comparison.table.space
    found = []
    for yard in comparison.shown[0].yardsticks:
        if yard.kind != "made" or yard.architecture is None:
            continue
        with contextlib.suppress(UserError):  # the table is from elsewhere
            known = find_baseline(yard.architecture, space)
            if known.space.input_shape == space.input_shape:
                found.append(Shown(yard.label, "", known.space, known.architecture))
    return found


def together(name: str, shown: Sequence[Shown]) -> Sheet:
    """Some networks in one table of that name; the rows of its CSV file name the network."""
    columns = (
        column("layer", "architecture", "layer"),
        column("settings"),
        column("output shape"),
        column("parameters"),
        column("multiply-adds", "multiply_adds"),
    )
    return Sheet(name, "", "", columns, tuple(row for one in shown for row in _rows(one)), texts=3)


def _rows(shown: Shown) -> Iterator[tuple[Cell, ...]]:
    name, space = shown.name, shown.space
    architecture = space.architecture(shown.architecture)
    values = dict(architecture)
    yield _row(name, "input", "", space.input_shape, None, None)
    for number, (layer, shape) in enumerate(space.layers_of(architecture), 1):
        costs = layer.parameters(shape, values), layer.multiply_adds(shape, values)
        yield _row(
            name,
            f"{number} {layer.type}",
            _settings(words_of(layer, values)),
            layer.output_shape(shape, values),
            *costs,
        )
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
        words(shape_text(shape or ())),
        Cell(f"{parameters:,}" if parameters else "", (parameters,)),
        Cell(big(multiply_adds) if multiply_adds else "", (multiply_adds,)),
    )


def _settings(found: Sequence[Word]) -> str:
    """What is set; what is chosen stands with a star."""
    return ", ".join(word.text + ("*" if word.chosen else "") for word in found)
