"""The options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import BaseModel

from rlnas import kinds
from rlnas.errors import UserError, unknown
from rlnas.experiments.request import Request, options_of
from rlnas.experiments.resolving import checked, named_module, resolve_device, resolve_precision
from rlnas.processes import check_may_start
from rlnas.spaces import Space, adapt, load_space
from rlnas.spaces.catalogue import SpaceSource
from rlnas.strategies.registry import TOP_K
from rlnas.user_imports import import_modules

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.trials.settings import RunSettings

R = TypeVar("R", bound=Request)
S = TypeVar("S", bound="RunSettings")


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Commands that show their progress."""

    watch: kinds.Watch | None = None
    """A function that is called with every `Progress`."""


@dataclass(frozen=True, kw_only=True)
class RunOptions(Watched):
    """Commands that train."""

    out: kinds.Place | None = None
    """Run directory. Default: a folder in runs/, named after environment, space and others. The same command on it
    continues the run."""

    checkpoint_steps: kinds.Steps = "100k"
    """Environment steps between checkpoints. The environments restart there, so a checkpoint waits for a game to
    end."""

    device: kinds.Text = "auto"
    """The torch device: auto (CUDA where there is one), cpu or cuda."""

    precision: kinds.Text = "auto"
    """What encoders compute in: auto (fp32), fp32, or bf16, which is faster on processors that have it."""

    env_options: kinds.Options | None = None
    """Options of the environment, e.g. sticky_actions=0 (see: rlnas describe env-options)."""

    ppo_options: kinds.Options | None = None
    """Hyperparameters of PPO, e.g. epochs=4 (see: rlnas describe ppo-options)."""


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Commands that run several trainings."""

    workers: kinds.Processes | None = None
    """Trainings that run at the same time, each in a process of its own with one thread; as many processes play the
    games of a ranking. By default 1 in Python, and on the command line as many as there are processors, at most 4."""

    backend: kinds.TrialBackend | None = None
    """Where the trainings run (a `Backend`, which stays open); by default `workers` processes of this machine."""


@dataclass(frozen=True, kw_only=True)
class StudyOptions(RunOptions, Workers):
    """Commands that train several networks."""

    baselines: kinds.Names | None = None
    """Hand-made networks to train with the others: spaces of the catalogue without choices, or ids of architectures
    of the space. Default: the usual one for such observations; without a name, none."""


@dataclass(frozen=True, kw_only=True)
class MoreSeeds:
    """Commands on a search, new or not."""

    train_seeds: kinds.Count | None = None
    """Training seeds of each network of a search; with `table`, those of the table. An existing run may be given more.
    Default: as many as the run has, 1 for a new one."""

    confirm_seeds: kinds.CountFromZero | None = None
    """Further training seeds of the best network and of the baselines, used after the best is picked: the scores that
    picked it flatter it. An existing run may be given more. Default: as many as the run has, 0 for a new one."""


@dataclass(frozen=True, kw_only=True)
class TopK:
    """Commands that take the best of a ranking."""

    top_k: kinds.Count = TOP_K
    """Architectures of each search that are trained from scratch."""


@dataclass(frozen=True, kw_only=True)
class SearchThreads:
    """Commands that search."""

    threads: kinds.Processes | None = None
    """Torch threads of a search. Default: the processors (at most 4) for pictures, 1 for small maps and vectors. A run
    that continues keeps its own."""


@dataclass(frozen=True, kw_only=True)
class ComparisonOptions(TopK):
    """Commands that compare strategies on a table."""

    strategy_options: kinds.Options | None = None
    """Options of the strategies, e.g. eval_episodes=50; each goes to those that have it."""

    repeats: kinds.Count = 1_000
    """Repeats of random search, and of strategies that run on the table."""


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Commands that build a table."""

    latency: kinds.Flag = False
    """Measure how long each network of the table takes on this machine, once all are trained."""


@dataclass(frozen=True)
class EnvRequest(RunOptions, Request):
    """Commands in one environment."""

    env: kinds.Env
    """Environment, e.g. ALE/Breakout-v5 (see: rlnas list envs)."""

    space: SpaceSource | None = None
    """Search space: a name (see: rlnas list spaces) or a TOML file. By default the catalogue's for such
    observations."""

    def common(self) -> tuple[RunSettings, Space]:
        """The settings that all runs share, checked against the environment itself, and the space for it."""
        from rlnas.algorithms.registry import find_algorithm
        from rlnas.defaults import default_space, defaults
        from rlnas.envs import EnvSettings, make_env
        from rlnas.envs import options_of as known_options
        from rlnas.trials.settings import RunSettings
        from rlnas.trials.trial import check_fit

        env, imports = named_module(self.env, tuple(self.imports))
        check_may_start()
        import_modules(imports)
        space = None if self.space is None else load_space(self.space)
        if space is not None and space.limited:
            raise UserError(
                f"space {space.name!r} is limited to a part of itself: give the whole, and its limits apart."
            )
        env_options, ppo_options = self.env_options or {}, self.ppo_options or {}
        given = checked(EnvSettings, "environment option", env_options)
        for name in env_options:
            if name not in known_options(env):
                raise unknown(f"environment option of {env}:", name, known_options(env))
        probe = make_env(env, given, num_envs=1)
        probe.close()
        usual = defaults(env, probe)
        env_settings = checked(EnvSettings, "environment option", {**usual.env, **env_options})
        algorithm = find_algorithm("ppo")
        ppo = checked(algorithm.settings, "PPO option", {**usual.ppo, **ppo_options})
        algorithm.check(ppo, probe, env_settings.num_envs, ppo_options)
        space = adapt(space or load_space(default_space(env, probe.observation_shape)), probe.observation_shape)
        check_fit(space.input_shape, probe.observation_shape, env, space.name)
        settings = RunSettings(
            env=env,
            imports=tuple(dict.fromkeys([*imports, *space.modules])),
            space=space.to_dict(),
            env_settings=env_settings,
            algorithm="ppo",
            algorithm_options=ppo,
            device=(device := resolve_device(self.device)),
            precision=resolve_precision(self.precision, device),
        )
        return settings, space

    def complete(self, model: type[S], common: RunSettings, **own: object) -> S:
        """The settings of a run: what all runs share, what the request has by the same name, and what is its own."""
        values = {name: getattr(self, name) for name in model.model_fields if hasattr(self, name)}
        values |= {name: value for name, value in common if name in common.model_fields_set or name == "versions"}
        return checked(model, "setting", values | own)


def request_for(request: type[R], settings: RunSettings, **more: object) -> R:
    """The request that gives these settings again, in a new directory."""
    same = {name: getattr(settings, name) for name in options_of(request) if hasattr(settings, name)}
    options = {
        "env_options": _unusual(settings.env, "env", settings.env_settings) or None,
        "ppo_options": _unusual(settings.env, "ppo", settings.algorithm_options) or None,
    }
    return request(**same | options | {"space": settings.load_space(), "out": "NEW"} | more)


def _unusual(env: str, group: Literal["env", "ppo"], values: BaseModel) -> dict[str, object]:
    """The values that an environment does not get by default."""
    from rlnas.defaults import BY_KIND, defaults_by_name

    usual, known = type(values)().model_dump(mode="json"), defaults_by_name(env)
    if known is None:  # the defaults depend on what the environment observes
        changed = [getattr(kind, group) for kind in BY_KIND]
        usual = {name: value for name, value in usual.items() if not any(name in own for own in changed)}
    else:
        usual |= getattr(known, group)
    own = values.model_dump(mode="json")
    return {name: value for name, value in own.items() if name not in usual or usual[name] != value}
