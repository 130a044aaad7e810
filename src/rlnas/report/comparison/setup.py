"""Tables 2, 4 and 5 of the paper: the search space, what its networks were trained with, the strategies' options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rlnas.report.comparison.compare import Comparison
from rlnas.report.comparison.printed import AGENT, CONTROLLER
from rlnas.report.comparison.sheets import Cell, Sheet, column, count, words
from rlnas.report.formats import NONE, flatten
from rlnas.report.layers import layers_in_words, shape_text
from rlnas.table.settings import GROUPS


def search_space(comparison: Comparison) -> Sheet:
    """Table 2 of the paper: every layer of the space, with the options of its choices."""
    space = comparison.table.space
    lines = layers_in_words(space)
    return Sheet(
        "space",
        "Table 2: the search space",
        f"{space.name} has {space.size:,} architectures. Shapes are channels × height × width, for "
        f"{next(iter(space)).id}.",
        (column("layer"), column("settings"), column("output shape")),
        (
            (words("input"), words(""), words(shape_text(space.input_shape))),
            *((words("· " * one.depth + one.layer), words(one.settings), words(one.output)) for one in lines),
        ),
        texts=3,
    )


def trainings(comparison: Comparison) -> Sheet:
    """Table 4 of the paper: the settings that every network was trained with."""
    table = comparison.table
    return Sheet(
        "trainings",
        "Table 4: what the networks were trained with",
        "Steps: environment steps of each training. A setting that the environment has no use for has no effect. "
        "Paper: what its table 4 prints for Atari; a dash where it is silent.",
        (column("setting"), column("value"), column("paper")),
        tuple(_rows(table.steps, {name: table.settings.get(name, {}) for name in GROUPS}, AGENT)),
    )


def options(comparison: Comparison) -> Sheet:
    """Table 5 of the paper: the options of every strategy."""
    # The strategies and their options are the same by every metric.
    contenders = comparison.shown[0].contenders
    return Sheet(
        "options",
        "Table 5: what the strategies searched with",
        "Steps: the budget of each search, in environment steps; a strategy that is run on the table has none. Paper: "
        "what its table 5 prints for ENAS.",
        (column("strategy"), column("option"), column("value"), column("paper")),
        tuple(
            (words(one.label), *row)
            for one in contenders
            for row in _rows(one.budget, one.options, CONTROLLER if one.strategy == "enas" else {})
        ),
        texts=2,
    )


def _rows(steps: int | None, settings: Mapping[str, Any], papers: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    """A row for each setting, by name, with what the paper says of it."""
    if steps is not None:
        yield words("steps"), count(steps), words(papers.get("steps", NONE))
    for name, text in sorted(flatten(settings).items()):
        yield words(name), words(text), words(papers.get(name, NONE))
