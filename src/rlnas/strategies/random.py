"""Random search: the baseline that a strategy has to beat (paper, 5.4), with and without shared weights."""

import statistics
from collections.abc import Sequence

from pydantic import Field

from rlnas import seeding
from rlnas.spaces import Architecture, Space
from rlnas.strategies.builtin import BuiltIn, Options, by_proxy, draw_distinct
from rlnas.strategies.strategy import Outcome, Proposal, Ranked, Train
from rlnas.strategies.uniform_paths import UniformPaths, UniformPathsSettings


class RandomSearchSettings(Options):
    """Options of random search."""

    samples: int = Field(3, ge=1, le=10**6)
    """architectures that are drawn and trained; the paper's K (5.4)."""


class RandomSearch(BuiltIn):
    """Trains a few architectures, drawn uniformly, from scratch (paper, 5.4).

    They are distinct, and all of the space where it has no more. The ranking leaves out an architecture whose trainings
    failed or finished no game, though `coverage` counts it. The budget of iterations is not used.
    """

    settings: RandomSearchSettings
    state = ("scores",)

    def __init__(self, space: Space, iterations: int, seed: int, settings: RandomSearchSettings | None = None):
        super().__init__(space, 0, seed, settings or RandomSearchSettings())
        self.drawn = tuple(draw_distinct(space, self.settings.samples, seeding.generator(seed, "random-draw")))
        self.scores: dict[str, Sequence[float]] | None = None

    @property
    def coverage(self) -> int:
        return len(self.drawn)

    def ask(self) -> Proposal | None:
        """All that were drawn, once."""
        return Train(self.drawn) if self.scores is None else None

    def tell(self, outcome: Outcome) -> None:
        if self.scores is None:
            self.scores = {path.id: returns for path, returns in zip(self.drawn, outcome.returns, strict=True)}

    def rank(self) -> list[Ranked]:
        """By the mean over an architecture's trainings."""
        scores = self.scores or {}
        found = [(item, statistics.fmean(scores[item.id])) for item in self.drawn if scores.get(item.id)]
        return by_proxy(found, self.seed, "random-tie")

    def remarks(self) -> list[str]:
        gone = [name for name, returns in (self.scores or {}).items() if not returns]
        return [f"{name} is not ranked: a training of it failed or finished no game." for name in gone]


class RandomSharedSettings(UniformPathsSettings):
    """Options of random search with shared weights."""

    subset: int = Field(10, ge=1, le=10**6)
    """architectures that are scored."""


class RandomShared(UniformPaths):
    """Fits the supernet on uniformly drawn paths, then scores a few random architectures with its weights.

    This is random search with weight sharing (Li and Talwalkar, 2019; the paper's reference 20). The supernet is that
    of SPOS with the same seed.
    """

    settings: RandomSharedSettings

    def __init__(self, space: Space, iterations: int, seed: int, settings: RandomSharedSettings | None = None):
        super().__init__(space, iterations, seed, settings or RandomSharedSettings())
        self.drawn = draw_distinct(space, self.settings.subset, seeding.generator(seed, "random-shared-draw"))

    @property
    def coverage(self) -> int:
        return len(self.drawn)

    def _due(self) -> list[Architecture]:
        return [architecture for architecture in self.drawn if architecture.id not in self.scores]
