"""What trainings came to: one trial, and a network with all its trials. A file with anything else is refused."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
from pydantic import (
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from rlnas.errors import unknown
from rlnas.spaces import Architecture, Space
from rlnas.stats.estimates import Estimate, mean_difference
from rlnas.trials.metrics import METRICS, PRIMARY, mean_over_seeds
from rlnas.trials.records import NAME, Count, Record, Seed

Role = Literal["candidate", "baseline", "random"]
"""What a network is in a study: put forward by the search, hand-made, or random."""

SUMMARY = ("seed", "status", "reason", "steps", "episodes", "scores")
"""What a study's `result.json` holds of a trial; its network says the rest."""


class TrialResult(Record):
    """What a trial came to; the same settings give the same bytes.

    Attributes:
        architecture: id of the architecture.
        space: name of its space.
        seed: root of the trial's random streams.
        status: `"done"` or `"failed"`; in reports also `"unfinished"` and `"not begun"`.
        reason: why it failed.
        steps: environment steps trained.
        episodes: full games finished.
        scores: by each metric (`rlnas.trials.metrics`); `None` where no game finished.
        parameters: trainable parameters of the encoder.
        multiply_adds: multiply-adds of the encoder, for one observation.
        curve_steps: environment steps of the learning curve.
        curve: mean return of the last 100 games at those steps.
        remarks: what is odd about the environment or its games, each in one sentence.
    """

    model_config = ConfigDict(extra="forbid")

    architecture: str
    space: str
    seed: Seed
    status: str = "done"
    reason: str = ""
    steps: Count = 0
    episodes: Count = 0
    scores: dict[str, float | None] = {}
    parameters: Count
    multiply_adds: Count
    curve_steps: list[Count] = []
    curve: list[float] = []
    remarks: list[str] = []

    @model_validator(mode="before")
    @classmethod
    def _with_scores(cls, data: Any) -> Any:
        """In a file the scores stand one by one."""
        if not isinstance(data, Mapping):
            return data
        own = {name: value for name, value in data.items() if name not in METRICS}
        return own | {"scores": {name: data.get(name) for name in METRICS}}

    @model_validator(mode="after")
    def _curve_has_steps(self) -> Self:
        if len(self.curve_steps) != len(self.curve):
            raise ValueError("curve_steps and curve are of different lengths")
        return self

    @model_serializer(mode="wrap")
    def _without_scores(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for name, value in handler(self).items():
            plain |= value if name == "scores" else {name: value}
        return plain

    @property
    def total_reward(self) -> float | None:
        """Mean unclipped return of the last 100 full games; `None` if none finished."""
        return self.scores[PRIMARY]

    @property
    def reward_mean(self) -> float | None:
        """The metric that rewards learning early (paper, 5.3); `None` if no game finished."""
        return self.scores["reward_mean"]

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to train."""
        return self.status in ("done", "failed")

    @classmethod
    def blank(cls, space: Space, architecture: str, seed: int, **found: Any) -> TrialResult:
        """The result of a training of an architecture's id: its names, its costs, and what else was found."""
        cost = space.cost(space.architecture(architecture))
        costs = {"parameters": cost.parameters, "multiply_adds": cost.multiply_adds}
        return cls.model_validate({"architecture": architecture, "space": space.name, "seed": seed, **costs, **found})


class NetworkResult(Record):
    """A network and what it scored. It prints as its name.

    Attributes:
        name: the architecture's id; of a hand-made network of another space, that space's name.
        architecture: the option of every choice.
        space: name of its space.
        baseline: whether it is a hand-made network.
        candidate: whether the search put it forward.
        random: whether it is a random architecture; a network may be all three.
        proxy: its proxy performance; `None` if the search did not rank it.
        parameters: trainable parameters of the encoder.
        multiply_adds: multiply-adds of the encoder, for one observation.
        trials: its trainings, one for each seed.
    """

    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(pattern=NAME)
    architecture: dict[str, bool | int | str]
    space: str
    baseline: bool
    candidate: bool
    random: bool = Field(False, alias="drawn")
    proxy: int | float | None
    parameters: Count
    multiply_adds: Count
    trials: list[TrialResult] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _checks_means(cls, data: Any) -> Any:
        """The means in a file follow from its trials, so they are checked and left out."""
        for name in METRICS if isinstance(data, Mapping) else ():
            if not isinstance(data.get(name), int | float | None):
                raise ValueError(f"{name} is no number")
        return data

    @field_validator("trials", mode="before")
    @classmethod
    def _complete_trials(cls, trials: Any, info: ValidationInfo) -> Any:
        """In a file the network says what its trials have in common."""
        if not isinstance(trials, list):
            return trials
        common = {name: info.data.get(name) for name in ("space", "parameters", "multiply_adds")}
        common["architecture"] = Architecture(tuple(info.data.get("architecture", {}).items())).id
        plain = [trial for trial in trials if isinstance(trial, dict)]
        if lacking := {name for name in (*SUMMARY[:-1], PRIMARY) for trial in plain if name not in trial}:
            raise ValueError(f"a trial lacks {min(lacking)}")
        return [common | trial if isinstance(trial, dict) else trial for trial in trials]

    @property
    def roles(self) -> tuple[Role, ...]:
        """What it is in its study."""
        holds: dict[Role, bool] = {"candidate": self.candidate, "baseline": self.baseline, "random": self.random}
        return tuple(role for role, held in holds.items() if held)

    def scores(self, metric: str = PRIMARY) -> list[float]:
        """A metric of every trial that has it."""
        return [value for value in self._by_trial(metric) if value is not None]

    def mean(self, metric: str = PRIMARY) -> float | None:
        """The mean of a metric; `None` unless every trial has it, so that no failure flatters a network."""
        return mean_over_seeds(self._by_trial(metric))

    def _by_trial(self, metric: str) -> list[float | None]:
        if lacking := [trial for trial in self.trials if metric not in trial.scores]:
            raise unknown("metric", metric, lacking[0].scores)
        return [trial.scores[metric] for trial in self.trials]

    @property
    def score(self) -> float | None:
        """The mean total reward: its true performance."""
        return self.mean()

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation of the total reward over the seeds."""
        return statistics.stdev(self.scores()) if len(self.scores()) > 1 else None

    def lead_over(self, other: NetworkResult) -> Estimate | None:
        """By how much it scores higher than another network, in total reward; `None` unless both have a score."""
        if self.score is None or other.score is None:
            return None
        return mean_difference(np.array(self.scores()), np.array(other.scores()))

    def plain_scores(self) -> dict[str, Any]:
        """Its name, its means and its trials, as `result.json` holds them."""
        means = {name: self.mean(name) for name in METRICS}
        return means | {"trials": [trial.model_dump(include={*SUMMARY}) for trial in self.trials]}

    def plain(self) -> dict[str, Any]:
        """Its entry in the `result.json` of a study."""
        own = self.model_dump(by_alias=True, exclude={"trials"} if self.random else {"trials", "random"})
        return own | self.plain_scores()

    def __str__(self) -> str:
        return self.name
