"""From options to the settings of a run, and what is refused on the way; settings that a run directory holds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from rlnas.errors import UserError, shown, unknown
from rlnas.files import read_object
from rlnas.kinds import Options, plain
from rlnas.processes import absolute
from rlnas.spaces import Shape, Space
from rlnas.spaces.catalogue import is_picture
from rlnas.strategies import check_option_names, settings_class

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import StudySettings, TableSettings, TrialSettings
    from rlnas.trials.backend import Backend

Model = TypeVar("Model", bound=BaseModel)


BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")
"""Torch's names for what processors compute bf16 with: x86-64 of Intel and AMD, and ARM."""


@dataclass(frozen=True)
class Plan(Generic[Model]):
    """A run that may begin."""

    path: Path  # the run directory
    settings: Model  # what decides the result
    workers: int = 1  # trainings that run at the same time
    backend: Backend | None = None  # where they run; None: in local processes
    doubts: tuple[str, ...] = ()  # why the ranking of a search will say little, as far as its budget shows


def checked(model: type[Model], what: str, values: Mapping[str, object]) -> Model:
    """Builds settings; raises a `UserError` if a name or a value is not allowed."""
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
        reason = first["msg"].removeprefix("Input ").removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            raise unknown(what, name, model.model_fields) from None
        said = f"{what} {name!r} {reason}, not {shown(first['input'])}." if name else f"{reason}."
        raise UserError(f"{what} {name!r} is missing." if first["type"] == "missing" else said) from None


def _takes(annotation: Any, kind: type) -> bool:
    """Whether a field may hold a value of a type, which pydantic would otherwise make a number or text of."""
    return annotation in (kind, Any) or any(_takes(part, kind) for part in get_args(annotation))


def processors() -> int:
    """The processors that this process may use, up to 4."""
    return min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def default_threads(shape: Shape) -> int:
    """Torch threads for the fit, which runs alone: the processors for pictures, 1 for other shapes of observations.

    On a small map or a vector more threads gain nothing, and all of them stall as soon as another process is busy.
    """
    return processors() if is_picture(shape) else 1


def resolve_device(device: str) -> str:
    """`auto` becomes `cuda` where there is one, else `cpu`; raises a `UserError` for a device that is not there."""
    import torch

    if device not in ("auto", "cpu", "cuda"):
        raise unknown("device", device, ("auto", "cpu", "cuda"))
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise UserError("torch finds no CUDA device for device 'cuda': use 'cpu' or 'auto'.")
    return device if device != "auto" else "cuda" if available else "cpu"


def resolve_precision(precision: str, device: str) -> Literal["fp32", "bf16"]:
    """`auto` becomes `fp32`; raises a `UserError` for another one, or bf16 where the processor cannot compute in it."""
    import torch

    if precision not in ("auto", "fp32", "bf16"):
        raise unknown("precision", precision, ("auto", "fp32", "bf16"))
    if precision != "bf16":
        return "fp32"
    known = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    if device == "cpu" and not any(known.get(name) for name in BF16_INSTRUCTIONS):
        which = "this processor"
    elif device == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        which = "this GPU"
    else:
        return "bf16"
    raise UserError(
        f"{which} has no instructions for bf16, as far as torch knows, and would be slower with it: use precision "
        "'fp32' or 'auto'."
    )


def named_module(env: str, imports: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """An id and the modules to import; `module:Name-v0`, as Gymnasium spells it, names one of them.

    >>> named_module("corridor:Corridor-v0", ["layers"]), named_module("CartPole-v1", [])
    (('Corridor-v0', ('layers', 'corridor')), ('CartPole-v1', ()))
    """
    module, colon, own = env.partition(":")
    return (own, tuple(dict.fromkeys([*imports, module]))) if module and colon and own else (env, tuple(imports))


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
    """The names of the hand-made networks, by default the usual ones; each must take the observations."""
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


def strategy_names(parts: Sequence[str]) -> tuple[str, ...]:
    """Names of strategies, apart or joined by commas; at least one, and none of them twice.

    >>> strategy_names("spos,enas"), strategy_names(["spos", "enas,random"])
    (('spos', 'enas'), ('spos', 'enas', 'random'))
    """
    parts = [parts] if isinstance(parts, str) else parts
    names = tuple(name for part in parts for name in part.split(",") if name)
    if not names:
        raise UserError("name at least one strategy.")
    if len(set(names)) < len(names):
        raise UserError(f"strategies names one twice: {', '.join(names)}.")
    return names


def check_strategy_options(strategy: str, options: Options) -> dict[str, object]:
    """The strategy's options, checked, defaults written out, so that the run directory says all."""
    check_option_names(strategy, options)
    chosen = checked(settings_class(strategy), f"{strategy} option", options)
    return chosen.model_dump(mode="json")


def share_options(strategies: Sequence[str], options: Options) -> dict[str, Options]:
    """For each strategy those of the options that it has, checked; each option must be one of some strategy.

    >>> share_options(["spos", "enas"], {"eval_episodes": "8", "hidden": 32})
    {'spos': {'eval_episodes': 8}, 'enas': {'hidden': 32}}
    """
    known = {name: settings_class(name).model_fields for name in strategies}
    allowed = {option for fields in known.values() for option in fields}
    for option in options:
        if not known:
            raise UserError(f"no strategy takes options here: leave {option!r} out.")
        if option not in allowed:
            raise unknown(f"option of {', '.join(strategies)}:", option, allowed)
    shared: dict[str, Options] = {}
    for name, fields in known.items():
        own = {option: value for option, value in options.items() if option in fields}
        whole = check_strategy_options(name, own)
        shared[name] = {option: whole[option] for option in own}
    return shared


TABLE, SEARCHES, COMPARISON = "table", "searches", "comparison"
"""What the folder of a reproduction holds."""

OVERVIEW = "overview"
"""What the folder of several reproductions holds apart from a folder for each."""


def is_reproduction(path: Path) -> bool:
    """Whether a folder looks like one of `reproduce`: it holds a table, and nothing but what that puts there."""
    return not other_files(path, TABLE, SEARCHES, COMPARISON) and (path / TABLE / "table.json").exists()


def holds_reproductions(path: Path) -> bool:
    """Whether a folder looks like one of `reproduce` with several spaces or environments, and holds nothing else."""
    entries = other_files(path, OVERVIEW)
    return bool(entries) and all(is_reproduction(path / entry) for entry in entries)


def other_files(path: Path, *names: str) -> list[str]:
    """What a folder holds apart from folders of these names."""
    entries = sorted(path.iterdir()) if path.is_dir() else []
    return [one.name for one in entries if one.name[0] != "." and not (one.name in names and one.is_dir())]


def read_run_settings(path: Path) -> StudySettings | TrialSettings | TableSettings:
    """The settings in a run directory; raises a `UserError` if there is no run, or its settings are damaged."""
    from rlnas.study import StudySettings, TableSettings, TrialSettings

    models: dict[str, type[StudySettings | TrialSettings | TableSettings]]
    models = {"study.json": StudySettings, "trial.json": TrialSettings, "table.json": TableSettings}
    for name, model in models.items():
        if (path / name).exists():
            return checked(model, "setting", read_object(path / name))
    if is_reproduction(path) or holds_reproductions(path):
        raise UserError(f"{str(path)!r} is the folder of rlnas reproduce: give that command again, and it continues.")
    raise UserError(f"there is no run at {str(path)!r}: it has no study.json, trial.json or table.json.")
