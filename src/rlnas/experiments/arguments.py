"""What all commands' arguments have in common: the environment, the space, settings, the run directory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from rlnas.calls import Options, plain
from rlnas.errors import UserError, shown, unknown
from rlnas.processes import absolute, check_may_start
from rlnas.spaces import Shape, Space, adapt, load_space
from rlnas.trust import import_modules

Model = TypeVar("Model", bound=BaseModel)


def checked(model: type[Model], what: str, values: Options) -> Model:
    """Builds settings; says in one sentence what is wrong with them.

    Raises:
        UserError: if a name or a value is not allowed.
    """
    given = {name: plain(value) for name, value in values.items()}
    for name, value in given.items():
        field = model.model_fields.get(name)
        if isinstance(value, bool | bytes) and field is not None and not _takes(field.annotation, type(value)):
            raise UserError(f"{what} {name!r} should be a number or a name, not {shown(value)}.")
    try:
        return model(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise unknown(what, name, model.model_fields) from None
        reason = first["msg"].removeprefix("Input ").removeprefix("Value error, ")
        if first["type"] == "missing":
            raise UserError(f"{what} {name!r} is missing.") from None
        if not name:
            raise UserError(f"{reason}.") from None
        raise UserError(f"{what} {name!r} {reason}, not {shown(first['input'])}.") from None


def _takes(annotation: Any, kind: type) -> bool:
    """Whether a field may hold a value of a type, which pydantic would otherwise make a number or text of."""
    return annotation in (kind, Any) or any(_takes(part, kind) for part in get_args(annotation))


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


def named_module(env: str, imports: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """An id and the modules to import; `module:Name-v0`, as Gymnasium spells it, names one of them.

    >>> named_module("corridor:Corridor-v0", ["layers"]), named_module("CartPole-v1", [])
    (('Corridor-v0', ('layers', 'corridor')), ('CartPole-v1', ()))
    """
    module, colon, own = env.partition(":")
    return (own, tuple(dict.fromkeys([*imports, module]))) if module and colon and own else (env, tuple(imports))


def common_settings(
    env: str,
    space: str | Path | Space | None,
    env_options: Options | None,
    ppo_options: Options | None,
    device: str,
    imports: tuple[str, ...],
) -> tuple[dict[str, Any], Space]:
    """The settings that studies and trials share, checked against the environment itself, and the space for it."""
    from rlnas.algorithms.registry import find_algorithm
    from rlnas.defaults import default_space, defaults
    from rlnas.envs import EnvSettings, make_env, options_of
    from rlnas.trials.trial import check_fit

    check_may_start()
    import_modules(imports)
    env_options, ppo_options = env_options or {}, ppo_options or {}
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
    algorithm = find_algorithm("ppo")
    ppo = checked(algorithm.settings, "PPO option", {**usual.ppo, **ppo_options})
    algorithm.check(ppo, probe, env_settings.num_envs, ppo_options)
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


def check_workers_know(env: str, imports: Sequence[str]) -> None:
    """Raises a `UserError` if only this process knows the environment: trainings run in processes of their own."""
    from rlnas.envs import known_to_workers, registered_by

    if known_to_workers(env, imports):
        return
    module = registered_by(env)
    # A class of Gymnasium's may be registered anew by anyone.
    other = module not in ("", "__main__", *imports) and module.partition(".")[0] != "gymnasium"
    where = f"the module {module!r}" if other else "the script that runs, or a module that it imports"
    name = repr(module) if other else "the module (for what a script does, make it one)"
    raise UserError(
        f"the environment {env!r} is registered by {where}, which the processes that train do not import: name {name} "
        "with --import (in Python: imports=[...])."
    )


def baseline_names(names: Sequence[str] | None, space: Space, env: str) -> tuple[str, ...]:
    """The names of the hand-made networks; by default those that take the observations.

    Raises:
        UserError: if there is no such network, or it does not take the observations.
    """
    from rlnas.defaults import default_baselines
    from rlnas.study.networks import find_baseline
    from rlnas.trials.trial import check_fit

    if names is None:
        names = default_baselines(space.input_shape)
    found = [find_baseline(name, space) for name in names]
    for baseline in found:
        check_fit(baseline.space.input_shape, space.input_shape, env, baseline.space.name)
    return tuple(baseline.name for baseline in found)


def run_path(out: str | Path | None, env: str, *names: object) -> Path:
    """The run directory: as given, or named after what runs."""
    return absolute(Path("runs") / folder_name(env, *names) if out is None else out)


def folder_name(env: str, *names: object) -> str:
    """The name of a folder for an environment and what is done with it.

    >>> folder_name("ALE/Breakout-v5", "paper-1")
    'breakout-v5-paper-1'
    """
    words = "-".join(str(name) for name in (env.rpartition("/")[2], *names)).lower()
    return words.replace("/", "-").replace(" ", "-")  # a space of one's own may be called anything
