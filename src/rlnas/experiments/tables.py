"""Tabular benchmarks: `rlnas.build_table`, `rlnas.collect_table`, `rlnas.measure_table`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import PlainValidator

from rlnas.errors import UserError
from rlnas.experiments.options import EnvRequest, Latency, StudyOptions, Watched
from rlnas.experiments.request import Request, function
from rlnas.experiments.resolving import Plan, baseline_names, check_workers_know, checked, read_run_settings, run_path
from rlnas.files import read_object
from rlnas.kinds import Form, Names, Place, Refusal, RunPlace, Seed, SeedCount, Steps, check_place, several
from rlnas.processes import absolute
from rlnas.spaces.catalogue import SpaceSource
from rlnas.user_imports import import_modules

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import TableSettings, Watcher  # noqa: F401, in the bases of a class
    from rlnas.table import Table


def _table(value: object) -> object:
    """A table, its name, or its file."""
    try:
        return str(check_place(value))
    except Refusal:
        from rlnas.table import Table

        if isinstance(value, Table):
            return value
        raise Refusal("a table, the name of one, or its file") from None


TableSource = Annotated[Any, PlainValidator(_table), Form("TABLE", positional=True)]
TableSources = Annotated[
    Any, several(_table, "a list of tables, their names or files"), Form("TABLE", many=True, flag="table")
]


def open_table(table: str | Path | Table) -> Table:
    """A table that is given as such, by name, or by its file."""
    from rlnas.table import Table, load

    return table if isinstance(table, Table) else load(str(table))


@dataclass(frozen=True)
class TableRequest(EnvRequest, StudyOptions, Latency):
    """Train every architecture of a space with several seeds, and write one file: table.parquet in the run directory.

    The same command on the same run directory continues the run or, when it is done, shows its table.
    """

    words = "table build"

    space: SpaceSource | None = field()

    steps: Steps
    """Environment steps of every training, e.g. 10M, 500k, 1e6. A step that only resets an environment after a game
    counts, too."""

    _: KW_ONLY

    seeds: SeedCount = 1
    """Trainings of each architecture."""

    first_seed: Seed = 1
    """The first of their seeds. A table grows by merging one of later seeds."""

    architectures: Names = ()
    """Ids of the architectures to train; all of the space by default."""

    def resolve(self) -> TablePlan:
        """Fills in what was left open; raises a `UserError` before anything is written if an option is not allowed."""
        from rlnas.study import TableSettings
        from rlnas.table.table import MOST_ARCHITECTURES

        common, space = self.common()
        check_workers_know(common.env, common.imports)
        if not self.architectures and space.size > MOST_ARCHITECTURES:
            raise UserError(
                f"space {space.name!r} has {space.size:,} architectures, and a table holds at most "
                f"{MOST_ARCHITECTURES:,}: a table of some of them names these (rlnas table build --architectures)."
            )
        named = [space.architecture(name).id for name in self.architectures]
        if twice := [name for name in named if named.count(name) > 1]:
            raise UserError(f"architecture {twice[0]!r} is named twice: name it once.")
        path = run_path(self.out, common.env, space.name, "table")
        begun = read_object(path / "table.json") if (path / "table.json").exists() else {}
        settings = self.complete(
            TableSettings,
            common,
            seeds=tuple(range(self.first_seed, self.first_seed + self.seeds)),
            architectures=tuple(named),
            latency=self.latency or bool(begun.get("latency")),  # a run that measures still measures
            baselines=baseline_names(self.baselines, space, common.env),
        )
        return TablePlan(path, settings, self.workers or 1, self.backend)

    def result(self) -> Table:
        """Builds the table, or continues to build it."""
        return self.resolve().run(self.watch)


@dataclass(frozen=True)
class TablePlan(Plan["TableSettings"]):
    """A table that may be built."""

    def run(self, watch: Watcher | None = None) -> Table:
        """Builds the table, or continues to build it."""
        from rlnas.study import build_table
        from rlnas.trials.backend import make_backend
        from rlnas.trials.progress import nobody

        with make_backend(self.workers, watch or nobody, self.backend) as backend:
            return build_table(self.path, self.settings, backend, watch or nobody)


@dataclass(frozen=True)
class CollectRequest(Request, Watched):
    """Write a table of the trainings that an unfinished build has done so far."""

    words = "table collect"

    run: RunPlace
    """Run directory of the build."""

    out: Place
    """File to write; its name must end in .parquet."""

    def result(self) -> Table:
        """Writes the table."""
        from rlnas.study import TableSettings, collect_table
        from rlnas.trials.progress import nobody

        import_modules(self.imports)
        settings = read_run_settings(absolute(self.run))
        if not isinstance(settings, TableSettings):
            raise UserError(f"the run {str(self.run)!r} does not build a table.")
        return collect_table(absolute(self.run), settings, absolute(self.out), self.watch or nobody)


@dataclass(frozen=True)
class MeasureRequest(Request, Watched):
    """Write a table with latencies measured anew: on this machine, of all its networks, in rounds over all of them.

    What was merged from several builds holds latencies of several machines and moments. Nothing is trained.
    """

    words = "table measure"

    table: TableSource
    """A table that comes with rlnas, or a file that ends in .parquet."""

    out: Place
    """File to write; its name must end in .parquet."""

    def result(self) -> Table:
        """Measures, and writes the table."""
        from rlnas.study import TableSettings, measure_table
        from rlnas.trials.progress import nobody

        import_modules(self.imports)
        table = open_table(self.table)
        settings = checked(TableSettings, "setting", table.settings)
        return measure_table(table, settings, absolute(self.out), self.watch or nobody)


build_table = function(TableRequest, "build_table")
collect_table = function(CollectRequest, "collect_table")
measure_table = function(MeasureRequest, "measure_table")
