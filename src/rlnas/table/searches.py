"""Finished searches, stored with a table: what each ranked and what it cost, to be compared on the table."""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, field_validator

from rlnas.errors import UserError, fault
from rlnas.files import read_object, write_bytes
from rlnas.table.same_settings import Group, setting_differences
from rlnas.table.table import Table

SCHEMA_VERSION = 1


class StoredSearch(BaseModel):
    """One search with one seed.

    Attributes:
        strategy: its name.
        seed: the search's seed.
        options: of the strategy, with limits on the cost of a candidate (`max_params` and others).
        env: id of the environment.
        space: name of the space.
        steps: the budget of the search, in environment steps.
        cost_steps: environment steps of the search itself, fitting and evaluation together.
        trained: ids of the architectures that it trained from scratch; their steps come on top.
        train_steps: environment steps of each of these trainings; `None`: the budget of the comparison.
        train_seeds: the seeds of these trainings; empty: those of the table.
        settings: of the trainings of its agents, by group.
        precision: what their encoders computed in.
        ranking: ids of architectures and their proxy performances, best first.
        remarks: what a reader should know of how the search went, a sentence each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: str = Field(min_length=1)
    seed: int = Field(ge=0)
    options: dict[str, Any] = {}
    env: str
    space: str
    steps: int = Field(ge=1)
    cost_steps: int = Field(ge=0)
    trained: tuple[str, ...] = ()
    train_steps: int | None = Field(None, ge=1)
    train_seeds: tuple[int, ...] = ()
    settings: dict[Group, dict[str, Any]] = {}
    precision: str = "fp32"
    ranking: tuple[tuple[str, FiniteFloat], ...] = Field(min_length=1)
    remarks: tuple[str, ...] = ()

    @field_validator("ranking")
    @classmethod
    def _in_order(cls, ranking: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
        for name, times in Counter(name for name, _ in ranking).items():
            if times > 1:
                raise ValueError(f"{name!r} is ranked twice")
        if any(one[1] < other[1] for one, other in pairwise(ranking)):
            raise ValueError("the best proxy must come first")
        return ranking

    @property
    def kind(self) -> tuple[str, int, str]:
        """What searches that differ in their seed alone have in common: strategy, budget, options."""
        return self.strategy, self.steps, json.dumps(self.options, sort_keys=True)

    def __str__(self) -> str:
        return f"{self.strategy} with seed {self.seed}"

    def check(self, table: Table) -> None:
        """Makes sure that the search belongs to a table.

        Raises:
            UserError: if environment, space or settings differ, or the space has no such architecture.
        """
        misfit = f"the search {self} does not fit the table {table.name!r}"
        both = [("environment", self.env, table.env), ("space", self.space, table.space.name)]
        both.append(("precision", self.precision, table.settings.get("precision", "fp32")))
        for what, own, other in both:
            if own != other:
                raise UserError(f"{misfit}: its {what} is {own!r}, the table's is {other!r}.")
        for group, chosen in self.settings.items():
            if found := setting_differences(group, table.settings.get(group, chosen), chosen):
                raise UserError(f"{misfit}: {found[0]}.")
        for name in (*(name for name, _ in self.ranking), *self.trained):
            try:
                spelled = table.space.architecture(name).id
            except UserError as error:
                raise UserError(f"{misfit}: {error}") from None
            if name != spelled:
                raise UserError(f"the search {self} ranks {name!r}, which the space spells {spelled!r}.")


def write_searches(path: str | Path, searches: Iterable[StoredSearch]) -> None:
    """Writes searches as one JSON file, whole and sorted; raises `UserError` if one is given twice."""
    plain = [search.model_dump(mode="json") for search in distinct(searches)]
    entries = ",\n".join(json.dumps(search, sort_keys=True, allow_nan=False) for search in plain)
    write_bytes(Path(path), f'{{"schema": {SCHEMA_VERSION}, "searches": [\n{entries}\n]}}\n'.encode())


def read_searches(path: str | Path) -> list[StoredSearch]:
    """Reads a file of searches; raises `UserError` if it, or one of its searches, is wrong."""
    data = read_object(Path(path))
    if (version := data.get("schema")) != SCHEMA_VERSION:
        raise UserError(f"the searches {str(path)!r} have schema {version!r}; this rlnas reads {SCHEMA_VERSION}.")
    entries = data.get("searches")
    if not isinstance(entries, list):
        raise UserError(f"the file {str(path)!r} holds no list of searches.")
    return distinct(build_search(entry, f"search {n} of {str(path)!r}") for n, entry in enumerate(entries, 1))


def distinct(searches: Iterable[StoredSearch]) -> list[StoredSearch]:
    """The searches, sorted by strategy, budget, options and seed; raises `UserError` if one is given twice."""
    found: dict[tuple[Any, ...], StoredSearch] = {}
    for search in searches:
        key = (*search.kind, search.env, search.space, search.seed)
        if key in found:
            raise UserError(f"the search {search} is given twice ({search.env}, {search.space}, {search.steps} steps).")
        found[key] = search
    return [found[key] for key in sorted(found)]


def build_search(data: object, what: str) -> StoredSearch:
    """A search from plain data; `what` names it in the `UserError` for a field that is wrong or missing."""
    try:
        return StoredSearch.model_validate(data)
    except ValidationError as error:
        raise UserError(f"{what} is wrong: {fault(error)}.") from None
