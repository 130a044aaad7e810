"""Efficient neural architecture search (ENAS; Pham et al., 2018; paper, 4.2)."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rlnas import seeding
from rlnas.search.draw import by_proxy
from rlnas.search.strategy import Fit, Outcome, Proposal, Ranked, Strategy
from rlnas.spaces import Space

# torch takes seconds to import, and listing strategies does not need it.
if TYPE_CHECKING:
    from rlnas.search.controller import Child, Indices

ENUMERABLE = 10_000
"""Up to this many architectures, the ranking holds all of them."""

SAMPLE_ROUNDS = 20


class ENASSettings(BaseModel):
    """Options of ENAS.

    Attributes:
        child_iterations: PPO iterations of each sampled child (paper, table 5).
        children_per_update: children before a step of the controller (paper, table 5).
        baseline_momentum: weight of the newest rewards in the moving baseline, the rest staying with the old value
            (paper, table 5, which does not say which of the two it weighs; 0.8 is the other reading).
        entropy_coef: weight of the controller's entropy (paper, table 5).
        learning_rate: of the controller's first step; it falls to 0 along a cosine (paper, table 5).
        hidden: width of the LSTM.
        embedding: width of its inputs.
        feed_last: whether the LSTM's first input also tells of the child before and its reward (paper, 4.2).
        reward_scale: `"none"` learns from plain returns, as the paper does; `"std"` divides what a reward has above
            the baseline by a running standard deviation, so that games with large returns meet the same balance of
            reward and entropy as games with small ones.
        fresh_games: whether every child begins new games. If not, games run on from child to child, so the first ones
            that end were partly played by others; where games are longer than a child, its reward is mostly theirs.
        rank_samples: architectures in the ranking of a space of more than 10,000; they are drawn from the controller.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    child_iterations: int = Field(10, ge=1)
    children_per_update: int = Field(3, ge=1)
    baseline_momentum: float = Field(0.2, gt=0, le=1)
    entropy_coef: float = Field(1e-4, ge=0)
    learning_rate: float = Field(1e-3, gt=0)
    hidden: int = Field(64, ge=1)
    embedding: int = Field(32, ge=1)
    feed_last: bool = False
    reward_scale: Literal["none", "std"] = "none"
    fresh_games: bool = False
    rank_samples: int = Field(1_000, ge=1, le=ENUMERABLE)


class ENAS(Strategy):
    """Learns a distribution over architectures from the returns of children that share weights.

    An LSTM emits one choice after another. Each child that it samples trains for a few PPO iterations; its reward is
    the mean return of the full games that ended in them or, if none did, the mean return so far of those in progress.
    After every few children the controller takes one step of REINFORCE; the last step takes the children that are
    left, if the budget does not divide evenly.

    The baseline starts as the mean of the first step's rewards. A step measures its children against the baseline that
    earlier children left, and only then moves it: `baseline += momentum * (mean reward - baseline)`.

    The proxy performance of an architecture is its probability under the controller (paper, 5.3), with `feed_last`
    that of being sampled next.

    Args:
        space: the search space.
        iterations: PPO iterations of all children together.
        seed: root of the strategy's random streams.
        settings: the options.
    """

    def __init__(self, space: Space, iterations: int, seed: int, settings: ENASSettings | None = None):
        from rlnas.search.controller import Controller

        self.space = space
        self.iterations = iterations
        self.seed = seed
        self.settings = settings or ENASSettings()
        self.options = [len(choice) for choice in space.choices]
        self.controller = Controller(
            self.options, self.settings.hidden, self.settings.embedding, self.settings.feed_last, seed
        )
        self.fitted = 0
        self.children = 0
        self.unfinished = 0
        self.updates = 0
        self.baseline: float | None = None
        self.variance = 0.0
        self.before: Child | None = None
        self.batch: list[Child] = []

    @property
    def total_updates(self) -> int:
        """Steps of the controller that the budget pays for."""
        children = math.ceil(self.iterations / self.settings.child_iterations)
        return math.ceil(children / self.settings.children_per_update)

    @property
    def coverage(self) -> int:
        """All architectures, up to 10,000; of larger spaces as many as are drawn from the controller."""
        return self.space.size if self.space.size <= ENUMERABLE else self.settings.rank_samples

    def ask(self) -> Proposal | None:
        """The next child, sampled from the controller, while the budget lasts."""
        if self.fitted >= self.iterations:
            return None
        iterations = min(self.settings.child_iterations, self.iterations - self.fitted)
        return Fit(self.space.architecture(self._sample_child()), iterations, self.settings.fresh_games)

    def tell(self, outcome: Outcome) -> None:
        """Takes a child's reward; when enough children are told, the controller learns."""
        if self.fitted >= self.iterations:
            return
        (returns,) = outcome.returns
        self.unfinished += not returns
        self.batch.append((self._sample_child(), statistics.fmean(returns) if returns else float(outcome.running)))
        self.fitted += min(self.settings.child_iterations, self.iterations - self.fitted)
        self.children += 1
        if len(self.batch) == self.settings.children_per_update or self.fitted >= self.iterations:
            self._update()

    def _sample_child(self) -> Indices:
        lots = seeding.generator(self.seed, "enas-child", self.children).random((1, len(self.options)))
        return self.controller.sample(lots, self._last)[0]

    @property
    def _last(self) -> Child | None:
        """The latest child that was told."""
        return self.batch[-1] if self.batch else self.before

    def _update(self) -> None:
        """One step of the controller with the children at hand."""
        rewards = [reward for _, reward in self.batch]
        mean = statistics.fmean(rewards)
        momentum = self.settings.baseline_momentum if self.baseline is not None else 1.0
        baseline = mean if self.baseline is None else self.baseline
        advantages = [reward - baseline for reward in rewards]
        # These children count before they are divided by it, so that no advantage can be divided by next to nothing.
        self.variance += momentum * (statistics.fmean(a * a for a in advantages) - self.variance)
        self.baseline = baseline + momentum * (mean - baseline)
        if self.settings.reward_scale == "std" and self.variance > 0:
            advantages = [advantage / math.sqrt(self.variance) for advantage in advantages]
        rate = self.settings.learning_rate * 0.5 * (1 + math.cos(math.pi * self.updates / self.total_updates))
        architectures = [indices for indices, _ in self.batch]
        before = [self.before, *self.batch[:-1]]
        self.controller.reinforce(architectures, before, advantages, self.settings.entropy_coef, rate)
        self.updates += 1
        self.before = self.batch[-1]
        self.batch = []

    def rank(self) -> list[Ranked]:
        """Architectures by their exact probability under the controller; ties by lot."""
        candidates = self._candidates()
        scores = self.controller.log_probabilities(candidates, self._last)
        found = [(self.space.architecture(i), math.exp(score)) for i, score in zip(candidates, scores, strict=True)]
        return by_proxy(found, self.seed, "enas-tie")

    def _candidates(self) -> list[Indices]:
        """Every architecture or, in a large space, distinct ones drawn from the controller."""
        if self.space.size <= ENUMERABLE:
            return list(itertools.product(*map(range, self.options)))
        wanted = self.settings.rank_samples
        found: dict[Indices, None] = {}
        for attempt in range(SAMPLE_ROUNDS):
            lots = seeding.generator(self.seed, "enas-rank", attempt).random((wanted, len(self.options)))
            found |= dict.fromkeys(self.controller.sample(lots, self._last))
            if len(found) >= wanted:
                break
        # A controller that is sure of itself draws few distinct architectures: uniform ones fill up.
        rng = seeding.generator(self.seed, "enas-rank", "uniform")
        while len(found) < wanted:
            found[tuple(rng.integers(self.options).tolist())] = None
        return list(found)[:wanted]

    def remarks(self) -> list[str]:
        """How many rewards are not of full games."""
        if not self.unfinished:
            return []
        return [
            f"{self.unfinished} of {self.children} children finished no game in their iterations: "
            "their reward is the return so far of the games in progress."
        ]

    def state_dict(self) -> dict[str, Any]:
        """Progress, the baseline, the children of the coming step, the controller's weights and Adam's moments."""
        return {
            "fitted": self.fitted,
            "children": self.children,
            "unfinished": self.unfinished,
            "updates": self.updates,
            "baseline": self.baseline,
            "variance": self.variance,
            "before": None if self.before is None else _plain(self.before),
            "batch": [_plain(child) for child in self.batch],
            "controller": self.controller.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave."""
        self.fitted = state["fitted"]
        self.children = state["children"]
        self.unfinished = state["unfinished"]
        self.updates = state["updates"]
        self.baseline = state["baseline"]
        self.variance = state["variance"]
        self.before = None if state["before"] is None else _child(state["before"])
        self.batch = [_child(plain) for plain in state["batch"]]
        self.controller.load_state_dict(state["controller"])


def _plain(child: Child) -> list[Any]:
    indices, reward = child
    return [list(indices), reward]


def _child(plain: list[Any]) -> Child:
    indices, reward = plain
    return tuple(indices), reward
