"""What the strategies with shared weights and uniform paths have in common."""

import statistics
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from rlnas import seeding
from rlnas.spaces import Architecture, Space
from rlnas.strategies.builtin import BuiltIn, Options, by_proxy
from rlnas.strategies.reliability import remark_on_games
from rlnas.strategies.strategy import Evaluate, Fit, Outcome, Proposal, Ranked


class UniformPathsSettings(Options):
    """Options of every strategy that fits uniform paths and then scores architectures."""

    iterations_per_path: int = Field(1, ge=1, le=10**9)
    """Iterations of the algorithm with a path before the next is drawn."""
    eval_episodes: int = Field(24, ge=1, le=10**6)
    """full games that score an architecture."""
    eval_batch: int = Field(5, ge=1, le=10_000)
    """architectures scored side by side."""
    reset_optimizer: bool = False
    """whether Adam's moments begin at 0 with every path; if not, all paths share them, so that a path is also moved by
    what is left of the gradients of those before it."""


class UniformPaths(BuiltIn):
    """Fits the supernet on uniformly drawn paths, then scores the architectures that are due.

    All such strategies draw the same paths from the same seed, and differ only in what they score.
    """

    settings: UniformPathsSettings
    shares_weights = True
    state: ClassVar[tuple[str, ...]] = ("fitted", "paths", "scores")

    def __init__(self, space: Space, iterations: int, seed: int, settings: UniformPathsSettings):
        super().__init__(space, iterations, seed, settings)
        self.paths = 0
        self.scores: dict[str, Sequence[float]] = {}

    @property
    def iterations_per_fit(self) -> int:
        return self.settings.iterations_per_path

    def ask(self) -> Proposal | None:
        """A path to fit while the budget lasts; then architectures to score."""
        if self._next_fit:
            path = self.space.sample(seeding.generator(self.seed, "spos-path", self.paths))
            return Fit(path, self._next_fit, reset_optimizer=self.settings.reset_optimizer)
        due = self._due()[: self.settings.eval_batch]
        return Evaluate(tuple(due), self.settings.eval_episodes, len(self.scores), self.coverage) if due else None

    def tell(self, outcome: Outcome) -> None:
        proposal = self.ask()
        if isinstance(proposal, Fit):
            self.fitted += proposal.iterations
            self.paths += 1
        elif isinstance(proposal, Evaluate):
            self.scores |= {path.id: games for path, games in zip(proposal.paths, outcome.returns, strict=True)}

    def rank(self) -> list[Ranked]:
        """Scored architectures by mean return."""
        found = [(self.space.architecture(i), statistics.fmean(returns)) for i, returns in self.scores.items()]
        return by_proxy(found, self.seed, "spos-tie")

    def remarks(self) -> list[str]:
        found = remark_on_games(list(self.scores.values()))
        return [found] if found else []

    @abstractmethod
    def _due(self) -> list[Architecture]:
        """Architectures that are to be scored and are not yet."""
