"""Efficient neural architecture search (ENAS; Pham et al., 2018; paper, 4.2)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from rlnas import seeding
from rlnas.spaces import Space
from rlnas.strategies.builtin import BuiltIn, Options, by_proxy
from rlnas.strategies.strategy import Fit, Outcome, Proposal, Ranked

# torch takes seconds to import, and listing strategies does not need it.
if TYPE_CHECKING:
    from rlnas.strategies.controller import Child, Indices, Support

SUMMABLE = 10_000
"""Up to this many architectures within limits, each step sums the probabilities of all of them."""

SAMPLE_ROUNDS = 20

LIMITED_DRAWS = (64, *(1_024,) * 10)
"""In a large limited space, so many children are drawn at a time, until enough of them are within the limits."""

UNIFORM_DRAWS = 1_000
"""Where none was: a child is picked among so many uniform architectures within the limits."""

SUPPORT_DRAWS = 64
"""Draws within the limits of a large space, at most, that stand for all of them in a step of the controller."""


class ENASSettings(Options):
    """Options of ENAS; the defaults are those of the paper (table 5), where it has them."""

    child_iterations: int = Field(10, ge=1, le=10**9)
    """Iterations of the algorithm for each sampled child."""
    children_per_update: int = Field(3, ge=1, le=10**6)
    """children before a step of the controller."""
    baseline_momentum: float = Field(0.2, gt=0, le=1)
    """weight of the newest rewards in the moving baseline, the rest staying with the old value (the paper does not say
    which of the two it weighs; 0.8 is the other reading)."""
    entropy_coef: float = Field(1e-4, ge=0)
    """weight of the controller's entropy."""
    learning_rate: float = Field(1e-3, gt=0)
    """of the controller's first step; it falls to 0 along a cosine."""
    hidden: int = Field(64, ge=1, le=10_000)
    """width of the LSTM."""
    embedding: int = Field(32, ge=1, le=10_000)
    """width of its inputs."""
    feed_last: bool = False
    """whether the LSTM's first input also tells of the child before and its reward (paper, 4.2)."""
    reward_scale: Literal["none", "std"] = "none"
    """`"none"` learns from plain returns, as the paper does; `"std"` divides what a reward has above the baseline by a
    running standard deviation, so that reward and entropy balance alike in games with large and small returns."""
    fresh_games: bool = False
    """whether every child begins new games. If not, games run on from child to child, so the first ones that end were
    partly played by others; where games are longer than a child, its reward is mostly theirs."""
    rank_samples: int = Field(1_000, ge=1, le=10_000)
    """architectures in the ranking of a space of more than 100,000; they are drawn from the controller."""


class ENAS(BuiltIn):
    """Learns a distribution over architectures from the returns of children that share weights.

    An LSTM emits one choice after another. Each child that it samples trains for a few iterations; its reward is
    the mean return of the full games that ended in them or, if none did, the mean return so far of those in progress.
    After every few children the controller takes one step of REINFORCE; the last step takes the children that are left.

    The baseline starts as the mean of the first step's rewards. A step measures its children against the baseline that
    earlier children left, and only then moves it: `baseline += momentum * (mean reward - baseline)`.

    The proxy performance of an architecture is its probability under the controller (paper, 5.3), with `feed_last`
    that of being sampled next.

    In a limited space, children are drawn from the controller's distribution given that they are within the limits, and
    it learns the log-probabilities of that distribution. Up to 10,000 architectures within the limits, both are exact,
    and so is the proxy performance. In larger spaces children are redrawn until one is within the limits, the
    normalisation enters the gradient by an estimate, unbiased wherever one of some 10,000 draws is within, and the
    proxy performance is the probability before normalisation, which ranks alike.
    """

    settings: ENASSettings
    shares_weights = True
    state = ("fitted", "children", "unfinished", "picked", "updates", "baseline", "variance", "before", "batch")

    def __init__(self, space: Space, iterations: int, seed: int, settings: ENASSettings | None = None):
        from rlnas.strategies.controller import Controller

        super().__init__(space, iterations, seed, settings or ENASSettings())
        self.options = [len(choice) for choice in space.choices]
        chosen = self.settings
        self.controller = Controller(self.options, chosen.hidden, chosen.embedding, chosen.feed_last, seed)
        self.children = self.unfinished = self.picked = self.updates = 0
        self.baseline: float | None = None
        self.variance = 0.0
        self.before: Child | None = None
        self.batch: list[Child] = []
        self._every = [space.indices(a) for a in space] if space.limited and space.size <= SUMMABLE else []

    @property
    def iterations_per_fit(self) -> int:
        return self.settings.child_iterations

    @property
    def coverage(self) -> int:
        """All architectures, up to 100,000; of larger spaces as many as are drawn from the controller."""
        return self.space.size if self.space.enumerable else self.settings.rank_samples

    def ask(self) -> Proposal | None:
        """The next child, sampled from the controller, while the budget lasts."""
        if not self._next_fit:
            return None
        child, _ = self._sample_child()
        return Fit(self.space.architecture(child), self._next_fit, self.settings.fresh_games)

    def tell(self, outcome: Outcome) -> None:
        """Takes a child's reward; when enough children are told, the controller learns."""
        if not self._next_fit:
            return
        (returns,) = outcome.returns
        self.unfinished += not returns
        child, picked = self._sample_child()
        self.picked += picked
        self.batch.append((child, statistics.fmean(returns) if returns else float(outcome.running)))
        self.fitted += self._next_fit
        self.children += 1
        if len(self.batch) == self.settings.children_per_update or not self._next_fit:
            self._update()

    def _sample_child(self) -> tuple[Indices, bool]:
        """The next child; and whether it had to be picked among uniform ones."""
        rng = seeding.generator(self.seed, "enas-child", self.children)
        (child,), picked = self._draw(1, rng, self._last)
        return child, picked

    def _draw(self, most: int, rng: np.random.Generator, before: Child | None) -> tuple[list[Indices], bool]:
        """Draws from the controller that are within the limits; if none is, picks among uniform ones, and says so."""
        if self._every:
            return self._pick(self._every, most, rng, before), False
        found: list[Indices] = []
        for size in LIMITED_DRAWS if self.space.limited else (most,):
            drawn = self.controller.sample(rng.random((size, len(self.options))), before)
            found += [indices for indices in drawn if self.space.admits(indices)]
            if len(found) >= most:
                break
        if found:
            return found[:most], False
        uniform = [self.space.indices(self.space.sample(rng)) for _ in range(UNIFORM_DRAWS)]
        return self._pick(uniform, most, rng, before), True

    def _pick(self, among: list[Indices], count: int, rng: np.random.Generator, before: Child | None) -> list[Indices]:
        """Draws some of the given architectures, in proportion to their probabilities under the controller."""
        chances = _normalised(self.controller.log_probabilities(among, before))
        return [among[n] for n in rng.choice(len(among), count, p=chances)]

    def _supports(self, before: list[Child | None]) -> list[Support] | None:
        """What the children at hand were drawn among, each or all of them; `None` where nothing is limited."""
        if not self.space.limited:
            return None
        from rlnas.strategies.controller import Support

        found = []
        # Where the child before is not fed, one support is for all.
        for number, child in enumerate(before if self.settings.feed_last else before[:1]):
            rng = seeding.generator(self.seed, "enas-support", self.updates, number)
            architectures = self._every or self._draw(SUPPORT_DRAWS, rng, child)[0]
            found.append(Support(architectures, complete=bool(self._every)))
        return found

    @property
    def _last(self) -> Child | None:
        """The latest child that was told."""
        return self.batch[-1] if self.batch else self.before

    def _update(self) -> None:
        """One step of the controller with the children at hand."""
        children, rewards = zip(*self.batch, strict=True)
        mean = statistics.fmean(rewards)
        momentum = self.settings.baseline_momentum if self.baseline is not None else 1.0
        baseline = mean if self.baseline is None else self.baseline
        advantages = [reward - baseline for reward in rewards]
        # These children count before they are divided by it, so that no advantage can be divided by next to nothing.
        self.variance += momentum * (statistics.fmean(a * a for a in advantages) - self.variance)
        self.baseline = baseline + momentum * (mean - baseline)
        if self.settings.reward_scale == "std" and self.variance > 0:
            advantages = [advantage / math.sqrt(self.variance) for advantage in advantages]
        total = math.ceil(self.fits / self.settings.children_per_update)
        rate = self.settings.learning_rate * 0.5 * (1 + math.cos(math.pi * self.updates / total))
        before = [self.before, *self.batch[:-1]]
        supports = self._supports(before)
        self.controller.reinforce(children, before, advantages, self.settings.entropy_coef, rate, supports)
        self.updates += 1
        self.before = self.batch[-1]
        self.batch = []

    def rank(self) -> list[Ranked]:
        """Architectures by their exact probability under the controller."""
        candidates = self._candidates()
        scores = self.controller.log_probabilities(candidates, self._last)
        chances = _normalised(scores).tolist() if self._every else list(map(math.exp, scores))
        found = [(self.space.architecture(i), chance) for i, chance in zip(candidates, chances, strict=True)]
        return by_proxy(found, self.seed, "enas-tie")

    def _candidates(self) -> list[Indices]:
        """Every architecture or, in a large space, distinct ones drawn from the controller."""
        if self._every:
            return self._every
        if self.space.enumerable:
            return [self.space.indices(architecture) for architecture in self.space]
        wanted = self.settings.rank_samples
        found: dict[Indices, None] = {}
        for attempt in range(SAMPLE_ROUNDS):
            uniforms = seeding.generator(self.seed, "enas-rank", attempt).random((wanted, len(self.options)))
            found |= dict.fromkeys(i for i in self.controller.sample(uniforms, self._last) if self.space.admits(i))
            if len(found) >= wanted:
                break
        # A controller that is sure of itself draws few distinct architectures: uniform ones fill up.
        rng = seeding.generator(self.seed, "enas-rank", "uniform")
        while len(found) < wanted:
            indices = tuple(rng.integers(self.options).tolist())
            if self.space.admits(indices):
                found[indices] = None
        return list(found)[:wanted]

    def remarks(self) -> list[str]:
        found = []
        if self.unfinished:
            found.append(
                f"{self.unfinished} of {self.children} children finished no game in their iterations: "
                "their reward is the return so far of the games in progress."
            )
        if self.picked:
            found.append(
                f"For {self.picked} of {self.children} children, no draw of the controller was within the limits: "
                f"they were picked among {UNIFORM_DRAWS:,} uniform ones that are, by the controller's probabilities."
            )
        return found

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "controller": self.controller.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        children = [child and (tuple(child[0]), child[1]) for child in (state["before"], *state["batch"])]
        self.before, *self.batch = children
        self.controller.load_state_dict(state["controller"])


def _normalised(scores: list[float]) -> np.ndarray:
    """Probabilities that sum to 1, from log-probabilities up to a constant."""
    found = np.exp(np.array(scores) - max(scores))
    return found / found.sum()
