"""What the files of a study hold, each with a model that checks it: a study may be a stranger's, or damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from rlnas.errors import UserError
from rlnas.files import parse_json, read_bytes
from rlnas.trials.records import NAME, Count, Record, Seed, checked_record, read_record


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
