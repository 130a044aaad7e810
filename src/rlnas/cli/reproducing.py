"""The command `rlnas reproduce`."""

from __future__ import annotations

from typing import Annotated

import tyro

from rlnas import experiments as api
from rlnas.cli.arguments import (
    Folder,
    Modules,
    OptionalCount,
    OptionalNames,
    OptionalSteps,
    Pairs,
    Steps,
    find_modules_here,
    options,
)
from rlnas.cli.printing import console, place, print_comparisons, print_remarks
from rlnas.display import Display
from rlnas.errors import RlnasError
from rlnas.experiments.prepare import COMPARISON, OVERVIEW, Reproduction, prepare_reproductions, processors
from rlnas.quantity import plural, short


def reproduce(
    env: Annotated[tuple[str, ...], tyro.conf.arg(metavar="ENV [ENV ...]")],
    space: Annotated[tuple[str, ...], tyro.conf.arg(metavar="SPACE [SPACE ...]", help_behavior_hint="")] = (),
    steps: Steps = "10M",
    search_steps: OptionalSteps = None,
    train_seeds: int = 1,
    search_seeds: int = 4,
    seed: int = 1,
    strategies: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME [NAME ...]")] = ("spos", "enas"),
    top_k: int = 3,
    repeats: int = 1000,
    baselines: OptionalNames = None,
    out: Folder = None,
    workers: int = processors(),
    threads: OptionalCount = None,
    checkpoint_steps: Steps = "100k",
    device: str = "auto",
    latency: bool = False,
    import_: Modules = (),
    strategy_options: Pairs = (),
    env_options: Pairs = (),
    ppo_options: Pairs = (),
) -> None:
    """Do the experiment of arXiv:2011.14632 for spaces and environments: train every architecture, search, compare.

    Builds OUT/table, searches in OUT/searches, writes OUT/comparison: that paper's tables and figure 4, and
    for its own spaces and games what it printed. With several spaces or environments each has such a folder in OUT, and
    OUT/overview puts them side by side. The same command on the same --out goes on where it was stopped; more search
    seeds or strategies add to what is there, and so do more spaces or environments, named beside the earlier ones, if
    there were several.

    Args:
        env: Environments, e.g. ALE/Breakout-v5 ALE/Freeway-v5.
        space: Search spaces, each of which meets each environment: names (see: rlnas list spaces) or TOML files; by
            default one for such observations. All other options hold for all of them.
        steps: Environment steps of every training, and of every search unless --search-steps says otherwise. A step
            that only resets an environment after a game counts, too.
        search_steps: Environment steps that fit the supernet of every search, as many as --steps by default; the games
            that rank come on top.
        train_seeds: Trainings of each architecture.
        search_seeds: Searches of each strategy.
        seed: The first of the training seeds and of the search seeds, and the root of the comparison's random streams.
        strategies: What is compared, beside random search; those that ask for trainings alone are run on the table.
        top_k: Architectures that each search has trained from scratch.
        repeats: Repeats of random search, and of strategies that are run on the table.
        baselines: Hand-made networks to train beside them: fixed spaces, or architecture ids of the space; by
            default the usual one for such observations, and none if no name follows.
        out: Folder of all; for one space and environment runs/<environment>-<space>-reproduction by default.
        workers: Trainings that run at a time, one process and one thread each.
        threads: Torch threads of the searches, which run one after another; by default the processors at hand (at
            most 4) for pictures, and 1 for small maps and vectors. A search that goes on keeps its own.
        checkpoint_steps: Environment steps between checkpoints; there the environments restart.
        device: auto, cpu or cuda.
        latency: Measure how long each network of the table takes on this machine, once all are trained.
        import_: Modules that register environments or strategies of your own, or hold layers of your own.
        strategy_options: Options of the strategies, e.g. eval_episodes=50; each goes to those that have it.
        env_options: Options of the environment, e.g. sticky_actions=0.
        ppo_options: Hyperparameters of PPO, e.g. epochs=4.
    """
    folder, plans = prepare_reproductions(
        env=env,
        space=space or None,
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
        imports=find_modules_here(import_, *env),
        strategy_options=options(strategy_options, "--strategy-options"),
        env_options=options(env_options, "--env-options"),
        ppo_options=options(ppo_options, "--ppo-options"),
    )
    for plan in plans:
        console.print(_announcement(plan, workers), soft_wrap=True, markup=False)
        print_remarks(plan.doubts())
    console.print(f"Folder: {place(folder)}", soft_wrap=True, markup=False)
    with Display(console) as display:
        result = api.run_reproductions(folder, plans, workers, display)
    overview = None if folder in result.comparisons else folder / OVERVIEW
    print_comparisons({path / COMPARISON: one for path, one in result.comparisons.items()}, overview)
    if result.left_out:
        # What a comparison lacks, it has said.
        nothing = {plan.path.name for plan in plans if plan.path not in result.comparisons}
        print_remarks([remark for remark in result.left_out if remark.partition(" ")[0] in nothing])
        raise RlnasError("something is left out (see the remarks); the same command tries again what can be tried.")


def _announcement(plan: Reproduction, workers: int) -> str:
    """What is going to be done, and how much of it."""
    table, networks, seeds = plan.table, len(plan.table.entrants()), len(plan.table.seeds)
    then = ""
    if plan.fitted:
        names, each = " and ".join(plan.fitted), plural(len(plan.seeds), "seed")
        then = f"; then {names} with {each} each, {short(plan.search_steps)} steps a search"
    return (
        f"Reproducing the paper's experiment with {table.space['name']} on {table.env}: "
        f"{plural(networks, 'network')} x {plural(seeds, 'seed')}, {short(table.steps)} steps each, "
        f"{short(networks * seeds * table.steps)} in all, {workers} at a time{then}."
    )
