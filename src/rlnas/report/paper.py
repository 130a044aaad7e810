"""The numbers of the paper for a space and a game (paper, tables 1 and 4 to 9)."""

import tomllib
from importlib import resources
from typing import NamedTuple

from rlnas.report.sections import Section, Table, cells, columns, notes
from rlnas.spaces import load_space
from rlnas.table import Table as Benchmark


class Printed(NamedTuple):
    """A column of the paper's table 1."""

    scores: dict[str, tuple[str, str]]  # for each row reward mean and total reward
    best: str  # the id of the architecture in its tables 6 to 9
    number: int  # of that table


_PAPER = tomllib.loads(resources.files("rlnas.report").joinpath("templates/paper.toml").read_text(encoding="utf-8"))
PRINTED = {(one["space"], one["env"]): Printed(one["scores"], one["best"], one["number"]) for one in _PAPER["table_1"]}
TABLE_4: dict[str, str] = _PAPER["table_4"]
TABLE_5: dict[str, str] = _PAPER["table_5"]
TITLE = "What the paper printed"


def printed(table: Benchmark) -> Printed | None:
    """The paper's numbers for the space and the environment of a table, if there are any."""
    name = table.space.name
    found = PRINTED.get((name, table.env))
    return None if found is None or table.space != load_space(name) else found


def papers_table(table: Benchmark) -> Section | None:
    """The paper's numbers for a table; without a CSV file, since they are not of the comparison's budget."""
    found = printed(table)
    if found is None:
        return None
    note = notes("paper", number=found.number, best=found.best)
    note += f" {notes('freeway')}" if "Freeway" in table.env else ""
    head = columns("network or strategy | reward mean | total reward")
    rows = tuple(cells(name, *scores) for name, scores in found.scores.items())
    return Section(TITLE, [Table(head, rows, note=note)])
