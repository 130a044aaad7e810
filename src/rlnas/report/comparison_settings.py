"""Sections of a comparison on settings: the search space, the trainings, the strategies (paper, tables 2, 4 and 5)."""

from collections.abc import Iterator, Mapping
from typing import Any

from rlnas.analysis import Comparison
from rlnas.analysis.outcomes import StrategyOutcome
from rlnas.quantity import plural
from rlnas.report.formats import NONE
from rlnas.report.paper import TABLE_4, TABLE_5
from rlnas.report.sections import Cell, Section, Table, cells, columns, count, notes, words
from rlnas.spaces.words import flatten, layers_in_words, shape_text
from rlnas.table.same_settings import GROUPS, whole_settings

SILENT = Cell(NONE, (None,))


def search_space(comparison: Comparison) -> Section:
    """Table 2 of the paper: every layer of the space, with the options of its choices."""
    space = comparison.table.space
    sides = " (channels × height × width)" if len(space.input_shape) == 3 else ""
    rows = [cells(Cell("input", (0, "input")), "", shape_text(space.input_shape))]
    for line in layers_in_words(space):
        layer = Cell("· " * line.depth + line.layer, (line.depth, line.layer))
        rows.append(cells(layer, line.settings, line.output))
    note = (
        f"{space.name} has {plural(space.size, 'architecture')}. Parameters at their defaults are left out. Output "
        f"shapes{sides} are those of {next(iter(space)).id}."
    )
    head = columns("layer -> depth, layer | settings | output shape")
    return Section("Table 2: the search space", [Table(head, tuple(rows), "space", note, texts=3)])


def trainings(comparison: Comparison) -> Section:
    """Table 4 of the paper: the settings of every training."""
    chosen = comparison.table.settings
    known: dict[str, Any] = {group: whole_settings(group, chosen[group]) for group in GROUPS if group in chosen}
    rows = tuple(_rows({"steps": comparison.table.steps, **known}, TABLE_4))
    table = Table(columns("setting | value | paper"), rows, "trainings", notes("trainings"), texts=3)
    return Section("Table 4: the settings of the trainings", [table])


def options(comparison: Comparison) -> Section:
    """Table 5 of the paper: the options of every strategy, which are the same by every metric."""
    rows = tuple((words(one.label), *row) for one in comparison.shown[0].strategies for row in _options(one))
    table = Table(columns("strategy | option | value | paper"), rows, "options", notes("options"), texts=4)
    return Section("Table 5: the options of the strategies", [table])


def _options(strategy: StrategyOutcome) -> list[tuple[Cell, ...]]:
    budget = {} if strategy.budget is None else {"steps": strategy.budget}
    rows = list(_rows(budget | strategy.whole_options, TABLE_5 if strategy.strategy == "enas" else {}))
    return rows or [(SILENT, SILENT, SILENT)]


def _rows(settings: Mapping[str, Any], papers: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    """A row for each setting, the steps first, then by name, with what the paper says of it."""
    found = flatten(settings)
    for name in sorted(found, key=lambda name: (name != "steps", name)):
        yield words(name), _value(found[name]), _value(papers[name]) if name in papers else SILENT


def _value(text: str) -> Cell:
    return count(int(text)) if text.isdecimal() else words(text)
