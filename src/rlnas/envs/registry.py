"""From an environment's id to a vector environment."""

from __future__ import annotations

import importlib.util
import logging
import sys

import gymnasium

from rlnas.envs.atari import AtariEnv
from rlnas.envs.base import VectorEnv
from rlnas.envs.gym import GymEnv
from rlnas.envs.minatar import MINATAR_PREFIX, MinAtarEnv, minatar_ids, minatar_installed
from rlnas.envs.settings import EnvSettings
from rlnas.errors import UserError, needs_extra, unknown

ATARI_PREFIX = "ALE/"

GYMNASIUM = ("channels", "scale_actions")
"""Fields of `EnvSettings` for environments of Gymnasium alone."""


def known_ids() -> list[str]:
    """The ids of the environments that there are now: Gymnasium's registry, ALE's and MinAtar's where installed.

    The old ids of Atari games are left out, since rlnas makes none of them.
    """
    if importlib.util.find_spec("ale_py") is not None and f"{ATARI_PREFIX}Breakout-v5" not in gymnasium.registry:
        import ale_py

        ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
        gymnasium.register_envs(ale_py)
    current = {name for name in gymnasium.registry if not _is_old_atari(name)}
    return sorted({*current, *(minatar_ids() if minatar_installed() else ())})


NEEDS = {
    "gymnasium.envs.box2d": "Box2D",
    "gymnasium.envs.mujoco": "mujoco",
    "gymnasium.envs.phys2d": "jax",
    "gymnasium.envs.tabular": "jax",
}
"""The packages that environments of Gymnasium's own modules need."""


def missing_package(env_id: str) -> str | None:
    """The package that an environment needs and that is not installed, as far as its registration tells.

    Nothing is imported for that, so an environment may still need what its module alone knows.
    """
    spec = gymnasium.registry.get(env_id)
    if spec is None:
        return None
    if callable(spec.entry_point):  # some of Gymnasium's old ids only raise
        name = getattr(spec.entry_point, "__name__", "")
        raises = name.startswith("_raise_")
        return name.removeprefix("_raise_").removesuffix("_error") if raises else None
    module = str(spec.entry_point).partition(":")[0]
    package = next((needed for place, needed in NEEDS.items() if module.startswith(place)), module.partition(".")[0])
    return None if package in sys.modules or importlib.util.find_spec(package) is not None else package


def _is_old_atari(env_id: str) -> bool:
    entry = gymnasium.registry[env_id].entry_point
    return not env_id.startswith(ATARI_PREFIX) and str(entry).startswith("ale_py")


def check_known(env_id: str) -> None:
    """Makes sure that an environment can be made now, before Gymnasium sees its id.

    Gymnasium imports whatever an id such as `"module:Name-v0"` names, and an id may come from a stranger's run.

    Raises:
        UserError: if there is no such environment.
    """
    known = known_ids()
    if env_id in known or (env_id in gymnasium.registry and _is_old_atari(env_id)):
        return
    if env_id.startswith(ATARI_PREFIX) and not any(name.startswith(ATARI_PREFIX) for name in known):
        raise needs_extra(f"{env_id!r} needs", "atari")
    for meant in (f"{ATARI_PREFIX}{env_id}", f"{ATARI_PREFIX}{env_id}-v5", f"{MINATAR_PREFIX}{env_id}"):
        if meant in known:
            raise UserError(f"unknown environment {env_id!r}. Did you mean {meant!r}?")
    close = [name for name in known if name.startswith(ATARI_PREFIX) == env_id.startswith(ATARI_PREFIX)]
    hint = "If it is your own, name the module that registers it with --import (in Python: imports=[...])."
    raise UserError(f"{unknown('environment', env_id, close)} {hint}")


def registered_by(env_id: str) -> str:
    """The module that an environment's entry point is of; empty where that cannot be told."""
    entry = gymnasium.registry[env_id].entry_point
    return entry.partition(":")[0] if isinstance(entry, str) else getattr(entry, "__module__", "")


def options_of(env_id: str) -> tuple[str, ...]:
    """The names of the fields of `EnvSettings` that mean something for an environment."""
    if env_id.startswith(ATARI_PREFIX):
        return tuple(name for name in EnvSettings.model_fields if name not in GYMNASIUM)
    return ("num_envs", *(("sticky_actions",) if env_id.startswith(MINATAR_PREFIX) else GYMNASIUM))


def make_env(env_id: str, settings: EnvSettings, *, num_envs: int | None = None, threads: int = 1) -> VectorEnv:
    """Makes the vector environment of an id.

    Args:
        env_id: e.g. `"ALE/Breakout-v5"`, or any id in Gymnasium's registry.
        settings: how to set it up.
        num_envs: overrides `settings.num_envs`.
        threads: emulator threads, where the environment has some.

    Raises:
        UserError: if the id is unknown, or the environment is of a kind that rlnas cannot handle.
        EnvironmentFault: if the environment cannot be made.
    """
    if env_id.startswith(MINATAR_PREFIX):
        return MinAtarEnv(env_id, settings, num_envs)
    check_known(env_id)
    if env_id.startswith(ATARI_PREFIX):
        return AtariEnv(_rom(env_id), settings, num_envs, threads)
    if _is_old_atari(env_id):
        game = str(gymnasium.spec(env_id).kwargs.get("game", "breakout")).title().replace("_", "")
        raise UserError(f"{env_id!r} is an old id of an Atari game: use {ATARI_PREFIX}{game}-v5.")
    logging.getLogger("gymnasium").setLevel(logging.ERROR)
    chosen = {name: getattr(settings, name) for name in GYMNASIUM}
    return GymEnv(env_id, num_envs or settings.num_envs, **chosen)


def _rom(env_id: str) -> str:
    game = gymnasium.spec(env_id).kwargs.get("game")
    if not isinstance(game, str) or "ram" in env_id.rpartition("/")[2].split("-")[1:-1]:
        raise UserError(f"{env_id!r} is not a game with pixel observations.")
    return game
