"""One table from several that were built with the same settings: more seeds, or more architectures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from rlnas import kinds
from rlnas.errors import UserError, differences
from rlnas.kinds import Refusal, checked_call, several
from rlnas.table.files import MEASURED, check_new, write_table
from rlnas.table.same_settings import GROUPS, setting_differences, whole_settings
from rlnas.table.table import OWN, Table


def _table(value: object) -> Table:
    if not isinstance(value, Table):
        raise Refusal("a table")
    return value


Tables = Annotated[Sequence[Table], several(_table, "a list of tables that rlnas.table.load gave", twice="keep")]


@checked_call
def merge(tables: Tables, path: kinds.Place) -> Table:
    """Writes the runs of several tables as one; returns it. Settings that a later version added are written out.

    Args:
        tables: the tables.
        path: a new file.

    Raises:
        UserError: if there is no table, if they were built with different settings, if two of them disagree on a run,
            or the file cannot be a new table. A run that failed in one and succeeded in another has succeeded.
    """
    check_new(Path(path))
    if not tables:
        raise UserError("name at least one table to merge.")
    first = tables[0]
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for table in tables:
        if found := _differences(first, table):
            raise UserError(f"the table {table.name!r} cannot be merged into {first.name!r}: {found[0]}.")
        if bool(table.remarks) != bool(first.remarks):
            remarks = " ".join([*first.remarks, *table.remarks])
            raise UserError(f"tables of different networks cannot be merged. {remarks}")
        for row in table.frame.to_dicts():
            key = (row["architecture"], row["seed"])
            if key in rows and rows[key]["status"] != row["status"]:
                rows[key] = row if row["status"] == "done" else rows[key]
            # Two failures agree, in whatever words: those may be the machine's.
            elif key in rows and row["status"] == "done" and _results(rows[key]) != _results(row):
                raise UserError(
                    f"the tables disagree on architecture {key[0]!r} with seed {key[1]}: the second is {table.name!r}."
                )
            rows.setdefault(key, row)
    settings = {name: value for name, value in first.settings.items() if name not in OWN}
    settings["space"] = first.space.to_dict()
    for group in GROUPS:
        if group in settings:
            settings[group] = whole_settings(group, settings[group])
    settings["seeds"] = sorted({seed for _, seed in rows})
    named = dict.fromkeys(name for table in tables for name in table.settings.get("architectures") or ())
    if all(table.settings.get("architectures") for table in tables) and len(named) < first.space.size:
        settings["architectures"] = list(named)  # none of them was to be of the whole space
    settings["baselines"] = sorted({name for table in tables for name in table.baselines})
    settings["versions"] = first.settings.get("versions", {})
    write_table(Path(path), list(rows.values()), settings)
    return Table.read(path)


def _differences(one: Table, other: Table) -> list[str]:
    """In what the settings of two tables differ that cannot be merged, in words."""
    found = differences(one.metrics, other.metrics, "metrics")
    for name in sorted({*one.settings, *other.settings} - set(OWN)):
        usual = "fp32" if name == "precision" else None
        there, here = one.settings.get(name, usual), other.settings.get(name, usual)
        if name in GROUPS and there is not None and here is not None:
            found += setting_differences(name, there, here)
        elif name != "space" or one.space != other.space:  # another version may write the same space in another way
            found += differences(there, here, name)
    return found


def _results(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in MEASURED}
