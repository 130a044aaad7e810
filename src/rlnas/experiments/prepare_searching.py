"""The arguments of `search`, checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas import calls, seeding
from rlnas.calls import Options, checked_call
from rlnas.errors import UserError
from rlnas.experiments.arguments import (
    baseline_names,
    check_workers_know,
    checked,
    common_settings,
    default_threads,
    named_module,
    run_path,
)
from rlnas.experiments.strategies import check_strategy_options
from rlnas.files import read_object
from rlnas.processes import absolute
from rlnas.quantity import parse_steps
from rlnas.spaces import CATALOGUE, Space
from rlnas.spaces.sources import SpaceSource
from rlnas.strategies import make_strategy
from rlnas.strategies.draw import draw_distinct

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.algorithms.algorithm import AlgorithmSettings
    from rlnas.envs import EnvSettings
    from rlnas.study import StudySettings


@checked_call
def prepare_search(
    *,
    env: calls.Env,
    space: SpaceSource | None,
    strategy: calls.Text,
    steps: calls.Steps,
    train_steps: calls.Steps | None,
    out: calls.Place | None,
    seed: calls.Seed,
    top_k: calls.Count,
    train_seeds: calls.Count | None,
    baselines: calls.Names | None,
    table: calls.Place | None,
    threads: calls.Processes | None,
    checkpoint_steps: calls.Steps,
    device: calls.Text,
    imports: calls.Modules,
    strategy_options: Options | None,
    env_options: Options | None,
    ppo_options: Options | None,
    confirm_seeds: calls.CountFromZero | None = None,
    max_params: calls.Steps | None = None,
    max_multiply_adds: calls.Steps | None = None,
    max_latency: calls.Number | None = None,
    warm_start: calls.Flag = False,
    random_networks: calls.CountFromZero = 0,
) -> tuple[Path, StudySettings]:
    """Checks everything that can be checked before a run directory is touched; the arguments are those of `search`.

    Returns:
        The run directory and the settings.

    Raises:
        UserError: if an argument is not allowed.
    """
    env, modules = named_module(env, imports)
    common, found = common_settings(env, space, env_options, ppo_options, device, modules)
    check_workers_know(env, common["imports"])
    run = run_path(out, env, found.name, strategy, seed)
    # What the command leaves out is as the run has it, if it is there already.
    begun = read_object(run / "study.json") if (run / "study.json").exists() else {}
    values = {
        "steps": parse_steps(steps),
        "train_steps": parse_steps(steps if train_steps is None else train_steps, "train-steps"),
        "checkpoint_steps": parse_steps(checkpoint_steps, "checkpoint-steps"),
        "seed": seed,
        "top_k": top_k,
        "train_seeds": begun.get("train_seeds", 1) if train_seeds is None else train_seeds,
        "confirm_seeds": begun.get("confirm_seeds", 0) if confirm_seeds is None else confirm_seeds,
        "strategy": strategy,
        "strategy_options": check_strategy_options(strategy, strategy_options or {}),
        "threads": begun.get("threads", default_threads(found.input_shape)) if threads is None else threads,
        "max_params": None if max_params is None else parse_steps(max_params, "max-params"),
        "max_multiply_adds": None if max_multiply_adds is None else parse_steps(max_multiply_adds, "max-multiply-adds"),
        "max_latency": max_latency,
        "warm_start": warm_start,
        **common,
    }
    from rlnas.study import StudySettings
    from rlnas.study.candidates import foreseen_candidates

    values["baselines"] = baseline_names(baselines, found, env)
    if table is not None:
        values |= _look_up_in(
            table, env, found, common["env_settings"], common["ppo"], train_steps, baselines, values["baselines"]
        )
        if train_seeds not in (None, values["train_seeds"]):
            raise UserError(
                f"trainings that are looked up have the table's {values['train_seeds']} seeds: leave --train-seeds out."
            )
    settings = checked(StudySettings, "setting", values)
    candidates = foreseen_candidates(found, settings)
    settings = settings.model_copy(update={"random_networks": _draw(candidates, settings, random_networks)})
    made = make_strategy(strategy, candidates, settings.iterations(settings.steps), 0, settings.strategy_options)
    if warm_start and not made.shares_weights:
        raise UserError(f"strategy {strategy!r} fits no supernet, so there are no weights for a warm start.")
    if warm_start and table is not None:
        raise UserError("trainings that are looked up in a table started from scratch: leave --warm-start out.")
    return run, settings


def foreseen_doubts(settings: StudySettings) -> list[str]:
    """Why the ranking of a search will say little, as far as that is known before it starts."""
    from rlnas.study.candidates import foreseen_candidates
    from rlnas.study.doubts import doubts

    candidates = foreseen_candidates(settings.load_space(), settings)
    iterations = settings.iterations(settings.steps)
    made = make_strategy(settings.strategy, candidates, iterations, 0, settings.strategy_options)
    return doubts(settings, made, candidates)


def _draw(candidates: Space, settings: StudySettings, count: int) -> tuple[str, ...]:
    """Draws architectures uniformly, to be trained beside what the search finds.

    Raises:
        UserError: if there are not so many, or it is not known yet which are within the limits.
    """
    if count > candidates.size:
        raise UserError(
            f"random-networks must be 0 to {candidates.size:,}, the architectures to draw from, not {count}."
        )
    if count and settings.warm_start:
        raise UserError(
            "random networks start from scratch, which is no yardstick for a warm start: leave one of them out."
        )
    if count and settings.max_latency is not None and settings.table is None:
        raise UserError("random networks are drawn before latencies are measured: leave --max-latency out.")
    rng = seeding.generator(settings.seed, "random-networks")
    return tuple(architecture.id for architecture in draw_distinct(candidates, count, rng))


def _look_up_in(
    source: str | Path,
    env: str,
    space: Space,
    env_settings: EnvSettings,
    ppo: AlgorithmSettings,
    train_steps: int | str | None,
    asked: Sequence[str] | None,
    baselines: tuple[str, ...],
) -> dict[str, Any]:
    """The settings of a study that looks its trainings up: budget, seeds and baselines are the table's.

    Raises:
        UserError: if the table is of another environment or space, was built with other settings, is not complete, or
            lacks the budget or a baseline asked for.
    """
    from rlnas.study import TableReference
    from rlnas.table import load
    from rlnas.table.settings import GROUPS, setting_differences

    table = load(str(source))
    if table.env != env:
        raise UserError(f"the table {table.name!r} is of {table.env!r}, not of {env!r}.")
    if table.space != space:
        raise UserError(f"the table {table.name!r} is of another space than {space.name!r}: {table.space.name!r}.")
    for group, own in zip(GROUPS, (env_settings, ppo), strict=True):
        plain = own.model_dump(mode="json")
        found = setting_differences(group, table.settings.get(group, plain), plain)
        if found:
            raise UserError(f"the table {table.name!r} was built with other settings: {found[0]}.")
    gone = [(name, seed) for name, seed in table.absent() if name not in CATALOGUE]
    if gone or len(table.architectures) < table.space.size:
        what = f"{gone[0][0]} with seed {gone[0][1]}" if gone else "some architectures"
        raise UserError(f"the table {table.name!r} is not complete (it lacks {what}), and a search may need any run.")
    budget = table.steps if train_steps is None else parse_steps(train_steps, "train-steps")
    if budget not in table.budgets:
        raise UserError(f"the table {table.name!r} has no budget {budget}: {', '.join(map(str, table.budgets))}.")
    names = {*table.architectures, *table.baselines} - {name for name, _ in table.absent()}
    absent = [name for name in baselines if name not in names]
    if asked is not None and absent:
        raise UserError(f"the table {table.name!r} lacks runs of baseline {absent[0]!r}.")
    # A file by its whole path, so that the study can go on from any folder.
    place = str(absolute(source).resolve()) if str(source).endswith(".parquet") else str(source)
    reference = TableReference(source=place, checksum=table.checksum, seeds=tuple(table.seeds))
    return {
        "table": reference,
        "train_steps": budget,
        "train_seeds": len(table.seeds),
        "baselines": tuple(name for name in baselines if name in names),
    }
