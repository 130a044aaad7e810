"""The commands of `rlnas`. Each parses, calls and prints; the work is in the library."""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console
from rich.table import Table

from rlnas import api
from rlnas.cli.display import Display
from rlnas.errors import RlnasError, UserError, unknown
from rlnas.prepare import default_threads, prepare_search, prepare_training
from rlnas.quantity import short
from rlnas.search import STRATEGIES
from rlnas.spaces import CATALOGUE, load_space

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


def search(
    env: str,
    space: str = "paper-1",
    strategy: str = "spos",
    steps: Steps = "10M",
    train_steps: Steps | None = None,
    out: Path | None = None,
    seed: int = 0,
    top_k: int = 3,
    train_seeds: int = 1,
    baselines: tuple[str, ...] | None = None,
    table: str | None = None,
    workers: int = default_threads(),
    threads: int | None = None,
    checkpoint_steps: Steps = "100k",
    device: str = "auto",
    import_: Modules = (),
    strategy_options: Pairs = (),
    env_options: Pairs = (),
    ppo_options: Pairs = (),
) -> None:
    """Search the network of an agent, then train the best candidates and the hand-made network from scratch.

    The same command on the same --out goes on where it was stopped.

    Args:
        env: Environment, e.g. ALE/Breakout-v5 (see: rlnas list envs).
        space: Search space: a name (see: rlnas list spaces) or a TOML file.
        strategy: Search strategy (see: rlnas list strategies).
        steps: Environment steps of the search, e.g. 10M, 500k, 1e6.
        train_steps: Environment steps of every training from scratch; as many as --steps by default.
        out: Run directory; runs/<environment>-<space>-<strategy>-<seed> by default.
        seed: Root of all random streams.
        top_k: Architectures to train from scratch.
        train_seeds: Trainings of each, with seeds of their own.
        baselines: Hand-made networks to train beside them: fixed spaces, or architecture ids of the space; nature-cnn
            by default, where it fits.
        table: A table (see: rlnas table show), in which the trainings from scratch are looked up instead of run.
        workers: Trainings that run at a time, one process and one thread each.
        threads: Torch threads of the search; the processors at hand (at most 4) by default.
        checkpoint_steps: Environment steps between checkpoints; there the environments restart.
        device: auto, cpu or cuda.
        import_: Modules that register your own environments.
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
        baselines=baselines,
        table=table,
        threads=threads,
        checkpoint_steps=checkpoint_steps,
        device=device,
        imports=find_modules_here(import_),
        strategy_options=options(strategy_options, "--strategy-options"),
        env_options=options(env_options, "--env-options"),
        ppo_options=options(ppo_options, "--ppo-options"),
    )
    size = settings.load_space().size
    trainings = (min(top_k, size) + len(settings.baselines)) * train_seeds
    console.print(
        f"Searching {space} ({size:,} architectures) on {env}: {strategy} for {short(settings.steps)} steps, then "
        f"{trainings} trainings of {short(settings.train_steps)} steps each, "
        + (f"looked up in {table}." if table else f"{workers} at a time."),
        soft_wrap=True,
    )
    console.print(f"Run directory: {path}", soft_wrap=True, markup=False)
    with Display(console) as display:
        result = api.run_search(path, settings, workers, display)
    print_study(result)


def train(
    env: str,
    arch: str,
    space: str = "paper-1",
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
        space: Search space: a name or a TOML file.
        steps: Environment steps, e.g. 10M, 500k, 1e6.
        out: Run directory; runs/<environment>-<space>-<architecture>-seed-<seed> by default.
        seed: Root of all random streams.
        checkpoint_steps: Environment steps between checkpoints; there the environments restart.
        device: auto, cpu or cuda.
        threads: Threads of torch and of the emulator.
        import_: Modules that register your own environments.
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


def report(run: Run) -> None:
    """Write the report of a run anew: RUN/report.html.

    Args:
        run: Run directory.
    """
    from rlnas.report import write_report

    console.print(f"Report: {write_report(run)}", soft_wrap=True, markup=False)


def evaluate(run: Run, episodes: int = 30, seed: int = 0, greedy: bool = False, import_: Modules = ()) -> None:
    """Play full games with a trained agent: the best of a search, or that of a training.

    Args:
        run: Run directory.
        episodes: Full games.
        seed: Root of the games' random streams.
        greedy: Take the most probable action instead of drawing one.
        import_: The modules that the run imports; they are code, so they must be named.
    """
    result = api.evaluate(run, episodes, seed=seed, greedy=greedy, imports=find_modules_here(import_))
    spread = statistics.stdev(result.scores) if len(result.scores) > 1 else 0.0
    console.print(
        f"{result.architecture}: mean return {statistics.fmean(result.scores):.2f} ± {spread:.2f} (standard deviation) "
        f"over {len(result.scores)} full games, {min(result.scores):g} to {max(result.scores):g}, "
        f"mean length {statistics.fmean(result.lengths):.0f} steps.",
        soft_wrap=True,
    )


def list_(what: Annotated[Literal["spaces", "strategies", "envs"], tyro.conf.Positional]) -> None:
    """List what there is.

    Args:
        what: spaces, strategies or envs.
    """
    if what == "envs":
        from rlnas.envs import known_ids

        for name in known_ids():
            console.print(name, soft_wrap=True)
    elif what == "strategies":
        for name, (strategy, _) in STRATEGIES.items():
            console.print(f"{name}  {_first_line(strategy)}", soft_wrap=True)
    else:
        table = Table(box=None, pad_edge=False)
        for column in ("space", "architectures", "input", "about"):
            table.add_column(column)
        for name, build in CATALOGUE.items():
            found = build()
            table.add_row(name, f"{found.size:,}", "x".join(map(str, found.input_shape)), _first_line(build))
        console.print(table)


def _first_line(documented: object) -> str:
    return (documented.__doc__ or "").strip().splitlines()[0]


def describe(name: Annotated[str, tyro.conf.Positional]) -> None:
    """Describe a space (its layers, choices and costs), or the options of a strategy, of environments or of PPO.

    Args:
        name: A space, a TOML file, a strategy, env-options or ppo-options.
    """
    if name in STRATEGIES:
        _describe_options(f"Options of {name}", STRATEGIES[name][1])
    elif name in ("env-options", "ppo-options"):
        from rlnas.envs import EnvSettings
        from rlnas.ppo import PPOSettings

        _describe_options(name, EnvSettings if name == "env-options" else PPOSettings)
    elif name in CATALOGUE or name.endswith(".toml"):
        _describe_space(name)
    else:
        raise unknown("name", name, [*CATALOGUE, *STRATEGIES, "env-options", "ppo-options"])


def _describe_options(title: str, model: Any) -> None:
    console.print(f"[bold]{title}[/bold]")
    for name, field in model.model_fields.items():
        console.print(f"  {name} = {field.default}", markup=False)
    attributes = model.__doc__.partition("Attributes:")[2].rstrip()
    console.print(attributes, markup=False)


def _describe_space(name: str) -> None:
    space = load_space(name)
    console.print(f"[bold]{space.name}[/bold]: {space.size:,} architectures, input {space.input_shape}.")
    example = next(iter(space))
    table = Table(box=None, pad_edge=False)
    for column in ("layer", "parameters", f"output ({example.id})"):
        table.add_column(column)
    for layer, plain, shape in zip(space.layers, space.to_dict()["layers"], space.shapes(example), strict=True):  # type: ignore[call-overload]
        settings = ", ".join(f"{key}={_plain(value)}" for key, value in plain.items() if key != "type")
        table.add_row(layer.type, settings, "x".join(map(str, shape)))
    console.print(table)
    if space.size <= 1_000:
        costs = Table(box=None, pad_edge=False)
        for column in ("architecture", "parameters", "multiply-adds"):
            costs.add_column(column, justify="left" if column == "architecture" else "right")
        for architecture in space:
            cost = space.cost(architecture)
            costs.add_row(architecture.id, f"{cost.parameters:,}", f"{cost.multiply_adds:,}")
        console.print(costs)
    console.print("Parameters and multiply-adds are those of the encoder, heads left out.")


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['choice']} in {{{', '.join(map(str, value['options']))}}}"
    return str(value)


def print_study(result: api.SearchResult) -> None:
    """Prints the outcome of a study: every network trained, the best, and where all is."""
    table = Table(box=None, pad_edge=False)
    for column in ("network", "total reward", "reward mean", "proxy", "parameters", "seeds"):
        table.add_column(column, justify="left" if column == "network" else "right")
    for entry in result.trials:
        failed = [trial for trial in entry["trials"] if trial["status"] == "failed"]
        table.add_row(
            entry["name"] + (" (hand-made)" if entry["baseline"] else ""),
            _score(entry["total_reward"]),
            _score(entry["reward_mean"]),
            _score(entry["proxy"]),
            f"{entry['parameters']:,}",
            f"{len(entry['trials'])}" + (f", {len(failed)} failed" if failed else ""),
        )
        for trial in failed:
            console.print(f"Failed: {entry['name']} seed {trial['seed']}: {trial['reason']}", markup=False)
    console.print(table)
    report = result.path / "report.html"
    if not result.ranking:
        raise RlnasError(
            f"the search ranked no architecture: its trainings failed or finished no game; report: {report}"
        )
    trials = [trial for entry in result.trials if entry["candidate"] for trial in entry["trials"]]
    if all(trial["status"] == "failed" for trial in trials):
        raise RlnasError(f"all trainings of candidates failed; report: {report}")
    console.print(f"Best architecture: {result.best or 'none, since no training finished a game'}", soft_wrap=True)
    console.print(f"Report: {report}", soft_wrap=True, markup=False)


def print_training(path: Path, result: dict[str, Any]) -> None:
    """Prints the outcome of a training and where it is."""
    console.print(
        f"{result['architecture']}: total reward {_score(result['total_reward'])}, reward mean "
        f"{_score(result['reward_mean'])}, {result['episodes']} full games in {short(result['steps'])} steps.",
        soft_wrap=True,
    )
    console.print(f"Report: {path / 'report.html'}", soft_wrap=True, markup=False)


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
