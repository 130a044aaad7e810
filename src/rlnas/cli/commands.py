"""The commands of `rlnas`. Each parses, calls and prints; the work is in the library."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.table import Table

from rlnas import api
from rlnas.cli.display import Display
from rlnas.errors import RlnasError, UserError
from rlnas.prepare import default_threads, prepare_search, prepare_training
from rlnas.quantity import short
from rlnas.trust import import_trusted

console = Console(highlight=False)

Steps = Annotated[str, tyro.conf.arg(metavar="N")]
Pairs = Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME=VALUE")]
Modules = Annotated[tuple[str, ...], tyro.conf.arg(name="import", metavar="MODULE")]
Run = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]


def options(pairs: tuple[str, ...], flag: str) -> dict[str, str]:
    """Reads `name=value` pairs."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise UserError(f"{flag} takes NAME=VALUE, not {pair!r}.")
        found[name.replace("-", "_")] = value
    return found


def find_modules_here(modules: tuple[str, ...]) -> tuple[str, ...]:
    """Lets --import find modules in the current folder, after all others; returns them."""
    if modules and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    return modules


def load_modules(modules: tuple[str, ...]) -> None:
    """Imports the modules that --import names, so that layers of them may be built."""
    for module in find_modules_here(modules):
        import_trusted(module)


def search(
    env: str,
    space: str | None = None,
    strategy: str = "spos",
    steps: Steps = "10M",
    train_steps: Steps | None = None,
    out: Path | None = None,
    seed: int = 0,
    top_k: int = 3,
    train_seeds: int = 1,
    confirm_seeds: int = 0,
    baselines: tuple[str, ...] | None = None,
    table: str | None = None,
    workers: int = default_threads(),
    threads: int | None = None,
    checkpoint_steps: Steps = "100k",
    device: str = "auto",
    max_params: Steps | None = None,
    max_multiply_adds: Steps | None = None,
    max_latency: Annotated[float | None, tyro.conf.arg(metavar="MS")] = None,
    warm_start: bool = False,
    import_: Modules = (),
    strategy_options: Pairs = (),
    env_options: Pairs = (),
    ppo_options: Pairs = (),
) -> None:
    """Search the network of an agent, then train the best candidates and the hand-made network from scratch.

    The same command on the same --out goes on where it was stopped.

    Args:
        env: Environment, e.g. ALE/Breakout-v5 (see: rlnas list envs).
        space: Search space: a name (see: rlnas list spaces) or a TOML file; by default one for such observations.
        strategy: Search strategy (see: rlnas list strategies).
        steps: Environment steps of the search, e.g. 10M, 500k, 1e6.
        train_steps: Environment steps of every training from scratch; as many as --steps by default.
        out: Run directory; runs/<environment>-<space>-<strategy>-<seed> by default.
        seed: Root of all random streams.
        top_k: Architectures to train from scratch.
        train_seeds: Trainings of each, with seeds of their own.
        confirm_seeds: Trainings of the best and of the hand-made networks once the best is picked, with seeds that had
            no part in picking it: the scores that picked it flatter it. To be given from the start.
        baselines: Hand-made networks to train beside them: fixed spaces, or architecture ids of the space; by
            default the usual one for such observations.
        table: A table (see: rlnas table show), in which the trainings from scratch are looked up instead of run.
        workers: Trainings that run at a time, one process and one thread each.
        threads: Torch threads of the search; the processors at hand (at most 4) by default.
        checkpoint_steps: Environment steps between checkpoints; there the environments restart.
        device: auto, cpu or cuda.
        max_params: Parameters that a candidate's encoder may have, e.g. 500k.
        max_multiply_adds: Multiply-adds that a candidate's encoder may take for one observation, e.g. 20M.
        max_latency: Milliseconds that a candidate may take for one observation, on this machine and one thread; with
            --table, those that the table holds.
        warm_start: Start the trainings of candidates from the supernet's weights instead of from scratch.
        import_: Modules that register your own environments, or hold layers of your own.
        strategy_options: Options of the strategy, e.g. eval_episodes=50 (see: rlnas describe spos).
        env_options: Options of the environment, e.g. sticky_actions=0 (see: rlnas describe env-options).
        ppo_options: Hyperparameters of PPO, e.g. epochs=4 (see: rlnas describe ppo-options).
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
        imports=find_modules_here(import_),
        strategy_options=options(strategy_options, "--strategy-options"),
        env_options=options(env_options, "--env-options"),
        ppo_options=options(ppo_options, "--ppo-options"),
        max_params=max_params,
        max_multiply_adds=max_multiply_adds,
        max_latency=max_latency,
        warm_start=warm_start,
    )
    found = settings.load_space()
    trainings = (min(top_k, found.size) + len(settings.baselines)) * settings.train_seeds
    games = settings.strategy_options.get("eval_episodes")
    ranked = f", {games} game{'s' * (games != 1)} of each architecture that is ranked," if games else ","
    seeds = f"{confirm_seeds} confirmation seed{'s' * (confirm_seeds != 1)}"
    again = f"; then the best and the hand-made networks with {seeds}" if confirm_seeds else ""
    within = f", of which those of {settings.limits.words()}" if settings.limits.given else ""
    console.print(
        f"Searching {found.name} ({found.size:,} architectures{within}) on {env}: {strategy} for "
        f"{short(settings.steps)} steps{ranked} then {trainings} trainings of {short(settings.train_steps)} steps "
        f"each, {f'looked up in {table}' if table else f'{workers} at a time'}{again}.",
        soft_wrap=True,
    )
    console.print(f"Run directory: {path}", soft_wrap=True, markup=False)
    with Display(console) as display:
        result = api.run_search(path, settings, workers, display)
    print_study(result)


def train(
    env: str,
    arch: str,
    space: str | None = None,
    steps: Steps = "10M",
    out: Path | None = None,
    seed: int = 1,
    checkpoint_steps: Steps = "100k",
    device: str = "auto",
    threads: int = 1,
    import_: Modules = (),
    env_options: Pairs = (),
    ppo_options: Pairs = (),
) -> None:
    """Train one architecture from scratch.

    Args:
        env: Environment, e.g. ALE/Breakout-v5.
        arch: Architecture, e.g. k2=4,k3=3; "fixed" where the space has no choices.
        space: Search space: a name or a TOML file; by default one for such observations.
        steps: Environment steps, e.g. 10M, 500k, 1e6.
        out: Run directory; runs/<environment>-<space>-<architecture>-seed-<seed> by default.
        seed: Root of all random streams.
        checkpoint_steps: Environment steps between checkpoints; there the environments restart.
        device: auto, cpu or cuda.
        threads: Threads of torch and of the emulator.
        import_: Modules that register your own environments, or hold layers of your own.
        env_options: Options of the environment, e.g. sticky_actions=0.
        ppo_options: Hyperparameters of PPO, e.g. epochs=4.
    """
    path, settings = prepare_training(
        env=env,
        arch=arch,
        space=space,
        steps=steps,
        out=out,
        seed=seed,
        checkpoint_steps=checkpoint_steps,
        device=device,
        threads=threads,
        imports=find_modules_here(import_),
        env_options=options(env_options, "--env-options"),
        ppo_options=options(ppo_options, "--ppo-options"),
    )
    console.print(f"Training {settings.architecture} on {env}.\nRun directory: {path}", soft_wrap=True, markup=False)
    with Display(console) as display:
        result = api.run_training(path, settings, display)
    print_training(path, result)


def resume(run: Run, workers: int = default_threads(), import_: Modules = ()) -> None:
    """Go on with a run where it was stopped.

    Args:
        run: Run directory.
        workers: Trainings that run at a time.
        import_: The modules that the run imports; they are code, so they must be named.
    """
    with Display(console) as display:
        result = api.resume(run, workers=workers, imports=find_modules_here(import_), watch=display)
    if isinstance(result, api.SearchResult):
        print_study(result)
    elif isinstance(result, dict):
        print_training(run, result)
    else:
        console.print(f"Table: {run / 'table.parquet'}", soft_wrap=True, markup=False)


def table() -> None:
    """Build, show and merge tabular benchmarks: rlnas table build|show|merge|collect."""


def report(run: Run, import_: Modules = ()) -> None:
    """Write the report of a run anew: RUN/report.html.

    Args:
        run: Run directory.
        import_: The modules that layers of the run's space come from; they are code, so they must be named.
    """
    load_modules(import_)
    from rlnas.report import write_report

    console.print(f"Report: {write_report(run)}", soft_wrap=True, markup=False)


def evaluate(
    run: Run, episodes: int = 30, seed: int = 0, greedy: bool = False, device: str = "auto", import_: Modules = ()
) -> None:
    """Play full games with a trained agent: the best of a search, or that of a training.

    Args:
        run: Run directory.
        episodes: Full games.
        seed: Root of the games' random streams.
        greedy: Take the most probable action instead of drawing one.
        device: auto, cpu or cuda.
        import_: The modules that the run imports; they are code, so they must be named.
    """
    modules = find_modules_here(import_)
    result = api.evaluate(run, episodes, seed=seed, greedy=greedy, device=device, imports=modules)
    spread = statistics.stdev(result.scores) if len(result.scores) > 1 else 0.0
    console.print(
        f"{result.architecture}: mean return {statistics.fmean(result.scores):.2f} ± {spread:.2f} (standard deviation) "
        f"over {len(result.scores)} full games, {min(result.scores):g} to {max(result.scores):g}, "
        f"mean length {statistics.fmean(result.lengths):.0f} steps.",
        soft_wrap=True,
    )


def print_study(result: api.SearchResult) -> None:
    """Prints the outcome of a study: every network trained, the best, and where all is."""
    table = Table(box=None, pad_edge=False)
    for column in ("network", "total reward", "reward mean", "proxy", "parameters", "seeds"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for entry in result.trials:
        failed = sum(trial["status"] == "failed" for trial in entry["trials"])
        table.add_row(
            entry["name"] + (" (hand-made)" if entry["baseline"] else ""),
            _score(entry["total_reward"]),
            _score(entry["reward_mean"]),
            _score(entry["proxy"]),
            f"{entry['parameters']:,}",
            f"{len(entry['trials'])}" + (f", {failed} failed" if failed else ""),
        )
    print_failures(result.trials)
    console.print(table)
    print_remarks(result.data.get("remarks", []))  # a run of an earlier version has none
    report = result.path / "report.html"
    if not result.ranking:
        raise RlnasError(
            f"the search ranked no architecture: its trainings failed or finished no game; report: {report}"
        )
    trials = [trial for entry in result.trials if entry["candidate"] for trial in entry["trials"]]
    if all(trial["status"] == "failed" for trial in trials):
        raise RlnasError(f"all trainings of candidates failed; report: {report}")
    print_confirmation(result.confirmation)
    judged = {entry["name"]: entry["total_reward"] for entry in result.confirmation or result.trials}
    best = judged.get(result.best)
    hand_made = [entry["name"] for entry in result.trials if entry["baseline"] and entry["name"] != result.best]
    for name in hand_made:
        if best is not None and (score := judged[name]) is not None and score > best:
            said = f"The hand-made {name} scored higher than what was found: {score:.2f}."
            console.print(said, soft_wrap=True, markup=False)
    console.print(f"Best architecture: {result.best or 'none, since no training finished a game'}", soft_wrap=True)
    console.print(f"Report: {report}", soft_wrap=True, markup=False)


def print_confirmation(confirmation: Sequence[dict[str, Any]]) -> None:
    """Prints what the best and the hand-made networks scored with seeds that had no part in picking the best."""
    if confirmation:
        print_failures(confirmation)
        count = len(confirmation[0]["trials"])
        scores = ", ".join(f"{entry['name']} {_score(entry['total_reward'])}" for entry in confirmation)
        console.print(f"With {count} confirmation seed{'s' * (count != 1)}: {scores}.", soft_wrap=True, markup=False)


def print_failures(entries: Sequence[dict[str, Any]]) -> None:
    """Prints the trainings that failed, and why."""
    for entry in entries:
        for trial in entry["trials"]:
            if trial["status"] == "failed":
                console.print(f"Failed: {entry['name']} seed {trial['seed']}: {trial['reason']}", markup=False)


def print_remarks(remarks: Sequence[str]) -> None:
    """Prints what is odd about the environment."""
    for remark in remarks:
        console.print(f"Remark: {remark}", soft_wrap=True, markup=False)


def print_training(path: Path, result: dict[str, Any]) -> None:
    """Prints the outcome of a training and where it is."""
    console.print(
        f"{result['architecture']}: total reward {_score(result['total_reward'])}, reward mean "
        f"{_score(result['reward_mean'])}, {result['episodes']} full games in {short(result['steps'])} steps.",
        soft_wrap=True,
    )
    print_remarks(result["remarks"])
    console.print(f"Report: {path / 'report.html'}", soft_wrap=True, markup=False)


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
