"""What a study is asked to do: everything that decides the result, and nothing else."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rlnas.errors import UserError
from rlnas.spaces import Limits, Space
from rlnas.strategies.registry import TOP_K
from rlnas.table import Table, load
from rlnas.trials.settings import RunSettings, TrialSettings

MAX_SEEDS = 999
"""Trainings of one network in a study: between the seeds of two studies lie a thousand."""


class TableReference(BaseModel):
    """The table that a study looks its trainings up in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str  # the name of a table that comes with rlnas, or the path of a file
    checksum: str  # of the file: another table is another study
    seeds: tuple[int, ...] = Field(min_length=1)  # the training seeds that are looked up


class StudySettings(RunSettings):
    """A whole search."""

    OPTIONAL = (
        *RunSettings.OPTIONAL,
        "max_params",
        "max_multiply_adds",
        "max_latency",
        "confirm_seeds",
        "random_networks",
    )

    strategy: str = "spos"
    strategy_options: dict[str, Any] = {}  # defaults written out
    steps: int = Field(ge=1)  # environment steps of the supernet's fit
    train_steps: int = Field(ge=1)  # environment steps of every training from scratch
    top_k: int = Field(TOP_K, ge=1)  # architectures that are trained from scratch
    train_seeds: int = Field(1, ge=1, le=MAX_SEEDS)  # trainings of each
    # Trainings of the best and of the hand-made networks, with seeds that had no part in picking the best.
    confirm_seeds: int = Field(0, ge=0, le=MAX_SEEDS)
    # Hand-made networks: names of catalogue spaces without choices, or ids of architectures of the space.
    baselines: tuple[str, ...] = ("nature-cnn",)
    random_networks: tuple[str, ...] = ()  # ids of random architectures that are trained, too
    table: TableReference | None = None  # where the trainings from scratch are looked up; `None` runs them
    warm_start: bool = False  # whether candidates start from the supernet's weights; hand-made networks never do
    # What a candidate may have of parameters and multiply-adds of the encoder, and of milliseconds for one observation.
    max_params: int | None = Field(None, ge=1)
    max_multiply_adds: int | None = Field(None, ge=1)
    max_latency: float | None = Field(None, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _confirmation_has_seeds_of_its_own(self) -> Self:
        if self.confirm_seeds and self.table is not None:
            raise ValueError(
                "trainings that are looked up have the table's seeds and no others: leave --confirm-seeds out"
            )
        if (together := self.train_seeds + self.confirm_seeds) > MAX_SEEDS:
            raise ValueError(f"train-seeds and confirm-seeds are {together} together, and may be at most {MAX_SEEDS}")
        return self

    @property
    def limits(self) -> Limits:
        """What a candidate may cost."""
        return Limits(self.max_params, self.max_multiply_adds, self.max_latency)

    @property
    def training_seeds(self) -> tuple[int, ...]:
        """The seeds of the trainings from scratch."""
        if self.table is not None:
            return self.table.seeds
        return tuple(1000 * self.seed + number for number in range(1, self.train_seeds + 1))

    @property
    def confirmation_seeds(self) -> tuple[int, ...]:
        """The seeds with which the best, once picked, and the hand-made networks train again."""
        first = self.train_seeds + 1
        return tuple(1000 * self.seed + number for number in range(first, first + self.confirm_seeds))

    def load_table(self) -> Table | None:
        """The table, if there is one; raises a `UserError` if it is another than that of the settings."""
        if self.table is None:
            return None
        table = load(self.table.source)
        if table.checksum != self.table.checksum:
            raise UserError(f"the table {self.table.source!r} is not the one that this study began with.")
        return table

    def trial(self, space: Space, architecture: str, seed: int) -> TrialSettings:
        """The settings of the training of an architecture with one of the training seeds."""
        return self.training(space, architecture, seed, self.train_steps)
