"""Random search: the baseline that a strategy has to beat (paper, 5.4), with and without shared weights."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from rlnas import seeding
from rlnas.spaces import Architecture, Space
from rlnas.strategies.draw import by_proxy, draw_distinct
from rlnas.strategies.oneshot import OneShot, OneShotSettings
from rlnas.strategies.strategy import Outcome, Proposal, Ranked, Strategy, Train


class RandomSearchSettings(BaseModel):
    """Options of random search.

    Attributes:
        samples: architectures that are drawn and trained; the paper's K (5.4).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    samples: int = Field(3, ge=1, le=10**6)


class RandomSearch(Strategy):
    """Trains a few architectures, drawn uniformly, from scratch (paper, 5.4).

    They are distinct, and fewer than asked for where the space is smaller. An architecture whose trainings gave no
    score, because they failed or finished no game, is missing from the ranking, though `coverage` counts it.

    Args:
        space: the search space.
        iterations: not used: without shared weights there is nothing to fit.
        seed: root of the strategy's random streams.
        settings: the options.
    """

    def __init__(self, space: Space, iterations: int, seed: int, settings: RandomSearchSettings | None = None):
        self.space = space
        self.seed = seed
        self.settings = settings or RandomSearchSettings()
        self.drawn = tuple(draw_distinct(space, self.settings.samples, seeding.generator(seed, "random-draw")))
        self.scores: dict[str, tuple[float, ...]] | None = None

    @property
    def coverage(self) -> int:
        """As many as were drawn."""
        return len(self.drawn)

    def ask(self) -> Proposal | None:
        """All that were drawn, once."""
        return Train(self.drawn) if self.scores is None else None

    def tell(self, outcome: Outcome) -> None:
        """Keeps the scores of the trainings."""
        if self.scores is None:
            pairs = zip(self.drawn, outcome.returns, strict=True)
            self.scores = {architecture.id: tuple(returns) for architecture, returns in pairs}

    def rank(self) -> list[Ranked]:
        """By the mean over an architecture's trainings; ties by lot."""
        scores = self.scores or {}
        found = [(item, statistics.fmean(scores[item.id])) for item in self.drawn if scores.get(item.id)]
        return by_proxy(found, self.seed, "random-tie")

    def remarks(self) -> list[str]:
        """Which architectures are missing from the ranking."""
        gone = [item.id for item in self.drawn if self.scores is not None and not self.scores[item.id]]
        return [f"{name} is not ranked: a training of it failed or finished no game." for name in gone]

    def state_dict(self) -> dict[str, Any]:
        """The scores; what was drawn follows from the seed."""
        scores = None if self.scores is None else {name: list(returns) for name, returns in self.scores.items()}
        return {"scores": scores}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave."""
        scores = state["scores"]
        self.scores = None if scores is None else {name: tuple(returns) for name, returns in scores.items()}


class RandomSharedSettings(OneShotSettings):
    """Options of random search with shared weights.

    Attributes:
        iterations_per_path: PPO iterations with a path before the next is drawn.
        eval_episodes: full games that score an architecture.
        eval_batch: architectures scored side by side.
        reset_optimizer: as in `SPOSSettings`.
        subset: architectures that are scored.
    """

    subset: int = Field(10, ge=1, le=10**6)


class RandomShared(OneShot):
    """Fits the supernet on uniformly drawn paths, then scores a few random architectures with its weights.

    This is random search with weight sharing (Li and Talwalkar, 2019; the paper's reference 20). The supernet is that
    of SPOS with the same seed.

    Args:
        space: the search space.
        iterations: PPO iterations of the fit.
        seed: root of the strategy's random streams.
        settings: the options.
    """

    settings: RandomSharedSettings

    def __init__(self, space: Space, iterations: int, seed: int, settings: RandomSharedSettings | None = None):
        super().__init__(space, iterations, seed, settings or RandomSharedSettings())
        self.drawn = draw_distinct(space, self.settings.subset, seeding.generator(seed, "random-shared-draw"))

    @property
    def coverage(self) -> int:
        """As many as were drawn."""
        return len(self.drawn)

    def _due(self) -> list[Architecture]:
        return [architecture for architecture in self.drawn if architecture.id not in self.scores]
