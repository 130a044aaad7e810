"""The tables that come with the package."""

from importlib import resources
from pathlib import Path

from rlnas import kinds
from rlnas.errors import unknown
from rlnas.kinds import checked_call
from rlnas.table.table import Table

DATA = Path(str(resources.files("rlnas.table") / "data"))


def shipped() -> list[str]:
    """The names of the tables that come with the package."""
    return sorted(path.stem for path in DATA.glob("*.parquet"))


def shipped_searches(name: str) -> Path | None:
    """The file of stored searches that comes with a table of the package, if there is one."""
    path = DATA / f"{name}.searches.json"
    return path if path.exists() else None


def searches_with(table: Table) -> Path | None:
    """The file of stored searches that comes with a table of the package, or with the one that a table is a copy of."""
    for name in shipped():
        path = shipped_searches(name)
        if path is not None and (own := load(name)).env == table.env and own.results_digest == table.results_digest:
            return path
    return None


@checked_call
def load(name: kinds.Place) -> Table:
    """A table that comes with the package, by name, or any other, by the path of its file.

    Raises:
        UserError: if there is no such table, or it is damaged.
    """
    name = str(name)
    if name.endswith(".parquet"):
        return Table.read(name)
    if name not in shipped():
        raise unknown("table", name, [*shipped(), "a file that ends in .parquet"])
    return Table.read(DATA / f"{name}.parquet")
