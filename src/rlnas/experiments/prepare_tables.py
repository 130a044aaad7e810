"""The arguments of `build_table`, checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rlnas import calls
from rlnas.calls import Options, checked_call
from rlnas.errors import UserError
from rlnas.experiments.arguments import (
    baseline_names,
    check_workers_know,
    checked,
    common_settings,
    named_module,
    run_path,
)
from rlnas.files import read_object
from rlnas.quantity import parse_steps
from rlnas.spaces.sources import SpaceSource

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import TableSettings


@checked_call
def prepare_table(
    *,
    env: calls.Env,
    space: SpaceSource | None,
    steps: calls.Steps,
    seeds: calls.SeedCount,
    first_seed: calls.Seed,
    architectures: calls.Names,
    baselines: calls.Names | None,
    out: calls.Place | None,
    checkpoint_steps: calls.Steps,
    device: calls.Text,
    imports: calls.Modules,
    env_options: Options | None,
    ppo_options: Options | None,
    latency: calls.Flag,
) -> tuple[Path, TableSettings]:
    """Checks the arguments of `build_table` before a run directory is touched.

    Returns:
        The run directory and the settings.

    Raises:
        UserError: if an argument is not allowed.
    """
    from rlnas.table.table import MOST_ARCHITECTURES

    env, modules = named_module(env, imports)
    common, found = common_settings(env, space, env_options, ppo_options, device, modules)
    check_workers_know(env, common["imports"])
    if not architectures and found.size > MOST_ARCHITECTURES:
        raise UserError(
            f"space {found.name!r} has {found.size:,} architectures, and a table holds at most "
            f"{MOST_ARCHITECTURES:,}: a table of some of them names these (rlnas table build --architectures)."
        )
    named = [found.architecture(name).id for name in architectures]
    if twice := [name for name in named if named.count(name) > 1]:
        raise UserError(f"architecture {twice[0]!r} is named twice: name it once.")
    run = run_path(out, env, found.name, "table")
    begun = read_object(run / "table.json") if (run / "table.json").exists() else {}
    values = {
        "steps": parse_steps(steps),
        "seeds": tuple(range(first_seed, first_seed + seeds)),
        "architectures": tuple(named),
        "latency": latency or bool(begun.get("latency")),  # what was asked for once is measured
        "baselines": baseline_names(baselines, found, env),
        "checkpoint_steps": parse_steps(checkpoint_steps, "checkpoint-steps"),
        **common,
    }
    from rlnas.study import TableSettings

    settings = checked(TableSettings, "setting", values)
    return run, settings
