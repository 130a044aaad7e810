"""`rlnas.train`: one training from scratch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas import calls
from rlnas.calls import Options, checked_call
from rlnas.experiments.prepare import prepare_training
from rlnas.experiments.results import TrainingResult
from rlnas.processes import settled
from rlnas.spaces import Space

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import TrialSettings, Watcher


@settled()
def train(
    env: str,
    space: str | Path | Space | None = None,
    arch: str | Mapping[str, Any] | None = None,
    steps: int | str = "10M",
    *,
    out: str | Path | None = None,
    seed: int = 1,
    checkpoint_steps: int | str = "100k",
    device: str = "auto",
    threads: int = 1,
    imports: str | Sequence[str] = (),
    env_options: Options | None = None,
    ppo_options: Options | None = None,
    watch: Watcher | None = None,
) -> TrainingResult:
    """Trains one architecture from scratch.

    Args:
        env: id of the environment.
        space: a catalogue name, a TOML file, or a `Space`; by default the catalogue's for such observations.
        arch: the architecture: its id, or a dict of options; not needed where the space has no choices.
        steps: environment steps. A step that only resets an environment after a game counts, too.
        out: run directory, by default in `runs` and named after what runs.
        seed: root of the training's random streams.
        checkpoint_steps: environment steps between checkpoints.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        threads: threads of torch and of the emulator; more than one pays only while the processors are idle.
        imports: modules that register environments, or hold layers of your own.
        env_options: fields of `EnvSettings`.
        ppo_options: fields of `PPOSettings`.
        watch: called with `Progress`.

    Raises:
        UserError: if an argument is not allowed; nothing is written then.
        EnvironmentFault: if the environment fails.
    """
    path, settings = prepare_training(
        env=env,
        space=space,
        arch=arch,
        steps=steps,
        out=out,
        seed=seed,
        checkpoint_steps=checkpoint_steps,
        device=device,
        threads=threads,
        imports=imports,
        env_options=env_options,
        ppo_options=ppo_options,
    )
    return run_training(path, settings, watch)


@checked_call
def run_training(path: Path, settings: TrialSettings, watch: calls.Watch | None) -> TrainingResult:
    """Runs or goes on with a training, and writes its report."""
    from rlnas.algorithms.torch_modes import torch_threads
    from rlnas.report import write_report
    from rlnas.study import run_trial
    from rlnas.trials.progress import nobody

    space = settings.load_space()
    label = f"{settings.architecture if space.choices else space.name} seed-{settings.seed}"
    with torch_threads(settings.threads):
        result = run_trial(path, settings, watch or nobody, label)
    write_report(path)
    return TrainingResult(path, result)
