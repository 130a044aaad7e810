"""What the strategies with shared weights and uniform paths have in common."""

from __future__ import annotations

import statistics
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from rlnas import seeding
from rlnas.spaces import Architecture, Space
from rlnas.strategies.draw import by_proxy
from rlnas.strategies.reliability import remark_on_games
from rlnas.strategies.strategy import Evaluate, Fit, Outcome, Proposal, Ranked, Strategy


class OneShotSettings(BaseModel):
    """Options of every strategy that fits uniform paths and then scores architectures.

    Attributes:
        iterations_per_path: PPO iterations with a path before the next is drawn.
        eval_episodes: full games that score an architecture.
        eval_batch: architectures scored side by side.
        reset_optimizer: whether Adam's moments begin at 0 with every path; if not, all paths share them, so that a path
            is also moved by what is left of the gradients of those before it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    iterations_per_path: int = Field(1, ge=1, le=10**9)
    eval_episodes: int = Field(24, ge=1, le=10**6)
    eval_batch: int = Field(5, ge=1, le=10_000)
    reset_optimizer: bool = False


class OneShot(Strategy):
    """Fits the supernet on uniformly drawn paths, then scores the architectures that are due.

    All such strategies draw the same paths from the same seed, so that they differ in what they score and in nothing
    else.

    Args:
        space: the search space.
        iterations: PPO iterations of the fit.
        seed: root of the strategy's random streams.
        settings: the options.
    """

    shares_weights = True

    def __init__(self, space: Space, iterations: int, seed: int, settings: OneShotSettings):
        self.space = space
        self.iterations = iterations
        self.seed = seed
        self.settings = settings
        self.fitted = 0
        self.paths = 0
        self.scores: dict[str, tuple[float, ...]] = {}

    @property
    def fits(self) -> int:
        """Paths that the budget pays for."""
        return -(-self.iterations // self.settings.iterations_per_path)

    @property
    def iterations_per_fit(self) -> int:
        """Those of a path."""
        return self.settings.iterations_per_path

    def ask(self) -> Proposal | None:
        """A path to fit while the budget lasts; then architectures to score."""
        if self.fitted < self.iterations:
            path = self.space.sample(seeding.generator(self.seed, "spos-path", self.paths))
            iterations = min(self.settings.iterations_per_path, self.iterations - self.fitted)
            return Fit(path, iterations, reset_optimizer=self.settings.reset_optimizer)
        due = self._due()[: self.settings.eval_batch]
        return Evaluate(tuple(due), self.settings.eval_episodes, len(self.scores), self.coverage) if due else None

    def tell(self, outcome: Outcome) -> None:
        """Counts a fit, or keeps the scores."""
        proposal = self.ask()
        if isinstance(proposal, Fit):
            self.fitted += proposal.iterations
            self.paths += 1
        elif isinstance(proposal, Evaluate):
            for path, returns in zip(proposal.paths, outcome.returns, strict=True):
                self.scores[path.id] = tuple(returns)

    def rank(self) -> list[Ranked]:
        """Scored architectures by mean return; ties by lot."""
        found = [(self.space.architecture(i), statistics.fmean(returns)) for i, returns in self.scores.items()]
        return by_proxy(found, self.seed, "spos-tie")

    def remarks(self) -> list[str]:
        """Whether chance ranked, if the games were too few to tell."""
        found = remark_on_games(list(self.scores.values()))
        return [found] if found else []

    @abstractmethod
    def _due(self) -> list[Architecture]:
        """Architectures that are to be scored and are not yet."""

    def state_dict(self) -> dict[str, Any]:
        """Progress and scores."""
        return {
            "fitted": self.fitted,
            "paths": self.paths,
            "scores": {name: list(returns) for name, returns in self.scores.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave."""
        self.fitted = state["fitted"]
        self.paths = state["paths"]
        self.scores = {name: tuple(returns) for name, returns in state["scores"].items()}
