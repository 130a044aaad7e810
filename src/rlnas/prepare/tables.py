"""The arguments of `build_table`, checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rlnas.errors import UserError
from rlnas.prepare.arguments import Options, baseline_names, check_workers_know, checked, common_settings, run_path
from rlnas.quantity import parse_steps
from rlnas.spaces import Space

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import TableSettings


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

    common, found = common_settings(env, space, env_options, ppo_options, device, tuple(imports))
    check_workers_know(env, common["imports"])
    if seeds < 1 or first_seed < 0:
        raise UserError(f"a table needs at least 1 seed, from 0 on, not {seeds} from {first_seed}.")
    if not architectures and found.size > MOST_ARCHITECTURES:
        raise UserError(
            f"space {found.name!r} has {found.size:,} architectures, and a table holds at most "
            f"{MOST_ARCHITECTURES:,}: a table of some of them names these (rlnas table build --architectures)."
        )
    values = {
        "steps": parse_steps(steps),
        "seeds": tuple(range(first_seed, first_seed + seeds)),
        "architectures": tuple(found.architecture(name).id for name in architectures),
        "baselines": baseline_names(baselines, found, env),
        "checkpoint_steps": parse_steps(checkpoint_steps, "checkpoint-steps"),
        **common,
    }
    from rlnas.study import TableSettings

    settings = checked(TableSettings, "setting", values)
    return run_path(out, env, found.name, "table"), settings
