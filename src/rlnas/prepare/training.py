"""The arguments of `train`, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas.errors import UserError
from rlnas.prepare.arguments import Options, checked, common_settings, run_path
from rlnas.quantity import parse_steps
from rlnas.spaces import Space

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import TrialSettings


def prepare_training(
    *,
    env: str,
    space: str | Path | Space | None,
    arch: str | Mapping[str, Any] | None,
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
    common, found = common_settings(env, space, env_options, ppo_options, device, tuple(imports))
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
