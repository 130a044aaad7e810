"""`rlnas.reproduce`: the paper's experiment, for spaces and environments, in one call."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rlnas import calls
from rlnas.calls import Options, checked_call
from rlnas.errors import RlnasError, WorkerError
from rlnas.experiments.prepare import COMPARISON, OVERVIEW, Reproduction, prepare_reproductions
from rlnas.experiments.results import ReproductionResult
from rlnas.experiments.searching import run_search
from rlnas.experiments.tables import run_table, stored_searches
from rlnas.processes import settled
from rlnas.spaces import Space

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.report.comparison import Comparison
    from rlnas.study import Watcher
    from rlnas.table import Table


@settled()
def reproduce(
    env: str | Sequence[str],
    space: str | Path | Space | Sequence[str | Path | Space] | None = None,
    steps: int | str = "10M",
    *,
    search_steps: int | str | None = None,
    train_seeds: int = 1,
    search_seeds: int = 4,
    seed: int = 1,
    strategies: str | Sequence[str] = ("spos", "enas"),
    top_k: int = 3,
    repeats: int = 1_000,
    baselines: str | Sequence[str] | None = None,
    out: str | Path | None = None,
    workers: int = 1,
    threads: int | None = None,
    checkpoint_steps: int | str = "100k",
    device: str = "auto",
    latency: bool = False,
    imports: str | Sequence[str] = (),
    strategy_options: Options | None = None,
    env_options: Options | None = None,
    ppo_options: Options | None = None,
    watch: Watcher | None = None,
) -> ReproductionResult:
    """Does the paper's experiment (sections 5.3 and 5.4) for spaces and environments: trains, searches, compares.

    First a table of the whole space is built, then each strategy searches with each search seed and has its top K
    looked up, then all is compared with random search and the hand-made networks. With several spaces or environments
    all that is done for each of them, and an overview puts them side by side. The same call on the same folder goes on
    where it was stopped; more search seeds or strategies add to what is there, and so do more spaces or environments,
    named beside the earlier ones, if there were several.

    Args:
        env: id of the environment, or a list of ids.
        space: a catalogue name, a TOML file, or a `Space`, or a list of them, each of which meets each environment; by
            default the catalogue's for such observations. All other arguments hold for all of them.
        steps: environment steps of every training, and of every search unless `search_steps` says otherwise.
        search_steps: environment steps of every search.
        train_seeds: trainings of each architecture.
        search_seeds: searches of each strategy.
        seed: the first of the training seeds and of the search seeds, and the root of the comparison's random streams;
            trainings and searches share none.
        strategies: what is compared, beside random search. Those that ask for trainings alone are run on the table.
        top_k: architectures that each search has trained from scratch.
        repeats: repeats of random search, and of strategies that are run on the table.
        baselines: hand-made networks to train beside them, as in `search`.
        out: the folder, for one space and environment by default in `runs` and named after what runs; in it `table` and
            `searches` hold runs, and `comparison` what came of them. With several spaces or environments each has such
            a folder in it, beside `overview`.
        workers: trainings that run at a time, each in a process of its own with one thread.
        threads: torch threads of the searches, which run one after another; as in `search`. One that goes on keeps
            its own.
        checkpoint_steps: environment steps between checkpoints.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        latency: measure how long each network of the table takes, as in `build_table`.
        imports: modules that register environments or strategies, or hold layers of your own.
        strategy_options: options of the strategies; each goes to those that have it.
        env_options: fields of `EnvSettings`.
        ppo_options: fields of `PPOSettings`.
        watch: called with `Progress`.

    Returns:
        The comparisons and their folders. A comparison's remarks say what is left out: networks whose training failed
        or finished no game, and searches that broke down.

    Raises:
        UserError: if an argument is not allowed, or a folder belongs to something else.
        RlnasError: if nothing can be compared: fewer than `top_k` architectures of a table have a score.
        WorkerError: if a worker's process breaks for a reason that is not its training's.
    """
    folder, plans = prepare_reproductions(
        env=env,
        space=space,
        steps=steps,
        search_steps=search_steps,
        train_seeds=train_seeds,
        search_seeds=search_seeds,
        seed=seed,
        strategies=strategies,
        top_k=top_k,
        repeats=repeats,
        baselines=baselines,
        out=out,
        threads=threads,
        checkpoint_steps=checkpoint_steps,
        device=device,
        latency=latency,
        imports=imports,
        strategy_options=strategy_options,
        env_options=env_options,
        ppo_options=ppo_options,
    )
    for doubt in dict.fromkeys(doubt for plan in plans for doubt in plan.doubts()):
        warnings.warn(doubt, stacklevel=2)
    return run_reproductions(folder, plans, workers, watch)


@checked_call
def run_reproductions(
    folder: Path, plans: Sequence[Reproduction], workers: calls.Processes, watch: calls.Watch | None
) -> ReproductionResult:
    """Runs what is planned, or goes on with it; writes a comparison for each plan, and an overview over several."""
    if folder == plans[0].path:
        comparison, left_out = _run(plans[0], workers, watch)
        return ReproductionResult(folder, {folder: comparison}, tuple(left_out))
    from rlnas.report.comparison import write_overview
    from rlnas.study import Progress

    comparisons: dict[Path, Comparison] = {}
    left_out, nothing = [], []
    for plan in plans:
        name = plan.path.name
        try:
            comparisons[plan.path], without = _run(plan, workers, watch and _named(watch, name))
            left_out += [f"{name}: {sentence}" for sentence in without]
        except WorkerError:  # rlnas itself is at fault, or the disk is full
            raise
        except RlnasError as error:  # one of which nothing comes costs the others nothing
            nothing.append(f"{name} is left out: {str(error).removesuffix('.')}.")
            if watch is not None:
                watch(Progress(name, 0, 0, finished=True, note=nothing[-1]))
        links = {f"../{path.name}/{COMPARISON}": one for path, one in comparisons.items()}
        if comparisons:
            write_overview(links, nothing, folder / OVERVIEW)  # what a comparison lacks, its remarks say
    if not comparisons:
        raise RlnasError(" ".join(nothing))
    return ReproductionResult(folder, comparisons, (*left_out, *nothing))


def _run(plan: Reproduction, workers: int, watch: Watcher | None) -> tuple[Comparison, list[str]]:
    """Runs one plan, or goes on with it, and writes the comparison; returns what is left out of it, too."""
    from rlnas.report import comparison as comparing

    table = run_table(plan.table_file.parent, plan.table, workers, watch)
    without = table.unscored(budget=table.steps, seeds=table.seeds)
    _check_scores(table, without, plan.top_k)
    judge = partial(
        comparing.compare,
        table,
        options=plan.options,
        top_k=plan.top_k,
        seed=plan.seeds[0],
        drop_incomplete=bool(without),
    )
    # What is refused is refused before a search runs.
    searches = plan.searches()
    if plan.on_table:
        judge([], strategies=plan.on_table, repeats=1)
    done: dict[Path, str] = {}
    left_out: list[str] = []
    for path, own in searches:
        try:
            result = run_search(path, own, workers, watch and _named(watch, path.name))
        except RlnasError as error:  # one search that breaks down, or still runs elsewhere, costs the others nothing
            left_out.append(f"The search {path.name} is left out: {str(error).removesuffix('.')}.")
            continue
        if {name for name, _ in result.ranking} <= {*without}:
            left_out.append(f"The search {path.name} is left out: it ranked nothing that has a score in the table.")
        else:
            done[path] = own.strategy
    strategies = [name for name in plan.strategies if name in plan.on_table or name in done.values()]
    comparison = judge(stored_searches([*done]), strategies=strategies, repeats=plan.repeats)
    comparison = replace(comparison, remarks=(*comparison.remarks, *left_out))
    comparing.write_comparison(comparison, plan.path / COMPARISON)
    return comparison, left_out


def _check_scores(table: Table, without: Sequence[str], top_k: int) -> None:
    """Raises a `RlnasError` if too few architectures have a score under each seed to compare anything."""
    count = len({*table.architectures} - {*without})
    if count < top_k:
        raise RlnasError(
            f"only {count} of {len(table.architectures)} architectures have a score under each training seed, fewer "
            f"than top-k, {top_k}: in the other trainings no game ended, for which longer ones (--steps, and another "
            "--out) help, or they failed (trials/*/*/worker.log of the table)."
        )


def _named(watch: Watcher, name: str) -> Watcher:
    """A watcher that is told which of many searches is meant."""
    return lambda progress: watch(replace(progress, task=f"{name} {progress.task}"))
