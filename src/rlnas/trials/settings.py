"""What a training is asked to do: everything that decides the result, and nothing else."""

from __future__ import annotations

import contextlib
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from rlnas.algorithms.ppo import PPOSettings
from rlnas.envs import EnvSettings
from rlnas.spaces import Space


def current_versions() -> dict[str, str]:
    """The installed versions of the packages that decide a result."""
    found = {}
    for package in ("rlnas", "torch", "numpy", "gymnasium", "ale-py", "minatar"):
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


class RunSettings(BaseModel):
    """What all runs share; see `TrialSettings`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: str
    imports: tuple[str, ...] = ()
    env_settings: EnvSettings = EnvSettings()
    space: dict[str, Any]
    ppo: PPOSettings = PPOSettings()
    seed: int = Field(0, ge=0)
    checkpoint_steps: int = Field(100_000, ge=1)
    device: str = "cpu"
    threads: int = Field(1, ge=1)
    versions: dict[str, str] = Field(default_factory=current_versions)

    def load_space(self) -> Space:
        """The space, built from its plain form."""
        return Space.from_dict(self.space)

    @property
    def iteration_steps(self) -> int:
        """Environment steps of one PPO iteration."""
        return self.ppo.rollout_steps * self.env_settings.num_envs

    def iterations(self, steps: int) -> int:
        """PPO iterations that a budget of environment steps pays for, rounded up."""
        return -(-steps // self.iteration_steps)

    @property
    def checkpoint_iterations(self) -> int:
        """PPO iterations between checkpoints."""
        return self.iterations(self.checkpoint_steps)

    def training(self, space: Space, architecture: str, seed: int, steps: int) -> TrialSettings:
        """The settings of a training from scratch that is a part of the run; it has one thread, whatever a fit has."""
        own = ("space", "seed", "threads")
        shared = {name: getattr(self, name) for name in RunSettings.model_fields if name not in own}
        return TrialSettings(**shared, space=space.to_dict(), architecture=architecture, seed=seed, steps=steps)


class TrialSettings(RunSettings):
    """One training from scratch.

    Attributes:
        env: id of the environment.
        imports: modules that register the user's own environments, or hold layers of the user's own.
        env_settings: how the environment is set up.
        space: the space, in its plain form.
        ppo: hyperparameters.
        seed: root of the trial's random streams; those of searches are others, whatever their number.
        checkpoint_steps: environment steps between checkpoints; there the environments are restarted.
        device: torch device.
        threads: threads of torch and of the emulator.
        versions: of the packages that decide the result; they are not compared when a run is resumed, only warned of.
        architecture: id of the architecture.
        steps: environment steps.
        start: checksum of the weights that the training starts from; empty for a training from scratch.
    """

    architecture: str
    steps: int = Field(ge=1)
    start: str = ""
