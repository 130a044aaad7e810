"""What a training is asked to do: everything that decides the result, and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from torch import nn

from rlnas.algorithms.algorithm import AlgorithmSettings, Trainer
from rlnas.algorithms.registry import ALGORITHMS, DEFAULT, find_algorithm
from rlnas.envs import FAMILIES, ActionSpace, EnvSettings, VectorEnv
from rlnas.envs.base import Bounds
from rlnas.nets import Heads, Network, Standardize
from rlnas.spaces import Space
from rlnas.trials.run_directory import fingerprint


def current_versions() -> dict[str, str]:
    """The installed versions of the packages that decide a result."""
    found = {}
    games = (package for family in FAMILIES for package in family.packages)
    for package in ("rlnas", "torch", "numpy", "gymnasium", *games):
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


class RunSettings(BaseModel):
    """What all runs share. In files the algorithm's options stand under its name: `"ppo": {...}`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    OPTIONAL: ClassVar[tuple[str, ...]] = ("precision",)
    """Settings that files leave out where they are the default."""

    env: str
    imports: tuple[str, ...] = ()  # modules that register the user's own environments, or hold the user's layers
    env_settings: EnvSettings = EnvSettings()
    space: dict[str, Any]  # in its plain form
    algorithm: str = DEFAULT
    algorithm_options: SerializeAsAny[AlgorithmSettings] = ALGORITHMS[DEFAULT].settings()
    seed: int = Field(0, ge=0)  # root of the random streams; those of searches and of trials differ
    checkpoint_steps: int = Field(100_000, ge=1)  # environment steps between checkpoints; there environments restart
    device: str = "cpu"
    precision: Literal["fp32", "bf16"] = "fp32"  # what encoders compute in
    threads: int = Field(1, ge=1)  # of torch and of the emulator; in a study those of the fit alone
    # Of the packages that decide the result; a run that is resumed with others warns.
    versions: dict[str, str] = Field(default_factory=current_versions)

    @model_validator(mode="before")
    @classmethod
    def _options_of_the_algorithm(cls, data: Any) -> Any:
        """Takes the options by the algorithm's name, too, as files have them; checks them with its class."""
        if not isinstance(data, Mapping):
            return data
        values = {"algorithm": DEFAULT, "algorithm_options": {}, **data}
        for name in values.keys() & ALGORITHMS.keys():
            values |= {"algorithm": name, "algorithm_options": values.pop(name)}
        name, options = values["algorithm"], values["algorithm_options"]
        kind = find_algorithm(name).settings
        try:
            return values | {"algorithm_options": kind.model_validate(options)}
        except ValidationError as error:
            lines = [{**line, "loc": (name, *line["loc"])} for line in error.errors()]
            raise ValidationError.from_exception_data(cls.__name__, lines) from None  # type: ignore[arg-type]

    @model_serializer(mode="wrap")
    def _as_in_files(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain: dict[str, Any] = handler(self)
        own = {"algorithm_options": plain.pop("algorithm", self.algorithm)}
        usual = {name: type(self).model_fields[name].default for name in self.OPTIONAL}
        return {
            own.get(name, name): value for name, value in plain.items() if name not in usual or value != usual[name]
        }

    def load_space(self) -> Space:
        """The space, built from its plain form."""
        return Space.from_dict(self.space)

    @property
    def iteration_steps(self) -> int:
        """Environment steps of one iteration."""
        return self.algorithm_options.iteration_steps(self.env_settings.num_envs)

    def iterations(self, steps: int) -> int:
        """Iterations that a budget of environment steps pays for, rounded up."""
        return -(-steps // self.iteration_steps)

    @property
    def checkpoint_iterations(self) -> int:
        """Iterations between checkpoints."""
        return self.iterations(self.checkpoint_steps)

    @property
    def fingerprint(self) -> str:
        """What ties a checkpoint to these settings."""
        return fingerprint(self.model_dump(mode="json"))

    def heads(self, actions: ActionSpace) -> Heads:
        """What a network ends in, for an action space."""
        return find_algorithm(self.algorithm).heads(actions, self.algorithm_options)

    def scaling(self, env: VectorEnv) -> Bounds | None:
        """What a network scales the observations of an environment by; `None` where the trainer scales them."""
        return None if self.algorithm_options.scales_observations else env.observation_bounds

    def prepare(self, network: Network, bounds: Bounds | None) -> None:
        """Tells a network how it computes: in which precision, and scaled by which bounds of observations."""
        network.bf16 = self.precision == "bf16"
        network.standardize = None if bounds is None else Standardize.between(bounds.low, bounds.high)

    def trainer(self, policy: nn.Module, env: VectorEnv, steps: int, seed: int) -> Trainer:
        """What trains a policy for a budget of environment steps."""
        algorithm, iterations = find_algorithm(self.algorithm), self.iterations(steps)
        return algorithm.trainer(policy, env, self.algorithm_options, iterations, seed, self.device)

    def training(self, space: Space, architecture: str, seed: int, steps: int) -> TrialSettings:
        """The settings of a training from scratch that is a part of the run; it has one thread, whatever a fit has."""
        shared = {name: getattr(self, name) for name in {*RunSettings.model_fields} - {"space", "seed", "threads"}}
        return TrialSettings(**shared, space=space.to_dict(), architecture=architecture, seed=seed, steps=steps)


class TrialSettings(RunSettings):
    """One training from scratch."""

    architecture: str  # its id
    steps: int = Field(ge=1)
    start: str = ""  # checksum of the weights that it starts from; empty for a training from scratch
