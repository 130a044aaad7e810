"""The commands `rlnas table ...`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from rich.table import Table as Grid

from rlnas import experiments as api
from rlnas.cli.arguments import (
    Folder,
    Modules,
    Names,
    NewFile,
    OptionalNames,
    OptionalSpace,
    OptionalSteps,
    Pairs,
    Run,
    Steps,
    find_modules_here,
    load_modules,
    options,
)
from rlnas.cli.printing import console, place, print_remarks
from rlnas.display import Display
from rlnas.errors import RlnasError, UserError
from rlnas.experiments.prepare import prepare_table, processors
from rlnas.processes import absolute
from rlnas.quantity import parse_steps, plural, short

if TYPE_CHECKING:
    from rlnas.table import Table as Built

Sources = Annotated[
    tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="TABLE [TABLE ...]", help_behavior_hint="(required)")
]


def table() -> None:
    """Build, show and merge tabular benchmarks: rlnas table build|show|merge|collect|measure."""


def build(
    env: str,
    steps: Steps,
    space: OptionalSpace = None,
    seeds: int = 1,
    first_seed: int = 1,
    architectures: Names = (),
    baselines: OptionalNames = None,
    out: Folder = None,
    workers: int = processors(),
    checkpoint_steps: Steps = "100k",
    device: str = "auto",
    latency: bool = False,
    import_: Modules = (),
    env_options: Pairs = (),
    ppo_options: Pairs = (),
) -> None:
    """Train every architecture of a space with several seeds, and write one file: OUT/table.parquet.

    The same command on the same --out goes on where it was stopped.

    Args:
        env: Environment, e.g. MinAtar/Breakout-v1.
        steps: Environment steps of every training, e.g. 10M, 500k, 1e6. A step that only resets an environment after a
            game counts, too.
        space: Search space: a name or a TOML file; by default one for such observations.
        seeds: Trainings of each architecture.
        first_seed: The first of their seeds; a table grows by merging one of later seeds.
        architectures: Architectures to train; all of the space by default.
        baselines: Hand-made networks to train beside them; by default the usual one for such observations, and none if
            no name follows.
        out: Run directory; runs/<environment>-<space>-table by default.
        workers: Trainings that run at a time, one process and one thread each.
        checkpoint_steps: Environment steps between checkpoints; there the environments restart.
        device: auto, cpu or cuda.
        latency: Measure how long each network takes on this machine, once all are trained (see also: rlnas table
            measure).
        import_: Modules that register your own environments, or hold layers of your own.
        env_options: Options of the environment, e.g. sticky_actions=0.
        ppo_options: Hyperparameters of PPO, e.g. epochs=4.
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
        imports=find_modules_here(import_, env),
        env_options=options(env_options, "--env-options"),
        ppo_options=options(ppo_options, "--ppo-options"),
    )
    name, networks = settings.space["name"], len(settings.entrants())
    console.print(
        f"Building a table of {name} on {settings.env}: {plural(networks, 'network')} x "
        f"{plural(seeds, 'seed')}, {short(settings.steps)} steps each, {workers} at a time.\n"
        f"Run directory: {place(path)}",
        soft_wrap=True,
        markup=False,
    )
    with Display(console) as display:
        table = api.run_table(path, settings, workers, display)
    show_built(table, path)


def collect(run: Run, out: NewFile, import_: Modules = ()) -> None:
    """Write a table of the trainings that an unfinished build has done so far.

    Args:
        run: Run directory of the build.
        out: File to write; its name must end in .parquet.
        import_: The modules that layers of the space come from; they are code, so they must be named.
    """
    modules = find_modules_here(import_)
    with Display(console) as display:
        api.collect_table(run, out, imports=modules, watch=display)
    _show_written(out)


def merge(tables: Sources, out: NewFile, import_: Modules = ()) -> None:
    """Merge tables that were built with the same settings: more seeds, or more architectures.

    Args:
        tables: Tables, by name or file.
        out: File to write; its name must end in .parquet.
        import_: The modules that layers of the space come from; they are code, so they must be named.
    """
    from rlnas import table

    load_modules(import_)
    if not tables:
        raise UserError("merge needs tables.")
    table.merge([table.load(source) for source in tables], out)
    _show_written(out)


def measure(
    table: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TABLE")], out: NewFile, import_: Modules = ()
) -> None:
    """Write a table with latencies measured anew: on this machine, of all its networks, in rounds over all of them.

    What was merged from several builds holds latencies of several machines and moments. Nothing is trained.

    Args:
        table: A table that comes with rlnas, or a file that ends in .parquet.
        out: File to write; its name must end in .parquet.
        import_: The modules that layers of the space come from; they are code, so they must be named.
    """
    modules = find_modules_here(import_)
    with Display(console) as display:
        api.measure_table(table, out, imports=modules, watch=display)
    _show_written(out)


def show_built(table: Built, run: str | Path) -> None:
    """Shows a table that was built in a run directory.

    Raises:
        RlnasError: if nothing of it was trained.
    """
    _show_written(Path(run) / "table.parquet")
    if not (table.frame["status"] == "done").any():
        raise RlnasError("all trainings of the table failed.")


def _show_written(path: str | Path) -> None:
    show(str(path))
    console.print(f"Table: {place(absolute(path))}", soft_wrap=True, markup=False)


def show(
    table: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[TABLE]", help_behavior_hint="")] = None,
    budget: OptionalSteps = None,
    import_: Modules = (),
) -> None:
    """Show a table: what was run, and the score of every network; without a name, list the tables that there are.

    Args:
        table: A table that comes with rlnas, or a file that ends in .parquet.
        budget: Environment steps at which the scores are shown; the whole trainings by default.
        import_: The modules that layers of the space come from; they are code, so they must be named.
    """
    from rlnas.table import load, shipped

    load_modules(import_)
    if table is None:
        for name in shipped():
            console.print(repr(listed := load(name)), soft_wrap=True, markup=False)
            print_remarks(listed.remarks)
        return
    found = load(table)
    at = found.steps if budget is None else parse_steps(budget, "budget")
    console.print(repr(found), soft_wrap=True, markup=False)
    console.print(f"Checksum {found.checksum}, results {found.results_digest}.", soft_wrap=True)
    print_remarks(found.remarks)
    missing = found.missing()
    if missing:
        console.print(f"Incomplete: {len(missing)} runs are missing or failed, e.g. {missing[0]}.", markup=False)
    grid = Grid(box=None, pad_edge=False, title=f"after {short(at)} steps", title_justify="left")
    for column in ("network", "total reward", "sd", "reward mean", "seeds", "parameters", "multiply-adds", "latency"):
        grid.add_column(column, justify="left" if column == "network" else "right", overflow="fold")
    for row in sorted(_rows(found, at), key=lambda row: -row[0]):
        grid.add_row(*row[1])
    console.print(grid)


def _rows(table: Built, budget: int) -> list[tuple[float, list[str]]]:
    """For each network its mean total reward and its line."""
    import numpy as np

    from rlnas.report.formats import milliseconds

    rows = []
    gone = set(table.missing())
    for name in (*table.architectures, *table.baselines):
        seeds = [seed for seed in table.seeds if (name, seed) not in gone]
        if not seeds:
            continue
        records = [table.query(name, seed=seed, budget=budget) for seed in seeds]
        totals = [record.total_reward for record in records if record.total_reward is not None]
        means = [record.reward_mean for record in records if record.reward_mean is not None]
        # A mean over the seeds that happen to be there would stand beside means over all.
        whole = len(totals) == len(table.seeds)
        line = [
            name + (" (hand-made)" if name in table.baselines else ""),
            f"{np.mean(totals):.2f}" if whole else "-",
            f"{np.std(totals, ddof=1):.2f}" if whole and len(totals) > 1 else "-",
            f"{np.mean(means):.2f}" if whole else "-",
            f"{len(totals)}" if whole else f"{len(totals)} of {len(table.seeds)}",
            f"{records[0].parameters:,}",
            f"{records[0].multiply_adds:,}",
            milliseconds(table.measured(name)["measured_inference_ms"]),
        ]
        rows.append((float(np.mean(totals)) if whole else float("-inf"), line))
    return rows


TABLE_COMMANDS: dict[str, Any] = {"build": build, "show": show, "merge": merge, "collect": collect, "measure": measure}
