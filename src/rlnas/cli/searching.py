"""The command `rlnas search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import tyro

from rlnas import experiments as api
from rlnas.cli.arguments import (
    Folder,
    Modules,
    OptionalCount,
    OptionalNames,
    OptionalSpace,
    OptionalSteps,
    Pairs,
    Steps,
    find_modules_here,
    options,
)
from rlnas.cli.printing import console, place, print_remarks, print_study
from rlnas.display import Display
from rlnas.experiments.prepare import foreseen_doubts, prepare_search, processors
from rlnas.quantity import plural, short
from rlnas.strategies import shares_weights

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import StudySettings


def search(
    env: str,
    space: OptionalSpace = None,
    strategy: str = "spos",
    steps: Steps = "10M",
    train_steps: OptionalSteps = None,
    out: Folder = None,
    seed: int = 0,
    top_k: int = 3,
    train_seeds: OptionalCount = None,
    confirm_seeds: OptionalCount = None,
    baselines: OptionalNames = None,
    random_networks: int = 0,
    table: Annotated[str | None, tyro.conf.arg(metavar="TABLE", help_behavior_hint="")] = None,
    workers: int = processors(),
    threads: OptionalCount = None,
    checkpoint_steps: Steps = "100k",
    device: str = "auto",
    max_params: OptionalSteps = None,
    max_multiply_adds: OptionalSteps = None,
    max_latency: Annotated[float | None, tyro.conf.arg(metavar="MS", help_behavior_hint="")] = None,
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
        steps: Environment steps that fit the supernet, e.g. 10M, 500k, 1e6; the games that rank come on top. A step
            that only resets an environment after a game counts, too.
        train_steps: Environment steps of every training from scratch; as many as --steps by default, with --table as
            many as the table has.
        out: Run directory; runs/<environment>-<space>-<strategy>-<seed> by default.
        seed: Root of all random streams.
        top_k: Architectures to train from scratch.
        train_seeds: Trainings of each, with seeds of their own; with --table as many as it has. A run may be asked for
            more; by default as many as it has, and 1 for a new one.
        confirm_seeds: Trainings of the best and of the hand-made networks once the best is picked, with seeds that had
            no part in picking it: the scores that picked it flatter it. A run may be asked for more; by default
            as many as it has, and none for a new one.
        baselines: Hand-made networks to train beside them: fixed spaces, or architecture ids of the space; by
            default the usual one for such observations, and none if no name follows.
        random_networks: Architectures that are drawn at random and trained beside them: what a search has to beat.
        table: A table (see: rlnas table show), in which the trainings from scratch are looked up instead of run.
        workers: Trainings that run at a time, one process and one thread each.
        threads: Torch threads of the search; by default the processors at hand (at most 4) for pictures, and 1 for
            small maps and vectors. A run that goes on keeps its own.
        checkpoint_steps: Environment steps between checkpoints; there the environments restart, so a checkpoint waits
            for a game to end.
        device: auto, cpu or cuda.
        max_params: Parameters that a candidate's encoder may have, e.g. 500k.
        max_multiply_adds: Multiply-adds that a candidate's encoder may take for one observation, e.g. 20M.
        max_latency: Milliseconds that a candidate may take for one observation, on this machine and one thread; with
            --table, those that the table holds.
        warm_start: Start the trainings of candidates from the supernet's weights instead of from scratch.
        import_: Modules that register your own environments or strategies, or hold layers of your own.
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
        imports=find_modules_here(import_, env),
        strategy_options=options(strategy_options, "--strategy-options"),
        env_options=options(env_options, "--env-options"),
        ppo_options=options(ppo_options, "--ppo-options"),
        max_params=max_params,
        max_multiply_adds=max_multiply_adds,
        max_latency=max_latency,
        warm_start=warm_start,
        random_networks=random_networks,
    )
    console.print(_announcement(settings, workers), soft_wrap=True, markup=False)
    console.print(f"Run directory: {place(path)}", soft_wrap=True, markup=False)
    print_remarks(foreseen_doubts(settings))
    with Display(console) as display:
        result = api.run_search(path, settings, workers, display)
    print_study(result)


def _announcement(settings: StudySettings, workers: int) -> str:
    """What is going to be done, and how much of it."""
    space, again = settings.load_space(), settings.confirm_seeds
    within = f", of which those of {settings.limits.words()}" if settings.limits.given else ""
    games = settings.strategy_options.get("eval_episodes")
    ranked = f" for {short(settings.steps)} steps"
    if games:
        ranked += f", {plural(games, 'game')} of each architecture that is ranked"
    if not shares_weights(settings.strategy):
        ranked = ""  # it asks for trainings alone
    others = len(settings.baselines) + len(settings.random_networks)
    trainings = (min(settings.top_k, space.size) + others) * settings.train_seeds
    how = f"looked up in {settings.table.source}" if settings.table else f"{workers} at a time"
    seeds = plural(again, "confirmation seed")
    confirmed = f"; then the best and the hand-made networks with {seeds}" if again else ""
    return (
        f"Searching {space.name} ({space.size:,} architectures{within}) on {settings.env}: {settings.strategy}"
        f"{ranked}, then {trainings} trainings of {short(settings.train_steps)} steps "
        f"each, {how}{confirmed}."
    )
