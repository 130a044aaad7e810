"""What a study and a trial are asked to do: everything that decides the result, and nothing else."""

from __future__ import annotations

import contextlib
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from rlnas.envs import EnvSettings
from rlnas.ppo import PPOSettings
from rlnas.spaces import Space


def current_versions() -> dict[str, str]:
    """The installed versions of the packages that decide a result."""
    found = {}
    for package in ("rlnas", "torch", "numpy", "gymnasium", "ale-py"):
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


class _Settings(BaseModel):
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

    def iterations(self, steps: int) -> int:
        """PPO iterations that a budget of environment steps pays for, rounded up."""
        return -(-steps // (self.ppo.rollout_steps * self.env_settings.num_envs))

    @property
    def checkpoint_iterations(self) -> int:
        """PPO iterations between checkpoints."""
        return self.iterations(self.checkpoint_steps)


class TrialSettings(_Settings):
    """One training from scratch.

    Attributes:
        env: id of the environment.
        imports: modules that register the user's own environments.
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
    """

    architecture: str
    steps: int = Field(ge=1)


class StudySettings(_Settings):
    """A whole search. Attributes not named here are those of `TrialSettings`; `threads` are those of the fit alone.

    Attributes:
        strategy: name of the strategy.
        strategy_options: its options, defaults written out.
        steps: environment steps of the supernet's fit.
        train_steps: environment steps of every training from scratch.
        top_k: architectures that are trained from scratch (paper, 5.3: 3).
        train_seeds: trainings of each, with seeds of their own.
        baselines: hand-made networks to train beside them: names of catalogue spaces without choices, or ids of
            architectures of the space.
    """

    strategy: str = "spos"
    strategy_options: dict[str, Any] = {}
    steps: int = Field(ge=1)
    train_steps: int = Field(ge=1)
    top_k: int = Field(3, ge=1)
    train_seeds: int = Field(1, ge=1, le=999)
    baselines: tuple[str, ...] = ("nature-cnn",)

    def trial(self, space: Space, architecture: str, number: int) -> TrialSettings:
        """The settings of the `number`-th training (from 1) of an architecture."""
        return TrialSettings(
            env=self.env,
            imports=self.imports,
            env_settings=self.env_settings,
            space=space.to_dict(),
            ppo=self.ppo,
            seed=1000 * self.seed + number,
            checkpoint_steps=self.checkpoint_steps,
            device=self.device,
            architecture=architecture,
            steps=self.train_steps,
        )
