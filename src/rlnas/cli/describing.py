"""The commands `rlnas list` and `rlnas describe`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from rich.text import Text

from rlnas import kinds
from rlnas.cli.printing import console, grid, say, show_progress
from rlnas.cli.tables import ShowRequest, show
from rlnas.display import printable
from rlnas.errors import UserError, unknown
from rlnas.experiments.request import Request
from rlnas.experiments.resolving import named_module
from rlnas.kinds import Env, Flag, Form
from rlnas.quantity import plural
from rlnas.spaces import CATALOGUE, Limits, load_space
from rlnas.spaces.toml import dump_toml
from rlnas.spaces.words import layers_in_words, shape_text
from rlnas.strategies import STRATEGIES
from rlnas.user_imports import import_modules

# Environments take a while to import.
if TYPE_CHECKING:
    from rlnas.envs import VectorEnv


@dataclass(frozen=True)
class ListRequest(Request):
    """List what there is."""

    words = "list"

    what: Annotated[kinds.Text, Form("{spaces,strategies,envs,tables}", positional=True)]
    """spaces, strategies, envs, or the tables that come with rlnas."""


def list_(request: ListRequest) -> None:
    """`rlnas list`."""
    import_modules(request.imports)
    if request.what == "envs":
        from rlnas.envs import known_ids, missing_package

        missing = {name: missing_package(name) for name in known_ids()}
        for name, package in missing.items():
            if package is None:
                say(name)
        if lacking := Counter(package for package in missing.values() if package is not None):
            counts = ", ".join(f"{package} ({count})" for package, count in lacking.items())
            say(f"Not listed, since packages are missing: {plural(lacking.total(), 'environment')} of {counts}.")
    elif request.what == "tables":
        show(ShowRequest())
    elif request.what == "strategies":
        for name, (strategy, _) in STRATEGIES.items():
            say(f"{name}  {_first_line(strategy)}")
    elif request.what == "spaces":
        table = grid(("space", "architectures", "input", "about"), texts=4)
        for name, build in CATALOGUE.items():
            found = build()
            table.add_row(name, f"{found.size:,}", shape_text(found.input_shape), _first_line(build))
        console.print(table)
    else:
        raise unknown("list", request.what, ("spaces", "strategies", "envs", "tables"))


def _first_line(documented: object) -> str:
    return (documented.__doc__ or "").strip().partition("\n")[0]


@dataclass(frozen=True)
class DescribeRequest(Request):
    """Describe a space (its layers, choices and costs), the options of a strategy, or what an environment would get."""

    words = "describe"

    name: Annotated[kinds.Text, Form("NAME", positional=True)] | None = None
    """A space, a TOML file, a strategy, env-options or ppo-options."""

    env: Env | None = None
    """An environment: its default settings, space and baselines, and why."""

    latency: Flag = False
    """Measure how long each network of a space takes for one observation, on this machine and one thread."""

    toml: Flag = False
    """Print a space as TOML alone, to be kept in a file, changed and given as --space."""


def describe(request: DescribeRequest) -> None:
    """`rlnas describe`."""
    name, env = request.name, request.env
    for given, flag in ((request.latency, "--latency"), (request.toml, "--toml")):
        if given and (env is not None or name is None or not _is_space(name)):
            raise UserError(f"{flag} goes with a space.")
    if request.latency and request.toml:
        raise UserError("--latency or --toml, not both at once.")
    if env is not None and name is not None:
        raise UserError(f"describe {name!r} or --env {env}, not both at once.")
    if env is not None:
        _describe_env(*named_module(env, tuple(request.imports)))
        return
    if name is None:
        raise UserError("describe needs a name, or --env.")
    import_modules(request.imports)
    if name in STRATEGIES:
        _describe_options(f"Options of {name}", STRATEGIES[name][1])
    elif name in ("env-options", "ppo-options"):
        from rlnas.algorithms.ppo import PPOSettings
        from rlnas.envs import EnvSettings

        title = f"{name}: the defaults for Atari; those of another environment: rlnas describe --env ENV"
        _describe_options(title, EnvSettings if name == "env-options" else PPOSettings)
    elif request.toml:
        print(dump_toml(load_space(name)), end="")
    elif _is_space(name):
        _describe_space(name, request.latency)
    else:
        error = unknown("name", name, [*CATALOGUE, *STRATEGIES, "env-options", "ppo-options"])
        raise UserError(f"{error} An environment is described by --env.")


def _headed(head: str, rest: str = "") -> None:
    console.print(Text.assemble((printable(head), "bold"), printable(rest)))


def _is_space(name: str) -> bool:
    return name in CATALOGUE or name.endswith(".toml")


def _describe_env(env: str, imports: tuple[str, ...]) -> None:
    from rlnas.defaults import default_baselines, default_space, defaults
    from rlnas.envs import EnvSettings, make_env

    import_modules(imports)
    probe = make_env(env, EnvSettings(), num_envs=1)
    probe.close()
    shape = probe.observation_shape
    own = defaults(env, probe)
    _headed(env, f": observations {shape} {probe.observation_dtype}, {probe.actions}.")
    if probe.axes:
        say(f"Axes: {probe.axes}.")
    say(f"Networks take observations {_scaling(probe, own.ppo)}.")
    if own.env.get("scale_actions"):
        console.print("Actions: the policy acts in [-1, 1], which is scaled to the bounds of the action space.")
    try:
        console.print(f"Space: {default_space(env, shape)}, the catalogue's for observations of this shape.")
    except UserError as error:
        say(f"Space: {error}")
    console.print(f"Hand-made networks: {', '.join(default_baselines(shape)) or 'none of this shape'}.")
    changed = ", ".join(f"{name}={value}" for name, value in {**own.env, **own.ppo}.items()) or "nothing"
    say(f"Settings: {own.source}. What differs from env-options and ppo-options: {changed}.")


def _scaling(probe: VectorEnv, ppo: Mapping[str, Any]) -> str:
    """What becomes of observations before the first layer."""
    if ppo.get("normalize_observations"):
        return "less their running mean, divided by their standard deviation"
    if probe.observation_bounds is not None:
        found = str(probe.observation_bounds)
        return "as they are, in 0..1" if found == "0..1" else f"scaled from {found} to [0, 1]"
    return "divided by 255" if probe.observation_dtype.name == "uint8" else "as they are"


def _describe_options(title: str, model: Any) -> None:
    _headed(title)
    for name, field in model.model_fields.items():
        about = f"  ({' '.join(field.description.split()).rstrip('.')})" if field.description else ""
        say(f"  {name} = {field.default}{about}")


def _describe_space(name: str, latency: bool) -> None:
    space = load_space(name)
    latencies: dict[str, float] = {}
    if latency:
        from rlnas.study.latency import find_latencies

        latencies = show_progress(lambda watch: find_latencies(space, Limits(), None, watch))
    _headed(space.name, f": {plural(space.size, 'architecture')}, input {space.input_shape}.")
    example = next(iter(space))
    table = grid(("layer", "parameters", f"output ({example.id})"), texts=3)
    for line in layers_in_words(space):
        table.add_row("  " * line.depth + line.layer, line.settings, line.output)
    console.print(table)
    if space.size <= 1_000:
        costs = grid(("architecture", "parameters", "multiply-adds", *(("latency (ms)",) if latency else ())))
        for architecture in space:
            cost = space.cost(architecture)
            measured = [f"{latencies[architecture.id]:.3f}"] if latency else []
            costs.add_row(architecture.id, f"{cost.parameters:,}", f"{cost.multiply_adds:,}", *measured)
        console.print(costs)
    console.print("Parameters and multiply-adds are those of the encoder, heads left out.")
    if latency:
        console.print("Latency: one observation through the network, heads included, on one thread of this machine.")
