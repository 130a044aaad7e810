"""What the files of a run hold, each with a model that checks it: a run may be a stranger's, or damaged."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any, Self

import polars
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from rlnas.errors import UserError, fault
from rlnas.files import parse_json, read_bytes, read_json

Count = Annotated[int, Field(ge=0, lt=2**63)]
Seed = Annotated[int, Field(ge=0)]


NAME = r"^[A-Za-z0-9_+=,-]+$"
"""What a network can be called: its name becomes a folder's, and may be from a stranger's file."""


class Record(BaseModel):
    """Plain data of a file; a number is a number there, and not a text that looks like one."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class TrialSummary(Record):
    """What `result.json` of a study says of one training."""

    seed: Seed
    status: str
    reason: str
    steps: Count
    episodes: Count
    total_reward: float | None
    reward_mean: float | None


class Scores(Record):
    """A network that was trained, with its mean scores and its trainings."""

    name: str = Field(pattern=NAME)
    total_reward: float | None
    reward_mean: float | None
    trials: list[TrialSummary] = Field(min_length=1)


class NetworkResult(Scores):
    """A network of a study; the fields are those of docs/runs.md."""

    architecture: dict[str, bool | int | str]
    space: str
    baseline: bool
    candidate: bool
    drawn: bool = False
    proxy: float | None
    parameters: Count
    multiply_adds: Count


class RankedPath(Record):
    """A line of a ranking."""

    architecture: str
    proxy: float


class SearchCost(Record):
    """What a search cost, and what it has to say."""

    fit_steps: Count
    evaluated_architectures: Count
    evaluation_steps: Count
    trained_architectures: list[str] = []
    remarks: list[str] = []


class StudyResult(Record):
    """`result.json` of a study; the fields are those of docs/runs.md."""

    env: str
    space: str
    strategy: str
    seed: Seed
    steps: Count
    train_steps: Count
    warm_start: bool = False
    limits: dict[str, float] = {}
    best: str | None
    architectures: list[NetworkResult]
    remarks: list[str] = []
    ranking: list[RankedPath]
    search: SearchCost
    confirmation: list[Scores] = []

    @model_validator(mode="after")
    def _best_was_trained(self) -> Self:
        if self.best is not None and sum(network.name == self.best for network in self.architectures) != 1:
            raise ValueError(f"the best, {self.best!r}, is not one of its networks")
        return self


class FittedPath(Record):
    """A line of the path log: a path, the step on which its fit ended, the games that ended meanwhile."""

    path: str
    steps: Count
    returns: list[float]


class Timing(Record):
    """`timing.json` of a training."""

    seconds: float = Field(ge=0)


def checked_record(kind: Any, data: Any, file: Path) -> Any:
    """Plain data of a file, as the model or type has it.

    Raises:
        UserError: if a value is missing or of another type, naming it and the file.
    """
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        raise UserError(f"the file {str(file)!r} is damaged or of another version: {fault(error)}.") from None


def read_record(kind: Any, file: Path) -> Any:
    """What a JSON file holds, checked as `checked_record` does."""
    return checked_record(kind, read_json(file), file)


def read_ranking(file: Path) -> list[dict[str, Any]]:
    """`search/ranking.json`, as in `result.json`.

    Raises:
        UserError: if it is damaged.
    """
    return [entry.model_dump() for entry in read_record(list[RankedPath], file)]


def read_paths(file: Path) -> list[FittedPath]:
    """`search/paths.jsonl`; nothing where there is none.

    Raises:
        UserError: if it is damaged.
    """
    if not file.exists():
        return []
    try:
        entries = [parse_json(line) for line in read_bytes(file).splitlines()]
    except ValueError as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"the file {str(file)!r} cannot be read: {error}.") from None
    found: list[FittedPath] = checked_record(list[FittedPath], entries, file)
    return found


def read_columns(file: Path, schema: dict[str, Any]) -> dict[str, list[Any]]:
    """The columns of a Parquet file, by name; no value is missing or not finite.

    Raises:
        UserError: if the file is damaged, or its columns are not those.
    """
    data = read_bytes(file)
    try:
        frame = polars.read_parquet(io.BytesIO(data), columns=list(schema))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # its reader panics on some damaged files
        raise UserError(f"the file {str(file)!r} cannot be read: {error}.") from None
    for name, kind in schema.items():
        column = frame[name]
        if column.dtype != kind:
            raise UserError(f"the file {str(file)!r} has {column.dtype} as {name!r}, not {kind}.")
        if column.null_count() or (kind.is_float() and not column.is_finite().all()):
            raise UserError(f"the file {str(file)!r} lacks a finite value of {name!r}.")
    return {name: frame[name].to_list() for name in schema}
