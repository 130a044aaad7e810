"""`rlnas.build_table`, `compare` and `compare_tables`: tabular benchmarks, and strategies judged on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas.errors import UserError
from rlnas.prepare import OVERVIEW, Options, check_workers, prepare_table, share_options, strategy_names
from rlnas.spaces import Space

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.report.comparison import Comparison
    from rlnas.study import TableSettings, Watcher
    from rlnas.table import Metric, StoredSearch, Table


def build_table(
    env: str,
    space: str | Path | Space | None,
    steps: int | str,
    *,
    seeds: int = 1,
    first_seed: int = 1,
    architectures: Sequence[str] = (),
    baselines: Sequence[str] | None = None,
    out: str | Path | None = None,
    workers: int = 1,
    checkpoint_steps: int | str = "100k",
    device: str = "auto",
    imports: Sequence[str] = (),
    env_options: Options | None = None,
    ppo_options: Options | None = None,
    watch: Watcher | None = None,
) -> Table:
    """Trains every architecture of a space with several seeds: a tabular benchmark.

    Args:
        env: id of the environment.
        space: a catalogue name, a TOML file, or a `Space`; `None`: the catalogue's for such observations.
        steps: environment steps of every training.
        seeds: trainings of each architecture.
        first_seed: their seeds are `first_seed`, `first_seed + 1`, ...; a table grows by merging one of later seeds.
        architectures: ids of the architectures to train; all where none are named.
        baselines: hand-made networks to train beside them, as in `search`.
        out: run directory, by default in `runs` and named after what runs; the same call on it goes on or, when done,
            returns the table.
        workers: trainings that run at a time, each in a process of its own with one thread.
        checkpoint_steps: environment steps between checkpoints.
        device: `"auto"`, `"cpu"` or `"cuda"`.
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
        imports=imports,
        env_options=env_options or {},
        ppo_options=ppo_options or {},
    )
    return run_table(path, settings, workers, watch)


def run_table(path: Path, settings: TableSettings, workers: int, watch: Watcher | None) -> Table:
    """Builds or goes on building a table."""
    check_workers(workers)
    from rlnas.study import build_table
    from rlnas.study.progress import nobody

    return build_table(path, settings, workers, watch or nobody)


def stored_searches(sources: Sequence[str | Path]) -> list[StoredSearch]:
    """The searches of run directories and of files of stored searches.

    Raises:
        UserError: if one of them cannot be read, or a search is given twice.
    """
    if not sources:
        return []
    from rlnas.study import collect_searches

    return collect_searches(sources)


def compare(
    table: str | Path | Table,
    searches: Sequence[str | Path] = (),
    *,
    strategies: Sequence[str] | None = None,
    strategy_options: Options | None = None,
    budget: int | str | None = None,
    metrics: Sequence[Metric] = ("total_reward", "reward_mean"),
    top_k: int = 3,
    repeats: int = 1_000,
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    drop_incomplete: bool = False,
    out: str | Path | None = None,
) -> Comparison:
    """Compares strategies with random search and hand-made networks on a table; nothing is trained.

    Args:
        table: a table, its name, or its file.
        searches: finished searches: run directories of `search`, or files of stored searches; those that come with the
            table, if there are none.
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
    found, own = _find(table)
    stored = stored_searches(searches) if searches else own
    if searches and not stored:
        raise UserError(f"there is no search in {', '.join(map(str, searches))}.")
    judged = _judge(
        found,
        stored,
        strategies=strategies,
        strategy_options=strategy_options,
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


def compare_tables(
    tables: Sequence[str | Path | Table],
    searches: Sequence[str | Path] = (),
    *,
    out: str | Path | None = None,
    **options: Any,
) -> dict[str, Comparison]:
    """Compares strategies on several tables, each as `compare` does, and puts them side by side.

    Args:
        tables: tables, their names, or their files.
        searches: as in `compare`; each is judged on the tables of its environment and space.
        out: a folder to write to: for each table a folder of its name, and `overview`.
        **options: further arguments of `compare`, for all tables.

    Returns:
        For the name of each table its comparison.

    Raises:
        MissingRun: if a table lacks a run that is needed.
        UserError: if two tables have one name, a search fits none of them, or an argument is not allowed; nothing is
            written then.
    """
    from rlnas.report.comparison import write_comparison, write_overview

    _check_folder(out)
    found = [_find(table) for table in tables]
    if not found:
        raise UserError("name at least one table.")
    for name, times in Counter(table.name for table, _ in found).items():
        if times > 1 or name == OVERVIEW:
            why = f"{times} tables are called" if times > 1 else "a table is called"
            raise UserError(f"{why} {name!r}: each has a folder of its name, beside {OVERVIEW!r}; rename the files.")
    given = stored_searches(searches)
    fitting = [[search for search in given if _same_place(search, table)] for table, _ in found]
    for search in given:
        if not any(search in own for own in fitting):
            raise UserError(f"the search {search} fits no table: its environment is {search.env!r}, its space "
                            f"{search.space!r}.")  # fmt: skip
    judged = {
        table.name: _judge(table, own if searches else shipped, **options)
        for (table, shipped), own in zip(found, fitting, strict=True)
    }
    if out is not None:
        for name, one in judged.items():
            write_comparison(one, Path(out) / name)
        write_overview({f"../{name}": one for name, one in judged.items()}, [], Path(out) / OVERVIEW)
    return judged


def _check_folder(out: str | Path | None) -> None:
    if out is not None and Path(out).exists() and not Path(out).is_dir():
        raise UserError(f"{str(out)!r} is a file: name a folder to write to.")


def _find(table: str | Path | Table) -> tuple[Table, list[StoredSearch]]:
    """A table, and the searches that come with it."""
    from rlnas.table import Table, load, read_searches, shipped_searches

    if isinstance(table, Table):
        return table, []
    own = shipped_searches(str(table))
    return load(str(table)), [] if own is None else read_searches(own)


def _same_place(search: StoredSearch, table: Table) -> bool:
    return (search.env, search.space) == (table.env, table.space.name)


def _judge(
    table: Table,
    stored: Sequence[StoredSearch],
    *,
    strategies: Sequence[str] | None = None,
    strategy_options: Options | None = None,
    **further: Any,
) -> Comparison:
    """A comparison; options of strategies go to those that are run on the table."""
    from rlnas.report import comparison

    names = None if strategies is None else strategy_names(strategies)
    searched = {search.strategy for search in stored}
    on_table = [name for name in comparison.chosen_strategies(table, stored, names) if name not in searched]
    options = share_options(on_table, strategy_options or {})
    return comparison.compare(table, stored, strategies=names, options=options, **further)
