"""From a caller's arguments to checked settings. What can be refused is refused here, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from rlnas.errors import UserError, unknown
from rlnas.quantity import parse_steps
from rlnas.search import make_strategy, settings_class
from rlnas.spaces import CATALOGUE, Shape, Space, adapt, load_space

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.envs import EnvSettings
    from rlnas.ppo import PPOSettings
    from rlnas.study import StudySettings, TableSettings, TrialSettings

Model = TypeVar("Model", bound=BaseModel)
Options = Mapping[str, Any]


def checked(model: type[Model], what: str, values: Options) -> Model:
    """Builds settings; says in one sentence what is wrong with them.

    Raises:
        UserError: if a name or a value is not allowed.
    """
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise unknown(what, name, model.model_fields) from None
        reason = first["msg"].removeprefix("Input ").removeprefix("Value error, ")
        if not name:
            raise UserError(f"{reason}.") from None
        raise UserError(f"{what} {name!r} {reason}, not {first['input']!r}.") from None


def processors() -> int:
    """The processors that this process may use, up to 4."""
    return min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def default_threads(shape: Shape) -> int:
    """Torch threads for the fit, which runs alone: the processors at hand for large maps, 1 for what is smaller.

    On a small map or a vector more threads gain nothing, and all of them stall as soon as another process is busy.

    Args:
        shape: of one observation.
    """
    from rlnas.defaults import large

    return processors() if large(shape) else 1


def resolve_device(device: str) -> str:
    """`auto` becomes `cuda` where there is one, else `cpu`.

    Raises:
        UserError: if the device is unknown, or there is no CUDA.
    """
    import torch

    if device not in ("auto", "cpu", "cuda"):
        raise unknown("device", device, ("auto", "cpu", "cuda"))
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise UserError("device 'cuda' was asked for, but torch finds no CUDA device: use 'cpu' or 'auto'.")
    return "cuda" if device == "auto" and available else "cpu" if device == "auto" else device


def prepare_search(
    *,
    env: str,
    space: str | Path | Space | None,
    strategy: str,
    steps: int | str,
    train_steps: int | str | None,
    out: str | Path | None,
    seed: int,
    top_k: int,
    train_seeds: int,
    baselines: Sequence[str] | None,
    table: str | Path | None,
    threads: int | None,
    checkpoint_steps: int | str,
    device: str,
    imports: Sequence[str],
    strategy_options: Options,
    env_options: Options,
    ppo_options: Options,
    confirm_seeds: int = 0,
    max_params: int | str | None = None,
    max_multiply_adds: int | str | None = None,
    max_latency: float | None = None,
    warm_start: bool = False,
) -> tuple[Path, StudySettings]:
    """Checks everything that can be checked before a run directory is touched; the arguments are those of `search`.

    Returns:
        The run directory and the settings.

    Raises:
        UserError: if an argument is not allowed.
    """
    common, found = _common(env, space, env_options, ppo_options, device, tuple(imports))
    _check_workers_know(env, imports)
    values = {
        "steps": parse_steps(steps),
        "train_steps": parse_steps(steps if train_steps is None else train_steps, "train-steps"),
        "checkpoint_steps": parse_steps(checkpoint_steps, "checkpoint-steps"),
        "seed": seed,
        "top_k": top_k,
        "train_seeds": train_seeds,
        "confirm_seeds": confirm_seeds,
        "strategy": strategy,
        "strategy_options": check_strategy_options(strategy, strategy_options),
        "threads": default_threads(found.input_shape) if threads is None else threads,
        "max_params": None if max_params is None else parse_steps(max_params, "max-params"),
        "max_multiply_adds": None if max_multiply_adds is None else parse_steps(max_multiply_adds, "max-multiply-adds"),
        "max_latency": max_latency,
        "warm_start": warm_start,
        **common,
    }
    from rlnas.study import StudySettings
    from rlnas.study.candidates import foreseen_candidates

    values["baselines"] = _baselines(baselines, found, env)
    if table is not None:
        values |= _look_up_in(
            table, env, found, common["env_settings"], common["ppo"], train_steps, baselines, values["baselines"]
        )
        if train_seeds not in (1, values["train_seeds"]):  # 1 is what is not said
            raise UserError(
                f"trainings that are looked up have the table's {values['train_seeds']} seeds: leave --train-seeds out."
            )
    settings = checked(StudySettings, "setting", values)
    candidates = foreseen_candidates(found, settings)
    made = make_strategy(strategy, candidates, settings.iterations(settings.steps), 0, settings.strategy_options)
    if warm_start and not made.shares_weights:
        raise UserError(f"strategy {strategy!r} fits no supernet, so there are no weights for a warm start.")
    if warm_start and table is not None:
        raise UserError("trainings that are looked up in a table started from scratch: leave --warm-start out.")
    return _run_path(out, env, found.name, strategy, seed), settings


def _check_workers_know(env: str, imports: Sequence[str]) -> None:
    """Raises a `UserError` if only this process knows the environment: trainings run in processes of their own."""
    from rlnas.envs import registered_here

    module = registered_here(env)
    if module is None or imports:
        return
    where = "the script that runs; put it into a module" if module == "__main__" else f"the module {module!r}"
    name = "that module" if module == "__main__" else repr(module)
    raise UserError(
        f"the environment {env!r} is registered by {where}, which the processes that train do not import: name {name} "
        "with --import (in Python: imports=[...])."
    )


def _baselines(names: Sequence[str] | None, space: Space, env: str) -> tuple[str, ...]:
    """The names of the hand-made networks; by default those that take the observations.

    Raises:
        UserError: if there is no such network, or it does not take the observations.
    """
    from rlnas.defaults import default_baselines
    from rlnas.study.contestants import find_baseline
    from rlnas.study.trial import check_fit

    if names is None:
        names = default_baselines(space.input_shape)
    found = [find_baseline(name, space) for name in names]
    for baseline in found:
        check_fit(baseline.space.input_shape, space.input_shape, env, baseline.space.name)
    return tuple(baseline.name for baseline in found)


def _look_up_in(
    source: str | Path,
    env: str,
    space: Space,
    env_settings: EnvSettings,
    ppo: PPOSettings,
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
    names = {*table.architectures, *table.baselines}
    absent = [name for name in baselines if name not in names]
    if asked is not None and absent:
        raise UserError(f"the table {table.name!r} has no run of baseline {absent[0]!r}.")
    # A file by its whole path, so that the study can go on from any folder.
    place = str(Path(source).resolve()) if str(source).endswith(".parquet") else str(source)
    reference = TableReference(source=place, checksum=table.checksum, seeds=tuple(table.seeds))
    return {
        "table": reference,
        "train_steps": budget,
        "train_seeds": len(table.seeds),
        "baselines": tuple(name for name in baselines if name in names),
    }


def check_strategy_options(strategy: str, options: Options) -> dict[str, Any]:
    """The strategy's options, checked, defaults written out, so that the run directory says all."""
    model, what = settings_class(strategy), f"{strategy} option"
    for name in options:
        if name not in model.model_fields:  # a class that does not forbid others ignores them
            raise unknown(what, name, model.model_fields)
    chosen = checked(model, what, options)
    return chosen.model_dump(mode="json")


def _run_path(out: str | Path | None, env: str, *names: object) -> Path:
    """The run directory: as given, or named after what runs."""
    if out is not None:
        return Path(out)
    words = "-".join(str(name) for name in (env.rpartition("/")[2], *names)).lower()
    return Path("runs") / words.replace("/", "-").replace(" ", "-")  # a space of one's own may be called anything


def _common(
    env: str,
    space: str | Path | Space | None,
    env_options: Options,
    ppo_options: Options,
    device: str,
    imports: tuple[str, ...],
) -> tuple[dict[str, Any], Space]:
    """The settings that studies and trials share, checked against the environment itself, and the space for it."""
    from rlnas.defaults import default_space, defaults
    from rlnas.envs import ContinuousActions, EnvSettings, import_modules, make_env, options_of
    from rlnas.ppo import PPOSettings
    from rlnas.ppo.trainer import make_normalizer
    from rlnas.study.trial import check_fit

    import_modules(imports)
    found = None if space is None else load_space(space)
    if found is not None and found.limited:
        raise UserError(
            f"space {found.name!r} is limited to a part of itself: give the whole, and its limits beside it."
        )
    asked = checked(EnvSettings, "environment option", env_options)
    for name in env_options:
        if name not in options_of(env):
            raise unknown(f"environment option of {env}:", name, options_of(env))
    probe = make_env(env, asked, num_envs=1)
    probe.close()
    usual = defaults(env, probe)
    env_settings = checked(EnvSettings, "environment option", {**usual.env, **env_options})
    ppo = checked(PPOSettings, "PPO option", {**usual.ppo, **ppo_options})
    make_normalizer(probe, ppo)  # refuses what cannot be normalised
    if ppo.minibatches > ppo.rollout_steps * env_settings.num_envs:
        raise UserError(
            f"PPO option 'minibatches' is {ppo.minibatches}, more than a rollout has steps: {ppo.rollout_steps} "
            f"of each of {env_settings.num_envs} environments."
        )
    if "log_std" in ppo_options and not isinstance(probe.actions, ContinuousActions):
        raise UserError(f"PPO option 'log_std' is for continuous actions, and {env!r} has {probe.actions}.")
    if found is None:
        found = load_space(default_space(env, probe.observation_shape))
    found = adapt(found, probe.observation_shape)
    check_fit(found.input_shape, probe.observation_shape, env, found.name)
    values = {
        "env": env,
        "imports": tuple(dict.fromkeys([*imports, *found.modules])),
        "space": found.to_dict(),
        "env_settings": env_settings,
        "ppo": ppo,
        "device": resolve_device(device),
    }
    return values, found


def prepare_training(
    *,
    env: str,
    arch: str | Mapping[str, Any],
    space: str | Path | Space | None,
    steps: int | str,
    out: str | Path | None,
    seed: int,
    checkpoint_steps: int | str,
    device: str,
    threads: int,
    imports: Sequence[str],
    env_options: Options,
    ppo_options: Options,
) -> tuple[Path, TrialSettings]:
    """Checks the arguments of `train` before a run directory is touched.

    Returns:
        The run directory and the settings.

    Raises:
        UserError: if an argument is not allowed.
    """
    common, found = _common(env, space, env_options, ppo_options, device, tuple(imports))
    architecture = found.architecture(arch).id
    values = {
        "architecture": architecture,
        "steps": parse_steps(steps),
        "seed": seed,
        "checkpoint_steps": parse_steps(checkpoint_steps, "checkpoint-steps"),
        "threads": threads,
        **common,
    }
    from rlnas.study import TrialSettings

    settings = checked(TrialSettings, "setting", values)
    return _run_path(out, env, found.name, architecture, f"seed-{seed}"), settings


def prepare_table(
    *,
    env: str,
    space: str | Path | Space | None,
    steps: int | str,
    seeds: int,
    first_seed: int,
    architectures: Sequence[str],
    baselines: Sequence[str] | None,
    out: str | Path | None,
    checkpoint_steps: int | str,
    device: str,
    imports: Sequence[str],
    env_options: Options,
    ppo_options: Options,
) -> tuple[Path, TableSettings]:
    """Checks the arguments of `build_table` before a run directory is touched.

    Returns:
        The run directory and the settings.

    Raises:
        UserError: if an argument is not allowed.
    """
    from rlnas.table.table import MOST_ARCHITECTURES

    common, found = _common(env, space, env_options, ppo_options, device, tuple(imports))
    _check_workers_know(env, imports)
    if seeds < 1 or first_seed < 0:
        raise UserError(f"a table needs at least 1 seed, from 0 on, not {seeds} from {first_seed}.")
    if not architectures and found.size > MOST_ARCHITECTURES:
        raise UserError(
            f"space {found.name!r} has {found.size:,} architectures, and a table holds at most "
            f"{MOST_ARCHITECTURES:,}: name the architectures to train."
        )
    values = {
        "steps": parse_steps(steps),
        "seeds": tuple(range(first_seed, first_seed + seeds)),
        "architectures": tuple(found.architecture(name).id for name in architectures),
        "baselines": _baselines(baselines, found, env),
        "checkpoint_steps": parse_steps(checkpoint_steps, "checkpoint-steps"),
        **common,
    }
    from rlnas.study import TableSettings

    settings = checked(TableSettings, "setting", values)
    return _run_path(out, env, found.name, "table"), settings
