"""Strategies compared on tabular benchmarks: `rlnas.compare`, `rlnas.compare_tables`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rlnas.errors import UserError
from rlnas.experiments.options import ComparisonOptions
from rlnas.experiments.request import Request, function
from rlnas.experiments.resolving import OVERVIEW, folder_name, share_options, strategy_names
from rlnas.experiments.tables import TableSource, TableSources, open_table
from rlnas.kinds import Flag, Form, Names, Place, Places, Seed, Seeds, Steps
from rlnas.processes import absolute
from rlnas.strategies import STRATEGIES, shares_weights
from rlnas.user_imports import import_modules

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.analysis import Comparison
    from rlnas.table import StoredSearch, Table


@dataclass(frozen=True, kw_only=True)
class CompareOptions(Request, ComparisonOptions):
    """How strategies are compared."""

    strategies: Names | None = None
    """Strategies to compare, in this order; all that have searches by default. Those that fit no supernet run on the
    table. Random search always runs."""

    budget: Steps | None = None
    """Environment steps at which networks are compared; the whole trainings by default."""

    metrics: Annotated[Names, Form("METRIC", many=True)] | None = None
    """Metrics that get a figure and tables of their own, by default all that the table has; table 1 has all."""

    seed: Seed = 0
    """Root of the random streams."""

    seeds: Seeds | None = None
    """Training seeds by which networks are compared; all that the table has by default."""

    drop_incomplete: Flag = False
    """Leave out networks that lack a score under one of these seeds, and say so. Otherwise they are an error."""

    out: Place | None = None
    """Folder to write a page, Markdown, CSV files and figures to; of several tables, each has a folder in it."""

    save_searches: Annotated[Place, Form("FILE")] | None = None
    """File to store the searches in; its name must end in .json."""


@dataclass(frozen=True)
class CompareRequest(CompareOptions):
    """Compare strategies with random search and baselines on a table; nothing is trained."""

    words = "compare"

    table: TableSource
    """A table that comes with rlnas (see: rlnas table show), or a file that ends in .parquet."""

    searches: Places = ()
    """Finished searches: run directories of rlnas search, or files of stored searches. By default those that come with
    the table, or with the one that it is a copy of."""

    def result(self) -> Comparison:
        """Compares, and writes the comparison if there is a folder for it."""
        from rlnas.report.comparison import write_comparison

        _check_folder(self.out)
        (found,) = CompareTablesRequest.like(self, tables=[self.table], out=None).result().values()
        if self.out is not None:
            write_comparison(found, Path(self.out))
        return found


@dataclass(frozen=True)
class CompareTablesRequest(CompareOptions):
    """Compare strategies with random search and baselines on tables; nothing is trained.

    Writes scores, their differences, costs, rank correlations of proxies and the best architectures, as a page,
    Markdown, CSV and figures: the tables and figure 4 of arXiv:2011.14632, and what that paper lacks. Several tables
    stand side by side in an overview. A strategy that shares weights is left out where a table has no search of it, if
    another has. All options hold for all tables.
    """

    words = "compare"

    tables: TableSources
    """Tables that come with rlnas (see: rlnas table show), or files that end in .parquet."""

    searches: Places = ()
    """Finished searches: run directories of rlnas search, or files of stored searches. Each is compared on the tables
    that it fits. By default those that come with a table, or with the one that it is a copy of."""

    def result(self) -> dict[str, Comparison]:
        """Compares; writes a folder for each table and an overview if there is a folder for them.

        Returns:
            The comparisons, by the names of their folders: the tables' own names, or environments and spaces where
            tables share a name.

        Raises:
            MissingRun: if a table lacks a run that is needed. Nothing is written then.
        """
        from rlnas.report.comparison import write_comparison
        from rlnas.report.overview import write_overview
        from rlnas.table import write_searches

        import_modules(self.imports)
        names = None if self.strategies is None else strategy_names(self.strategies)
        tables = [open_table(table) for table in self.tables]
        folders = _folders(tables)
        for folder in ("", *folders, OVERVIEW):
            _check_folder(None if self.out is None else Path(self.out) / folder)
        save = self.save_searches
        if save is not None and not (str(save).endswith(".json") and self.searches and not Path(save).exists()):
            raise UserError(
                "--save-searches takes a new file that ends in .json, for the searches that --searches names."
            )
        given = stored_searches(self.searches)
        stored = [own or _searches_with(table) for own, table in zip(_fitting(given, tables), tables, strict=True)]
        everywhere = {search.strategy for one in stored for search in one}
        found = {}
        for folder, table, own in zip(folders, tables, stored, strict=True):
            elsewhere = everywhere - {search.strategy for search in own}
            here = names and [name for name in names if name not in elsewhere or not _shares_weights(name)]
            try:
                found[folder] = self._compare(table, own, here)
            except UserError as error:
                raise error if len(tables) == 1 else type(error)(f"{folder}: {error}") from None
        if self.out is not None:
            for folder, one in found.items():
                write_comparison(one, Path(self.out) / folder)
            write_overview({f"../{folder}": one for folder, one in found.items()}, [], Path(self.out) / OVERVIEW)
        if save is not None:
            write_searches(Path(save), given)
        return found

    def _compare(self, table: Table, stored: Sequence[StoredSearch], strategies: Sequence[str] | None) -> Comparison:
        """The comparison on one table; options of strategies go to those that run on it."""
        from rlnas import analysis

        searched = {search.strategy for search in stored}
        on_table = [name for name in analysis.chosen_strategies(table, stored, strategies) if name not in searched]
        return analysis.compare(
            table,
            stored,
            strategies=strategies,
            options=share_options(on_table, self.strategy_options or {}),
            budget=self.budget,
            metrics=self.metrics,
            top_k=self.top_k,
            repeats=self.repeats,
            seed=self.seed,
            seeds=self.seeds,
            drop_incomplete=self.drop_incomplete,
        )


def stored_searches(sources: Sequence[str | Path]) -> list[StoredSearch]:
    """The searches of run directories and of files of stored searches; raises a `UserError` if they hold none."""
    if not sources:
        return []
    from rlnas.study import collect_searches

    if found := collect_searches(sources):
        return found
    raise UserError(f"there is no search in {', '.join(map(str, sources))}.")


def _check_folder(out: str | Path | None) -> None:
    if out is not None and absolute(out).exists() and not absolute(out).is_dir():
        raise UserError(f"{str(out)!r} is a file: name a folder to write to.")


def _searches_with(table: Table) -> list[StoredSearch]:
    """The searches that come with a table."""
    from rlnas.table import read_searches, searches_with

    file = searches_with(table)
    return [] if file is None else read_searches(file)


def _folders(tables: Sequence[Table]) -> list[str]:
    """A folder's name for each table: that of its file, if that tells them apart, and else where it was made."""
    if not tables:
        raise UserError("name at least one table.")
    names = [table.name for table in tables]
    places = [folder_name(table.env, table.space.name) for table in tables]
    for found in (names, places, [f"{place}-{name}" for place, name in zip(places, names, strict=True)]):
        if len({*found, OVERVIEW}) == len(tables) + 1:
            return found
    same = ", ".join(f"{name!r} ({place})" for name, place in zip(names, places, strict=True))
    raise UserError(f"tables of one environment and space need files of different names: {same}.")


def _fitting(searches: Sequence[StoredSearch], tables: Sequence[Table]) -> list[list[StoredSearch]]:
    """For each table the searches that fit it; for one that fits none, the error of the last table is raised."""
    found: list[list[StoredSearch]] = [[] for _ in tables]
    for search in searches:
        misfits = []
        for table, own in zip(tables, found, strict=True):
            try:
                search.check(table)
                own.append(search)
            except UserError as error:
                misfits.append(error)
        if len(misfits) == len(tables):
            raise misfits[-1]
    return found


def _shares_weights(strategy: str) -> bool:
    """Whether a strategy cannot be run on a table; one that is not known here has stored searches alone."""
    return strategy not in STRATEGIES or shares_weights(strategy)


compare = function(CompareRequest, "compare")
compare_tables = function(CompareTablesRequest, "compare_tables")
