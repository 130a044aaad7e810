"""What a strategy is: it proposes, takes the outcome, and ranks. It never meets an environment or a network."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from rlnas.spaces import Architecture


@dataclass(frozen=True)
class Fit:
    """A proposal: train the shared weights along a path.

    Attributes:
        path: the architecture whose weights are trained.
        iterations: iterations of the algorithm, each a rollout with that path and its update.
        fresh: whether new games begin first, so that no game was partly played by another path.
        reset_optimizer: whether Adam's moments begin at 0 first, so that no gradient of another path moves the weights.
    """

    path: Architecture
    iterations: int
    fresh: bool = False
    reset_optimizer: bool = False


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


@dataclass(frozen=True)
class Train:
    """A proposal: train architectures from scratch, or look that up in a table.

    A training always has the study's budget, over which its learning rate falls. `steps` pauses it; a later proposal
    with more steps, or none, goes on from there.

    Attributes:
        architectures: what to train.
        steps: environment steps at which the trainings pause, or the next at which they can; `None`: at their end.
        seeds: training seeds of each, the first so many of the study's; `None`: all of them.
    """

    architectures: tuple[Architecture, ...]
    steps: int | None = None
    seeds: int | None = None


Proposal = Fit | Evaluate | Train


@dataclass(frozen=True)
class Outcome:
    """The outcome of a proposal.

    Attributes:
        returns: for `Evaluate` a tuple for each path, in order: the unclipped returns of its full games. For `Fit` one
            tuple, of the games that ended meanwhile. For `Train` a tuple for each architecture: the total reward of
            each of its trainings so far; empty where one of them failed or finished no game.
        running: for `Fit`, the mean return so far of the games that were still in progress at its end.
        reward_means: for `Train`, the reward mean of each training, as `returns` has the total reward.
    """

    returns: tuple[tuple[float, ...], ...]
    running: float = 0.0
    reward_means: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Ranked:
    """An architecture and its proxy performance; higher is better."""

    architecture: Architecture
    proxy: float


class Strategy(ABC):
    """Decides which architectures are tried.

    `ask` depends on the state alone and changes nothing, so it may be called again; `tell` moves on. All state is in
    `state_dict`, as plain data that JSON can hold, so a search can stop between any `tell` and the next `ask`.

    Attributes:
        shares_weights: whether it proposes `Fit`, so that a search with it leaves a fitted supernet.
    """

    shares_weights: ClassVar[bool] = False

    @abstractmethod
    def ask(self) -> Proposal | None:
        """The next proposal, or `None` when the search is over."""

    @abstractmethod
    def tell(self, outcome: Outcome) -> None:
        """Takes the outcome of the proposal that `ask` returns now."""

    @abstractmethod
    def rank(self) -> list[Ranked]:
        """The architectures that have a proxy performance, best first; ties in a fixed order."""

    @property
    @abstractmethod
    def coverage(self) -> int:
        """The number of architectures that the ranking of a finished search holds."""

    @property
    def fits(self) -> int:
        """How often the budget pays for a fit of a path; 0 where the strategy fits none, or does not say."""
        return 0

    @property
    def iterations_per_fit(self) -> int:
        """Iterations of the algorithm in one fit."""
        return 1

    def remarks(self) -> list[str]:
        """What a reader of the result should know about how the search went, a sentence each."""
        return []

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """The whole state, as plain data."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave."""
