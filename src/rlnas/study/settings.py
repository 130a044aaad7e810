"""What a study is asked to do: everything that decides the result, and nothing else."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rlnas.errors import UserError
from rlnas.spaces import Limits, Space
from rlnas.strategies.registry import TOP_K
from rlnas.table import Table, load
from rlnas.trials.settings import RunSettings, TrialSettings

MAX_SEEDS = 999
"""Trainings of one network in a study: between the seeds of two studies lie a thousand."""


class TableReference(BaseModel):
    """The table that a study looks its trainings up in.

    Attributes:
        source: the name of a table that comes with rlnas, or the path of a file.
        checksum: of the file: another table is another study.
        seeds: the training seeds that are looked up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    checksum: str
    seeds: tuple[int, ...] = Field(min_length=1)


class StudySettings(RunSettings):
    """A whole search. Attributes not named here are those of `TrialSettings`; `threads` are those of the fit alone.

    Attributes:
        strategy: name of the strategy.
        strategy_options: its options, defaults written out.
        steps: environment steps of the supernet's fit.
        train_steps: environment steps of every training from scratch.
        top_k: architectures that are trained from scratch.
        train_seeds: trainings of each, with seeds of their own.
        confirm_seeds: trainings of the best and of the hand-made networks once the best is picked, with seeds that had
            no part in picking it.
        baselines: hand-made networks to train beside them: names of catalogue spaces without choices, or ids of
            architectures of the space.
        random_networks: ids of random architectures that are trained, too.
        table: where the trainings from scratch are looked up; `None` runs them.
        warm_start: whether candidates start from the supernet's weights; hand-made networks start from scratch.
        max_params: parameters of the encoder that a candidate may have; `None` sets no limit.
        max_multiply_adds: multiply-adds of the encoder that a candidate may take, for one observation.
        max_latency: milliseconds that a candidate may take for one observation.
    """

    OPTIONAL: ClassVar[tuple[str, ...]] = (
        *("max_params", "max_multiply_adds", "max_latency", "confirm_seeds", "random_networks"),
    )

    strategy: str = "spos"
    strategy_options: dict[str, Any] = {}
    steps: int = Field(ge=1)
    train_steps: int = Field(ge=1)
    top_k: int = Field(TOP_K, ge=1)
    train_seeds: int = Field(1, ge=1, le=MAX_SEEDS)
    confirm_seeds: int = Field(0, ge=0, le=MAX_SEEDS)
    baselines: tuple[str, ...] = ("nature-cnn",)
    random_networks: tuple[str, ...] = ()
    table: TableReference | None = None
    warm_start: bool = False
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
            raise ValueError(
                f"train-seeds and confirm-seeds are {together} together, and at most {MAX_SEEDS} are allowed"
            )
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
        """The table, if there is one.

        Raises:
            UserError: if it cannot be read, or is another than that of the settings.
        """
        if self.table is None:
            return None
        table = load(self.table.source)
        if table.checksum != self.table.checksum:
            raise UserError(f"the table {self.table.source!r} is not the one that this study began with.")
        return table

    def trial(self, space: Space, architecture: str, seed: int) -> TrialSettings:
        """The settings of the training of an architecture with one of the training seeds."""
        return self.training(space, architecture, seed, self.train_steps)
