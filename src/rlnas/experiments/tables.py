"""Tabular benchmarks, and strategies judged on them: `rlnas.build_table`, `rlnas.compare` and their kin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, Unpack

from pydantic import PlainValidator

from rlnas import calls
from rlnas.calls import Options, Refusal, check_place, check_text, checked_call, several
from rlnas.errors import UserError
from rlnas.experiments.prepare import (
    OVERVIEW,
    checked,
    folder_name,
    prepare_table,
    read_run_settings,
    share_options,
    strategy_names,
)
from rlnas.processes import absolute, settled
from rlnas.spaces import Space
from rlnas.strategies import STRATEGIES, shares_weights
from rlnas.trust import import_modules

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.report.comparison import Comparison
    from rlnas.study import TableSettings, Watcher
    from rlnas.table import StoredSearch, Table


def _table(value: object) -> object:
    """A table, its name, or its file."""
    try:
        return str(check_place(value))
    except Refusal:
        from rlnas.table import Table

        if isinstance(value, Table):
            return value
        raise Refusal("a table, the name of one, or its file") from None


TableSource = Annotated[Any, PlainValidator(_table)]
Metrics = Annotated[Sequence[Any], several(check_text, "a list of names")]
TableSources = Annotated[Any, several(_table, "a list of tables, their names or files")]


@settled()
def build_table(
    env: str,
    space: str | Path | Space | None,
    steps: int | str,
    *,
    seeds: int = 1,
    first_seed: int = 1,
    architectures: str | Sequence[str] = (),
    baselines: str | Sequence[str] | None = None,
    out: str | Path | None = None,
    workers: int = 1,
    checkpoint_steps: int | str = "100k",
    device: str = "auto",
    latency: bool = False,
    imports: str | Sequence[str] = (),
    env_options: Options | None = None,
    ppo_options: Options | None = None,
    watch: Watcher | None = None,
) -> Table:
    """Trains every architecture of a space with several seeds: a tabular benchmark.

    Args:
        env: id of the environment.
        space: a catalogue name, a TOML file, or a `Space`; `None`: the catalogue's for such observations.
        steps: environment steps of every training. A step that only resets an environment after a game counts, too.
        seeds: trainings of each architecture.
        first_seed: their seeds are `first_seed`, `first_seed + 1`, ...; a table grows by merging one of later seeds.
        architectures: ids of the architectures to train; all where none are named.
        baselines: hand-made networks to train beside them, as in `search`.
        out: run directory, by default in `runs` and named after what runs; the same call on it goes on or, when done,
            returns the table.
        workers: trainings that run at a time, each in a process of its own with one thread.
        checkpoint_steps: environment steps between checkpoints.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        latency: measure how long each network takes on this machine, once all are trained; `measure_table` can do so
            later.
        imports: modules that register environments, or hold layers of your own.
        env_options: fields of `EnvSettings`.
        ppo_options: fields of `PPOSettings`.
        watch: called with `Progress`.

    Returns:
        The table; its file is `table.parquet` in the run directory.

    Raises:
        UserError: if an argument is not allowed; nothing is written then.
    """
    path, settings = prepare_table(
        env=env,
        space=space,
        steps=steps,
        seeds=seeds,
        first_seed=first_seed,
        architectures=architectures,
        baselines=baselines,
        out=out,
        checkpoint_steps=checkpoint_steps,
        device=device,
        latency=latency,
        imports=imports,
        env_options=env_options,
        ppo_options=ppo_options,
    )
    return run_table(path, settings, workers, watch)


@checked_call
def run_table(path: Path, settings: TableSettings, workers: calls.Processes, watch: calls.Watch | None) -> Table:
    """Builds or goes on building a table."""
    from rlnas.study import build_table
    from rlnas.trials.progress import nobody

    return build_table(path, settings, workers, watch or nobody)


@settled()
@checked_call
def collect_table(
    run: calls.Place, out: calls.Place, *, imports: calls.Modules = (), watch: calls.Watch | None = None
) -> Table:
    """Writes a table of the trainings that an unfinished build has done so far.

    Args:
        run: the run directory of the build.
        out: a new file; its name must end in `.parquet`.
        imports: the modules that layers of the space come from, allowed by name, since they are code.
        watch: called with `Progress`.

    Returns:
        The table that was written.

    Raises:
        UserError: if there is no build at that place, none of its trainings is done, or an argument is not allowed.
    """
    from rlnas.study import TableSettings, collect_table
    from rlnas.trials.progress import nobody

    import_modules(imports)
    settings = read_run_settings(absolute(run))
    if not isinstance(settings, TableSettings):
        raise UserError(f"the run {str(run)!r} does not build a table.")
    return collect_table(absolute(run), settings, absolute(out), watch or nobody)


@settled()
@checked_call
def measure_table(
    table: TableSource, out: calls.Place, *, imports: calls.Modules = (), watch: calls.Watch | None = None
) -> Table:
    """Writes a table with latencies measured anew: on this machine, of all its networks, in rounds over all of them.

    Args:
        table: a table, its name, or its file; its results stay as they are.
        out: a new file; its name must end in `.parquet`.
        imports: the modules that layers of the space come from, allowed by name, since they are code.
        watch: called with `Progress`.

    Returns:
        The table that was written.

    Raises:
        UserError: if the table cannot be read, does not say how its networks were trained, or holds one that cannot be
            built, or if an argument is not allowed.
    """
    from rlnas.study import TableSettings, measure_table
    from rlnas.trials.progress import nobody

    import_modules(imports)
    found = _open(table)
    return measure_table(found, checked(TableSettings, "setting", found.settings), absolute(out), watch or nobody)


class Terms(TypedDict, total=False):
    """The arguments of `compare` that say how strategies are judged."""

    budget: calls.Steps | None
    metrics: Metrics
    top_k: calls.Count
    repeats: calls.Count
    seed: calls.Seed
    seeds: calls.Seeds | None
    drop_incomplete: calls.Flag


def stored_searches(sources: Sequence[str | Path]) -> list[StoredSearch]:
    """The searches of run directories and of files of stored searches.

    Raises:
        UserError: if one of them cannot be read, a search is given twice, or there is none.
    """
    if not sources:
        return []
    from rlnas.study import collect_searches

    found = collect_searches(sources)
    if not found:
        raise UserError(f"there is no search in {', '.join(map(str, sources))}.")
    return found


@checked_call
def compare(
    table: TableSource,
    searches: calls.Places = (),
    *,
    strategies: calls.Names | None = None,
    strategy_options: Options | None = None,
    budget: calls.Steps | None = None,
    metrics: Metrics = ("total_reward", "reward_mean"),
    top_k: calls.Count = 3,
    repeats: calls.Count = 1_000,
    seed: calls.Seed = 0,
    seeds: calls.Seeds | None = None,
    drop_incomplete: calls.Flag = False,
    out: calls.Place | None = None,
) -> Comparison:
    """Compares strategies with random search and hand-made networks on a table; nothing is trained.

    Args:
        table: a table, its name, or its file.
        searches: finished searches: run directories of `search`, or files of stored searches; where there are none,
            those that come with the table, or with the one that it is a copy of.
        strategies: which strategies, in this order; all that have searches by default. Those that ask for trainings
            alone are run on the table, as often as random search, which is always run.
        strategy_options: options of the strategies that are run on the table; each goes to those that have it.
        budget: environment steps at which networks are judged; the whole trainings by default.
        metrics: metrics that get a figure and tables of their own.
        top_k: architectures that each search has trained from scratch.
        repeats: repeats of random search, and of strategies that are run on the table.
        seed: root of the random streams.
        seeds: the training seeds by which networks are judged; all that the table has by default.
        drop_incomplete: leave out, and say so, networks that lack a score under one of these; otherwise the first
            raises.
        out: a folder to write a page, Markdown, CSV files and figures to.

    Raises:
        MissingRun: if the table lacks a run that is needed.
        UserError: if a search does not fit the table, or an argument is not allowed.
    """
    from rlnas.report import comparison

    _check_folder(out)
    found = _open(table)
    judged = _judge(
        found,
        stored_searches(searches) or _searches_with(found),
        None if strategies is None else strategy_names(strategies),
        strategy_options,
        budget=budget,
        metrics=metrics,
        top_k=top_k,
        repeats=repeats,
        seed=seed,
        seeds=seeds,
        drop_incomplete=drop_incomplete,
    )
    if out is not None:
        comparison.write_comparison(judged, Path(out))
    return judged


@checked_call
def compare_tables(
    tables: TableSources,
    searches: calls.Places = (),
    *,
    strategies: calls.Names | None = None,
    strategy_options: Options | None = None,
    out: calls.Place | None = None,
    **terms: Unpack[Terms],
) -> dict[str, Comparison]:
    """Compares strategies on several tables, each as `compare` does, and puts them side by side.

    Args:
        tables: tables, their names, or their files.
        searches: as in `compare`; each is judged on the tables that it fits. Where none of them fits a table, those
            that come with it are.
        strategies: as in `compare`; one that shares weights is left out where a table has no search of it, if another
            has.
        strategy_options: as in `compare`.
        out: a folder to write to: for each table a folder, and `overview`.
        **terms: further arguments of `compare`, for all tables.

    Returns:
        The comparisons, by the names of their folders: the tables' own names, or environments and spaces where tables
        share a name.

    Raises:
        MissingRun: if a table lacks a run that is needed.
        UserError: if tables cannot be told apart, a search fits none of them, or an argument is not allowed; nothing is
            written then.
    """
    from rlnas.report.comparison import write_comparison, write_overview

    names = None if strategies is None else strategy_names(strategies)
    found = [_open(table) for table in tables]
    folders = _folders(found)
    for folder in ("", *folders, OVERVIEW):
        _check_folder(None if out is None else Path(out) / folder)
    fitting = _fitting(stored_searches(searches), found)
    stored = [given or _searches_with(table) for given, table in zip(fitting, found, strict=True)]
    everywhere = {search.strategy for one in stored for search in one}
    judged = {}
    for folder, table, own in zip(folders, found, stored, strict=True):
        elsewhere = everywhere - {search.strategy for search in own}
        here = names and [name for name in names if name not in elsewhere or not _shares_weights(name)]
        try:
            judged[folder] = _judge(table, own, here, strategy_options, **terms)
        except UserError as error:
            raise type(error)(f"{folder}: {error}") from None
    if out is not None:
        for folder, one in judged.items():
            write_comparison(one, Path(out) / folder)
        write_overview({f"../{folder}": one for folder, one in judged.items()}, [], Path(out) / OVERVIEW)
    return judged


def _check_folder(out: str | Path | None) -> None:
    if out is not None and absolute(out).exists() and not absolute(out).is_dir():
        raise UserError(f"{str(out)!r} is a file: name a folder to write to.")


def _open(table: str | Path | Table) -> Table:
    from rlnas.table import Table, load

    return table if isinstance(table, Table) else load(str(table))


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
    raise UserError(
        "tables of one environment and space need files of different names: "
        f"{', '.join(f'{name!r} ({place})' for name, place in zip(names, places, strict=True))}."
    )


def _fitting(searches: Sequence[StoredSearch], tables: Sequence[Table]) -> list[list[StoredSearch]]:
    """For each table the searches that fit it.

    Raises:
        UserError: if one fits none of them; the message says why it does not fit the last.
    """
    found: list[list[StoredSearch]] = [[] for _ in tables]
    for search in searches:
        fits, why = False, ""
        for table, own in zip(tables, found, strict=True):
            try:
                search.check(table)
            except UserError as error:
                why = str(error)
            else:
                fits = True
                own.append(search)
        if not fits:
            raise UserError(why)
    return found


def _shares_weights(strategy: str) -> bool:
    """Whether a strategy cannot be run on a table; one that is not known here has stored searches alone."""
    return strategy not in STRATEGIES or shares_weights(strategy)


def _judge(
    table: Table,
    stored: Sequence[StoredSearch],
    strategies: Sequence[str] | None,
    strategy_options: Options | None,
    **terms: Unpack[Terms],
) -> Comparison:
    """A comparison; options of strategies go to those that are run on the table."""
    from rlnas.report import comparison

    searched = {search.strategy for search in stored}
    on_table = [name for name in comparison.chosen_strategies(table, stored, strategies) if name not in searched]
    options = share_options(on_table, strategy_options or {})
    return comparison.compare(table, stored, strategies=strategies, options=options, **terms)
