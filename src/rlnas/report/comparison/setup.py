"""Tables 2, 4 and 5 of the paper: the search space, what its networks were trained with, the strategies' options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlnas.quantity import plural
from rlnas.report.comparison.compare import Comparison
from rlnas.report.comparison.contenders import Contender
from rlnas.report.comparison.printed import TABLE_4, TABLE_5
from rlnas.report.comparison.sheets import Cell, Sheet, column, count, words
from rlnas.report.formats import NONE, flatten
from rlnas.spaces.words import layers_in_words, shape_text
from rlnas.table.settings import GROUPS, whole_settings

SILENT = Cell(NONE, (None,))
"""What the paper does not say."""


def search_space(comparison: Comparison) -> Sheet:
    """Table 2 of the paper: every layer of the space, with the options of its choices."""
    space = comparison.table.space
    sides = " (channels × height × width)" if len(space.input_shape) == 3 else ""
    rows = [(Cell("input", (0, "input")), words(""), words(shape_text(space.input_shape)))]
    for line in layers_in_words(space):
        layer = Cell("· " * line.depth + line.layer, (line.depth, line.layer))
        rows.append((layer, words(line.settings), words(line.output)))
    return Sheet(
        "space",
        "Table 2: the search space",
        f"{space.name} has {plural(space.size, 'architecture')}. Parameters at their defaults are left out. Output "
        f"shapes{sides} are those of {next(iter(space)).id}.",
        (column("layer", "depth", "layer"), column("settings"), column("output shape")),
        tuple(rows),
        texts=3,
    )


def trainings(comparison: Comparison) -> Sheet:
    """Table 4 of the paper: the settings that every network was trained with."""
    table = comparison.table
    known: dict[str, Any] = {
        group: whole_settings(group, table.settings[group]) for group in GROUPS if group in table.settings
    }
    return Sheet(
        "trainings",
        "Table 4: what the networks were trained with",
        "Steps: environment steps of each training. A setting that the environment has no use for has no effect. "
        "Paper: what its table 4 prints for Atari; a dash where it is silent.",
        (column("setting"), column("value"), column("paper")),
        tuple(_rows({"steps": table.steps, **known}, TABLE_4)),
        texts=3,
    )


def options(comparison: Comparison) -> Sheet:
    """Table 5 of the paper: the options of every strategy; no rows without one."""
    # The strategies and their options are the same by every metric.
    contenders = comparison.shown[0].contenders
    return Sheet(
        "options",
        "Table 5: what the strategies searched with",
        "Steps: the budget of each search, in environment steps; a strategy that is run on the table has none. Limits "
        "on what a candidate may cost are among the options. Paper: what its table 5 prints for ENAS, whose learning "
        "rate falls along a cosine there and here.",
        (column("strategy"), column("option"), column("value"), column("paper")),
        tuple((words(one.label), *row) for one in contenders for row in _options(one)),
        texts=4,
    )


def _options(contender: Contender) -> list[tuple[Cell, ...]]:
    budget = {} if contender.budget is None else {"steps": contender.budget}
    rows = list(_rows(budget | contender.whole_options, TABLE_5 if contender.strategy == "enas" else {}))
    return rows or [(SILENT, SILENT, SILENT)]


def _rows(settings: Mapping[str, Any], papers: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    """A row for each setting, by name but the steps first, with what the paper says of it."""
    found = flatten(settings)
    for name in sorted(found, key=lambda name: (name != "steps", name)):
        yield words(name), _value(found[name]), _value(papers[name]) if name in papers else SILENT


def _value(text: str) -> Cell:
    return count(int(text)) if text.isdecimal() else words(text)
