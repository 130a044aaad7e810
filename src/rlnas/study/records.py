"""What the files of a study hold, each with a model that checks it: a study may be a stranger's, or damaged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from rlnas.errors import UserError
from rlnas.files import parse_json, read_bytes
from rlnas.study.settings import MAX_SEEDS
from rlnas.trials.metrics import METRICS
from rlnas.trials.records import Count, Record, Seed, checked_record, read_record
from rlnas.trials.results import NetworkResult

if TYPE_CHECKING:
    import polars

RESULT_SCHEMA = 1  # of `result.json`


class RankedPath(Record):
    """A line of a ranking."""

    architecture: str
    proxy: int | float


class SearchCost(Record):
    """What a search cost, and what it has to say.

    The bound and the cut are those of the games that rank. Where trainings paused, or had fewer seeds than the study's,
    `training_steps` says what all of them took together.
    """

    fit_steps: Count
    evaluated_architectures: Count
    evaluation_steps: Count
    evaluation_bound: Count | None = None
    cut_games: Count | None = None
    trained_architectures: list[str] = []
    training_steps: Count | None = None
    remarks: list[str] = []

    @property
    def steps(self) -> int:
        """Environment steps of the search itself."""
        return self.fit_steps + self.evaluation_steps


class StudyResult(Record):
    """`result.json` of a study; the fields are those of docs/runs.md."""

    model_config = ConfigDict(populate_by_name=True)

    env: str
    space: str
    strategy: str
    seed: Seed
    steps: Count
    train_steps: Count
    warm_start: bool = False
    limits: dict[str, int | float] = {}
    best: str | None
    networks: list[NetworkResult] = Field(alias="architectures")
    remarks: list[str] = []
    ranking: list[RankedPath]
    search: SearchCost
    confirmation: list[NetworkResult] = []

    @field_validator("confirmation", mode="before")
    @classmethod
    def _complete_confirmation(cls, entries: Any, info: ValidationInfo) -> Any:
        """In a file an entry has the name and the trials; the rest is that of the network of that name."""
        if not isinstance(entries, list):
            return entries
        known = {network.name: network.plain() for network in info.data.get("networks", ())}
        for plain in known.values():
            del plain["trials"]
        return [known.get(str(e.get("name")), {}) | e if isinstance(e, dict) else e for e in entries]

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        names = [network.name for network in self.networks]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"the network {twice[0]!r} is in it twice")
        if self.best is not None and self.best not in names:
            raise ValueError(f"the best, {self.best!r}, is not one of its networks")
        return self

    def network(self, name: str | None) -> NetworkResult | None:
        """The network of a name."""
        return next((network for network in self.networks if network.name == name), None)

    def confirmed(self, network: NetworkResult) -> NetworkResult:
        """A network with its trainings with the confirmation seeds; as it is where there are none."""
        return next((again for again in self.confirmation if again.name == network.name), network)

    @property
    def train_seeds(self) -> int:
        """The training seeds that are in it; where nothing was trained, as many as there can be."""
        return max((len(network.trials) for network in self.networks), default=MAX_SEEDS)

    @property
    def confirm_seeds(self) -> int:
        """The confirmation seeds that are in it."""
        return max((len(network.trials) for network in self.confirmation), default=0)

    @property
    def all_remarks(self) -> list[str]:
        """What is odd about the environment and its games, then what the search has to say."""
        return [*self.remarks, *self.search.remarks]

    def frame(self) -> polars.DataFrame:
        """All trials, a row each: the network, its roles and costs, and what the trial scored."""
        import polars

        groups = [(self.networks, False), (self.confirmation, True)]
        rows = [
            {
                **{"network": network.name, "candidate": network.candidate, "baseline": network.baseline},
                **{"random": network.random, "confirmation": confirmation},
                **trial.model_dump(include={"seed", "status", "reason", "steps", "episodes", "scores"}),
                **{"proxy": network.proxy, "parameters": network.parameters, "multiply_adds": network.multiply_adds},
            }
            for networks, confirmation in groups
            for network in networks
            for trial in network.trials
        ]
        numbers = dict.fromkeys([*METRICS, "proxy"], polars.Float64)
        return polars.DataFrame(rows, schema_overrides=numbers, infer_schema_length=None)

    def plain(self) -> dict[str, Any]:
        """The content of `result.json`: what is empty in most studies is left out."""
        own = self.model_dump(exclude={"networks", "ranking", "search", "confirmation", "remarks"})
        left_out = [name for name in ("warm_start", "limits") if not own[name]]
        found = {"schema": RESULT_SCHEMA} | {name: value for name, value in own.items() if name not in left_out}
        found["architectures"] = [network.plain() for network in self.networks]
        found["remarks"] = self.remarks
        found["ranking"] = [entry.model_dump() for entry in self.ranking]
        found["search"] = self.search.model_dump(exclude_none=True)
        if self.confirmation:
            found["confirmation"] = [{"name": again.name, **again.plain_scores()} for again in self.confirmation]
        return found


class FittedPath(Record):
    """A line of the path log: a path, the step on which its fit ended, the games that ended meanwhile."""

    path: str
    steps: Count
    returns: list[float]


def read_ranking(file: Path) -> list[RankedPath]:
    """`search/ranking.json`, as in `result.json`; raises a `UserError` if it is damaged."""
    return read_record(list[RankedPath], file)


def read_paths(file: Path) -> list[FittedPath]:
    """`search/paths.jsonl`; nothing where there is none. Raises a `UserError` if it is damaged."""
    lines = read_bytes(file).splitlines() if file.exists() else []
    try:
        entries = [parse_json(line) for line in lines]
    except ValueError as error:
        raise UserError(f"the file {str(file)!r} cannot be read: {error}.") from None
    return checked_record(list[FittedPath], entries, file)
