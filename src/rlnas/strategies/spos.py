"""Single-path one-shot search with uniform sampling (SPOS; Guo et al., 2019; paper, 4.3)."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from pydantic import Field

from rlnas import seeding
from rlnas.errors import UserError
from rlnas.spaces import Architecture, Space
from rlnas.strategies.strategy import Outcome
from rlnas.strategies.uniform_paths import UniformPaths, UniformPathsSettings

FULL_SELECTION_LIMIT = 1_000

ATTEMPTS = 10
"""At new mutants, and at new crossovers, for each place in a generation."""


class SPOSSettings(UniformPathsSettings):
    """Options of SPOS."""

    selection: Literal["auto", "full", "evolution"] = "auto"
    """`"full"` scores every architecture (paper, 4.3); `"evolution"` searches among them (Guo et al., section 3.3);
    `"auto"` is full up to 1,000 architectures."""
    population: int = Field(50, ge=2, le=10**6)
    """architectures of one generation."""
    parents: int = Field(10, ge=1, le=10**6)
    """the best so far, from which the next generation comes."""
    mutation_rate: float = Field(0.1, gt=0, le=1)
    """probability that a choice of a mutant is redrawn."""
    eval_budget: int = Field(1_000, ge=1, le=10**6)
    """architectures that evolution may score."""


class SPOS(UniformPaths):
    """Fits the supernet on uniformly drawn paths, then scores architectures by games with its weights."""

    settings: SPOSSettings
    state = (*UniformPaths.state, "generation", "generations")

    def __init__(self, space: Space, iterations: int, seed: int, settings: SPOSSettings | None = None):
        super().__init__(space, iterations, seed, settings or SPOSSettings())
        chosen = self.settings.selection
        if chosen == "full" and not space.enumerable:
            raise UserError(f"space {space.name!r} is too large for selection='full': use 'evolution' or 'auto'.")
        self.full_selection = chosen == "full" or (chosen == "auto" and space.size <= FULL_SELECTION_LIMIT)
        self.generation: list[str] = []
        self.generations = 0

    @property
    def coverage(self) -> int:
        return self.space.size if self.full_selection else min(self.settings.eval_budget, self.space.size)

    def tell(self, outcome: Outcome) -> None:
        super().tell(outcome)
        if not self._next_fit and not self.full_selection and not self._due():
            self._breed()

    def _due(self) -> list[Architecture]:
        if self.full_selection:
            return [architecture for architecture in self.space if architecture.id not in self.scores]
        return [self.space.architecture(i) for i in self.generation if i not in self.scores]

    def _breed(self) -> None:
        """Fills the next generation: random at first; then half mutants, half crossovers of the best so far.

        Where one kind has nothing new left, the other kind and then random architectures fill up. Children beyond the
        limits of a space are dropped. Only where an enumerable space has nothing left, the generation is smaller.
        """
        room = max(min(self.settings.population, self.settings.eval_budget - len(self.scores)), 0)
        rng = seeding.generator(self.seed, "spos-evolution", self.generations)
        best = [entry.architecture for entry in self.rank()[: self.settings.parents]]
        fresh: dict[str, Architecture] = {}

        def parent() -> Architecture:
            return best[int(rng.integers(len(best)))]

        def fill(upto: int, attempts: int, make: Callable[[], Architecture]) -> None:
            for _ in range(attempts):
                if len(fresh) >= upto:
                    return
                child = make()
                if child in self.space and child.id not in self.scores:
                    fresh[child.id] = child

        if best:
            fill(room // 2, ATTEMPTS * room, lambda: self._mutate(parent(), rng))
            fill(room, ATTEMPTS * room, lambda: self._cross(parent(), parent(), rng))
            fill(room, ATTEMPTS * room, lambda: self._mutate(parent(), rng))
        fill(room, 8 * ATTEMPTS * room, lambda: self.space.sample(rng))
        if len(fresh) < room and self.space.enumerable:  # so few are left that random draws seldom find them
            left = [a for a in self.space if a.id not in self.scores and a.id not in fresh]
            fresh |= {left[n].id: left[n] for n in rng.permutation(len(left))[: room - len(fresh)]}
        self.generation = list(fresh)
        self.generations += 1

    def _mutate(self, parent: Architecture, rng: np.random.Generator) -> Architecture:
        """Redraws each choice with the mutation rate."""
        redraw = rng.random(len(self.space.choices)) < self.settings.mutation_rate
        other = self.space.sample(rng)
        return Architecture(tuple((n, (other if r else parent)[n]) for n, r in zip(parent, redraw, strict=True)))

    def _cross(self, one: Architecture, two: Architecture, rng: np.random.Generator) -> Architecture:
        """Takes each choice from one of two parents."""
        first = rng.random(len(self.space.choices)) < 0.5
        return Architecture(tuple((n, (one if f else two)[n]) for n, f in zip(one, first, strict=True)))
