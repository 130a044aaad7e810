"""The arguments of `train`, checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rlnas import calls
from rlnas.calls import Options, checked_call
from rlnas.errors import UserError
from rlnas.experiments.arguments import checked, common_settings, named_module, run_path
from rlnas.quantity import parse_steps
from rlnas.spaces.sources import SpaceSource

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import TrialSettings


@checked_call
def prepare_training(
    *,
    env: calls.Env,
    space: SpaceSource | None,
    arch: calls.Architecture | None,
    steps: calls.Steps,
    out: calls.Place | None,
    seed: calls.Seed,
    checkpoint_steps: calls.Steps,
    device: calls.Text,
    threads: calls.Processes,
    imports: calls.Modules,
    env_options: Options | None,
    ppo_options: Options | None,
) -> tuple[Path, TrialSettings]:
    """Checks the arguments of `train` before a run directory is touched.

    Returns:
        The run directory and the settings.

    Raises:
        UserError: if an argument is not allowed.
    """
    env, modules = named_module(env, imports)
    common, found = common_settings(env, space, env_options, ppo_options, device, modules)
    architecture = (next(iter(found)) if arch is None else found.architecture(arch)).id
    if arch is None and found.size > 1:
        raise UserError(
            f"space {found.name!r} has {found.size:,} architectures: say which with --arch (in Python: arch=...), "
            f"such as {architecture!r}."
        )
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
    return run_path(out, env, found.name, architecture, f"seed-{seed}"), settings
