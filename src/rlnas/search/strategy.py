"""What a strategy is: it proposes, is told what came of it, and ranks. It never meets an environment or a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rlnas.spaces import Architecture


@dataclass(frozen=True)
class Fit:
    """A proposal: train the shared weights along a path.

    Attributes:
        path: the architecture whose weights are trained.
        iterations: PPO iterations, each a rollout with that path and its update.
    """

    path: Architecture
    iterations: int


@dataclass(frozen=True)
class Evaluate:
    """A proposal: play full games with the shared weights as they are.

    Attributes:
        paths: the architectures to evaluate.
        episodes: full games for each.
        done: architectures that were evaluated before.
        total: architectures that the strategy means to evaluate in all.
    """

    paths: tuple[Architecture, ...]
    episodes: int
    done: int
    total: int


Proposal = Fit | Evaluate


@dataclass(frozen=True)
class Outcome:
    """What came of a proposal.

    Attributes:
        returns: unclipped full-game returns: for `Evaluate` a tuple for each path, in order; for `Fit` one tuple, of
            the games that ended meanwhile.
    """

    returns: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Ranked:
    """An architecture and its proxy performance; higher is better."""

    architecture: Architecture
    proxy: float


class Strategy(ABC):
    """Decides which architectures are tried.

    `ask` depends on the state alone and changes nothing, so it may be called again; `tell` moves on. All state is in
    `state_dict`, as plain data that JSON can hold, so a search can stop between any `tell` and the next `ask`.
    """

    @abstractmethod
    def ask(self) -> Proposal | None:
        """The next proposal, or `None` when the search is over."""

    @abstractmethod
    def tell(self, outcome: Outcome) -> None:
        """Takes the outcome of the proposal that `ask` returns now."""

    @abstractmethod
    def rank(self) -> list[Ranked]:
        """The architectures that have a proxy performance, best first; ties in a fixed order."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """The whole state, as plain data."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave."""
