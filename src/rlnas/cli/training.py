"""The command `rlnas train`."""

from __future__ import annotations

from rlnas import experiments as api
from rlnas.cli.arguments import (
    Folder,
    Modules,
    OptionalArchitecture,
    OptionalSpace,
    Pairs,
    Steps,
    find_modules_here,
    options,
)
from rlnas.cli.printing import console, place, print_training
from rlnas.display import Display
from rlnas.experiments.prepare import prepare_training


def train(
    env: str,
    space: OptionalSpace = None,
    arch: OptionalArchitecture = None,
    steps: Steps = "10M",
    out: Folder = None,
    seed: int = 1,
    checkpoint_steps: Steps = "100k",
    device: str = "auto",
    threads: int = 1,
    import_: Modules = (),
    env_options: Pairs = (),
    ppo_options: Pairs = (),
) -> None:
    """Train one architecture from scratch.

    Args:
        env: Environment, e.g. ALE/Breakout-v5.
        space: Search space: a name or a TOML file; by default one for such observations.
        arch: Architecture, e.g. k2=4,k3=3; not needed where the space has no choices.
        steps: Environment steps, e.g. 10M, 500k, 1e6. A step that only resets an environment after a game counts, too.
        out: Run directory; runs/<environment>-<space>-<architecture>-seed-<seed> by default.
        seed: Root of all random streams.
        checkpoint_steps: Environment steps between checkpoints; there the environments restart, so a checkpoint waits
            for a game to end.
        device: auto, cpu or cuda.
        threads: Threads of torch and of the emulator.
        import_: Modules that register your own environments, or hold layers of your own.
        env_options: Options of the environment, e.g. sticky_actions=0.
        ppo_options: Hyperparameters of PPO, e.g. epochs=4.
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
        imports=find_modules_here(import_, env),
        env_options=options(env_options, "--env-options"),
        ppo_options=options(ppo_options, "--ppo-options"),
    )
    console.print(
        f"Training {settings.architecture} on {settings.env}.\nRun directory: {place(path)}",
        soft_wrap=True,
        markup=False,
    )
    with Display(console) as display:
        result = api.run_training(path, settings, display)
    print_training(result)
