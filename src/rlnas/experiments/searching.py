"""`rlnas.search`: a whole study in one call."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rlnas import calls
from rlnas.calls import Options, checked_call
from rlnas.experiments.prepare import foreseen_doubts, prepare_search
from rlnas.experiments.results import SearchResult
from rlnas.processes import settled
from rlnas.spaces import Space

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import StudySettings, Watcher


@settled()
def search(
    env: str,
    space: str | Path | Space | None = None,
    strategy: str = "spos",
    steps: int | str = "10M",
    *,
    train_steps: int | str | None = None,
    out: str | Path | None = None,
    seed: int = 0,
    top_k: int = 3,
    train_seeds: int | None = None,
    confirm_seeds: int | None = None,
    baselines: str | Sequence[str] | None = None,
    random_networks: int = 0,
    table: str | Path | None = None,
    workers: int = 1,
    threads: int | None = None,
    checkpoint_steps: int | str = "100k",
    device: str = "auto",
    max_params: int | str | None = None,
    max_multiply_adds: int | str | None = None,
    max_latency: float | None = None,
    warm_start: bool = False,
    imports: str | Sequence[str] = (),
    strategy_options: Options | None = None,
    env_options: Options | None = None,
    ppo_options: Options | None = None,
    watch: Watcher | None = None,
) -> SearchResult:
    """Searches the network of an agent, trains the best candidates and hand-made networks, returns what it found.

    Args:
        env: id of the environment, e.g. `"ALE/Breakout-v5"`.
        space: a catalogue name, a TOML file, or a `Space`; by default the catalogue's for such observations.
        strategy: name of the strategy.
        steps: environment steps of the search, `10_000_000` or `"10M"`; the games that rank architectures come on top.
            A step that only resets an environment after a game counts, too.
        train_steps: environment steps of every training from scratch; as many as `steps` by default, with a
            table as many as it has.
        out: run directory, by default in `runs` and named after what runs; the same call on it goes on or, when done,
            returns its result.
        seed: root of all random streams; searches and trainings never share one.
        top_k: architectures to train from scratch.
        train_seeds: trainings of each; with a table as many as it has. A run may be asked for more; by default as
            many as it has, and 1 for a new one.
        confirm_seeds: trainings of the best and of the hand-made networks once the best is picked, with seeds that had
            no part in picking it: the scores that picked it flatter it. A run may be asked for more; by default
            as many as it has, and none for a new one.
        baselines: hand-made networks to train beside them: fixed spaces of the catalogue, or architecture ids; by
            default the usual one for such observations.
        random_networks: architectures that are drawn at random and trained beside them: what a search has to beat.
        table: a table, by name or file, in which the trainings from scratch are looked up instead of run.
        workers: trainings that run at a time, each in a process of its own with one thread.
        threads: torch threads of the search; by default the processors at hand, up to 4, for pictures, and 1 for
            small maps and vectors, where more gain nothing. A run that goes on keeps its own.
        checkpoint_steps: environment steps between checkpoints.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        max_params: parameters that a candidate's encoder may have, e.g. `"500k"`; hand-made networks are trained
            whatever they cost.
        max_multiply_adds: multiply-adds that a candidate's encoder may take for one observation, e.g. `"20M"`.
        max_latency: milliseconds that a candidate may take for one observation, on this machine and one thread; with a
            table, those that the table holds.
        warm_start: start the trainings of candidates from the supernet's weights instead of from scratch; hand-made
            networks start from scratch, so scores are no longer those of equal training.
        imports: modules that register environments or strategies, or hold layers of your own.
        strategy_options: options of the strategy, e.g. `{"eval_episodes": 50}` for `SPOSSettings`.
        env_options: fields of `EnvSettings`, e.g. `{"sticky_actions": 0.0}`.
        ppo_options: fields of `PPOSettings`.
        watch: called with `Progress`.

    Raises:
        UserError: if an argument is not allowed; nothing is written then.
        EnvironmentFault: if the environment fails during the search.
    """
    path, settings = prepare_search(
        env=env,
        space=space,
        strategy=strategy,
        steps=steps,
        train_steps=train_steps,
        out=out,
        seed=seed,
        top_k=top_k,
        train_seeds=train_seeds,
        confirm_seeds=confirm_seeds,
        baselines=baselines,
        table=table,
        threads=threads,
        checkpoint_steps=checkpoint_steps,
        device=device,
        imports=imports,
        strategy_options=strategy_options,
        env_options=env_options,
        ppo_options=ppo_options,
        max_params=max_params,
        max_multiply_adds=max_multiply_adds,
        max_latency=max_latency,
        warm_start=warm_start,
        random_networks=random_networks,
    )
    for doubt in foreseen_doubts(settings):
        warnings.warn(doubt, stacklevel=2)
    return run_search(path, settings, workers, watch)


@checked_call
def run_search(
    path: Path, settings: StudySettings, workers: calls.Processes, watch: calls.Watch | None
) -> SearchResult:
    """Runs or goes on with a study, and writes its report.

    Raises:
        UserError: if the directory belongs to something else.
        EnvironmentFault: if the environment fails during the search.
    """
    from rlnas.report import write_report
    from rlnas.study import run_study
    from rlnas.trials.progress import nobody

    result = SearchResult(path, run_study(path, settings, workers, watch or nobody))
    write_report(path)
    return result
