"""One table from several that were built with the same settings: more seeds, or more architectures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlnas.errors import UserError
from rlnas.table.files import MEASURED, write_table
from rlnas.table.table import Table

OWN = ("seeds", "architectures", "versions")
"""Settings in which the parts of a table may differ."""


def merge(tables: Sequence[Table], path: str | Path) -> Table:
    """Writes the runs of several tables as one; returns it.

    Raises:
        UserError: if the tables were built with different settings, or two of them disagree on a run.
    """
    first = tables[0]
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for table in tables:
        for name in sorted({*first.settings, *table.settings} - set(OWN)):
            one, other = first.settings.get(name), table.settings.get(name)
            # A later version may write a space with further parameters, at values that change nothing.
            if one != other and not (name == "space" and first.space == table.space):
                raise UserError(
                    f"the tables {first.name!r} and {table.name!r} cannot be merged: {name} is {_short(one)} in one "
                    f"and {_short(other)} in the other."
                )
        for row in table.frame.to_dicts():
            key = (row["architecture"], row["seed"])
            if key in rows and _results(rows[key]) != _results(row):
                raise UserError(
                    f"the tables disagree on architecture {key[0]!r} with seed {key[1]}: the second is {table.name!r}."
                )
            rows.setdefault(key, row)
    settings = {name: value for name, value in first.settings.items() if name not in OWN}
    settings["seeds"] = sorted({seed for _, seed in rows})
    settings["versions"] = first.settings.get("versions", {})
    write_table(Path(path), list(rows.values()), settings)
    return Table.read(path)


def _results(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in MEASURED}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
