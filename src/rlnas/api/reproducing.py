"""`rlnas.reproduce`: the paper's whole experiment in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rlnas.api.searching import run_search
from rlnas.api.tables import check_trained, compare, run_table
from rlnas.errors import RlnasError, UserError
from rlnas.prepare import Options, Reproduction, prepare_reproduction
from rlnas.spaces import Space

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.report.comparison import Comparison
    from rlnas.study import Watcher


def reproduce(
    env: str,
    space: str | Path | Space | None = None,
    steps: int | str = "10M",
    *,
    search_steps: int | str | None = None,
    train_seeds: int = 1,
    search_seeds: int = 4,
    seed: int = 1,
    strategies: Sequence[str] = ("spos", "enas"),
    top_k: int = 3,
    repeats: int = 1_000,
    baselines: Sequence[str] | None = None,
    out: str | Path | None = None,
    workers: int = 1,
    threads: int | None = None,
    checkpoint_steps: int | str = "100k",
    device: str = "auto",
    imports: Sequence[str] = (),
    strategy_options: Options | None = None,
    env_options: Options | None = None,
    ppo_options: Options | None = None,
    watch: Watcher | None = None,
) -> Comparison:
    """Does the paper's experiment (sections 5.3 and 5.4): trains all, searches several times, compares.

    First a table of the whole space is built, then each strategy searches with each search seed and has its top K
    looked up, then all is compared with random search and the hand-made networks. The same call on the same folder
    goes on where it was stopped; more search seeds or strategies add to what is there.

    Args:
        env: id of the environment.
        space: a catalogue name, a TOML file, or a `Space`; by default the catalogue's for such observations.
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
        out: the folder; in it `table` and `searches` hold runs, and `comparison` what came of them.
        workers: trainings that run at a time, each in a process of its own with one thread.
        threads: torch threads of the searches, which run one after another; as in `search`.
        checkpoint_steps: environment steps between checkpoints.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        imports: modules that register environments or strategies, or hold layers of your own.
        strategy_options: options of the strategies that share weights; each goes to those that have it.
        env_options: fields of `EnvSettings`.
        ppo_options: fields of `PPOSettings`.
        watch: called with `Progress`.

    Returns:
        The comparison, as `compare` returns it. Networks whose training failed or finished no game are left out, and
        its remarks say so.

    Raises:
        UserError: if an argument is not allowed, or a folder belongs to something else.
        RlnasError: if all trainings of the table failed, or searches did; those that did not are compared first.
    """
    plan = prepare_reproduction(
        env=env,
        space=space,
        steps=steps,
        search_steps=search_steps,
        train_seeds=train_seeds,
        search_seeds=search_seeds,
        seed=seed,
        strategies=strategies,
        top_k=top_k,
        baselines=baselines,
        out=out,
        threads=threads,
        checkpoint_steps=checkpoint_steps,
        device=device,
        imports=imports,
        strategy_options=strategy_options or {},
        env_options=env_options or {},
        ppo_options=ppo_options or {},
    )
    return run_reproduction(plan, repeats, workers, watch)


def run_reproduction(plan: Reproduction, repeats: int, workers: int, watch: Watcher | None) -> Comparison:
    """Runs what is planned, or goes on with it, and writes the comparison."""
    if repeats < 1:
        raise UserError(f"repeats must be at least 1, not {repeats}.")
    check_trained(run_table(plan.path / "table", plan.table, workers, watch))
    done: dict[str, list[Path]] = {strategy: [] for strategy in plan.options}
    failures: list[str] = []
    for strategy, seed in plan.searches:
        path, settings = plan.search(strategy, seed, plan.table_file)
        try:
            result = run_search(path, settings, workers, watch and _named(watch, path.name))
        except UserError:
            raise
        except RlnasError as error:  # one search that breaks down costs the others nothing
            failures.append(f"{path.name}: {error}")
            continue
        if result.ranking:
            done[strategy].append(path)
        else:
            failures.append(f"{path.name}: {result.failure}")
    without = [strategy for strategy, paths in done.items() if not paths]
    comparison = compare(
        str(plan.table_file),
        [path for paths in done.values() for path in paths],
        strategies=[strategy for strategy in plan.strategies if strategy not in without],
        top_k=plan.top_k,
        repeats=repeats,
        seed=plan.seeds[0],
        drop_incomplete=True,
        out=plan.path / "comparison",
    )
    if failures:
        raise RlnasError(
            f"{len(failures)} of {len(plan.searches)} searches failed ({'; '.join(failures)}); what the others came to "
            f"is in {str(plan.path / 'comparison')!r}."
        )
    return comparison


def _named(watch: Watcher, name: str) -> Watcher:
    """A watcher that is told which of many searches is meant."""
    return lambda progress: watch(replace(progress, task=f"{name} {progress.task}"))
