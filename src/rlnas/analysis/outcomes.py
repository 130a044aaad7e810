"""What searches returned, evaluated on a table."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from rlnas.analysis.ground_truth import ComparisonSettings, GroundTruth
from rlnas.brief import Brief
from rlnas.stats.agreement import CORRELATIONS, Correlation, correlation
from rlnas.stats.estimates import Estimate
from rlnas.stats.selection import held_out_scores, hits, rank, regret
from rlnas.strategies import STRATEGIES, settings_class
from rlnas.table.searches import StoredSearch


@dataclass(frozen=True, repr=False)
class SearchOutcome(Brief):
    """What one search returns, its top K trained as the table's networks were (paper, 5.3)."""

    seed: int | None  # of the search; for short trainings, of the trainings that rank; `None` for a repeat on the table
    search_steps: int  # environment steps of the search without the trainings
    architecture: str  # id of what it returns, the best of its top K by true performance
    score: float  # true performance of it
    # Score under each training seed of the best by the other seeds, `(seeds,)`; empty with one seed, NaN for a seed
    # that had a part in the ranking.
    held_out: np.ndarray
    rank: int  # true rank of what it returns, 1 for the best of the table
    regret: float  # how far it is below the best of the table
    hits: int  # how many of the top K are among the true best K
    cost: int  # environment steps of the search and of the trainings
    truth: np.ndarray  # the true performances that the proxies are compared with, `(architectures,)`
    proxies: np.ndarray  # `(architectures,)`, NaN where the search ranked none
    correlations: dict[Correlation, Estimate]  # rank correlations of proxy and true performance

    def _facts(self) -> dict[str, Any]:
        return {"seed": self.seed, "architecture": self.architecture, "score": self.score, "rank": self.rank}


@dataclass(frozen=True, repr=False)
class StrategyOutcome(Brief):
    """A strategy with its options and budget, over several search seeds.

    Attributes:
        label: its name in tables.
        searches: the outcome of each search.
        over: in what the searches differ.
        strategy: the strategy's name; empty for baselines.
        budget: environment steps of each search; `None` for what runs on the table.
        options: the options that are known, with limits on the cost of a candidate.
    """

    label: str
    searches: tuple[SearchOutcome, ...]
    over: Literal["search seed", "training seed", "repeat"] = "search seed"
    strategy: str = ""
    budget: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def _facts(self) -> dict[str, Any]:
        return {"label": self.label, "searches": len(self.searches), "mean": self.mean}

    @property
    def has_proxy(self) -> bool:
        """Whether it ranks architectures by a proxy, and not by trainings alone."""
        return self.over != "repeat"

    @cached_property
    def scores(self) -> np.ndarray:
        """The true performance of what each search returned, `(searches,)`."""
        return np.array([search.score for search in self.searches])

    @property
    def mean(self) -> float:
        """The mean score over searches."""
        return float(self.scores.mean())

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation over searches."""
        return float(self.scores.std(ddof=1)) if self.scores.size > 1 else None

    @cached_property
    def held_out(self) -> np.ndarray:
        """The held-out scores, `(searches, seeds)`."""
        return np.array([search.held_out for search in self.searches])

    @cached_property
    def whole_options(self) -> dict[str, Any]:
        """The options, with the defaults of those that are not given, where the strategy is known."""
        given = dict(self.options)
        if self.strategy not in STRATEGIES:
            return given
        settings = settings_class(self.strategy)
        try:
            own = settings(**{name: value for name, value in given.items() if name in settings.model_fields})
        except ValidationError:  # options of another version
            return given
        return own.model_dump(mode="json") | given

    @property
    def best(self) -> SearchOutcome:
        """The search with the highest score; of equals, the first."""
        return max(self.searches, key=lambda search: search.score)

    def average(self, attribute: str) -> float:
        """The mean over searches of an attribute of `SearchOutcome`."""
        return statistics.fmean(getattr(search, attribute) for search in self.searches)


def evaluate_search(search: StoredSearch, truth: GroundTruth, settings: ComparisonSettings) -> SearchOutcome:
    """The outcome of a stored search: the best, by true performance, of its top K and of what it trained itself.

    What a search trained with the table's length and seeds is its result, so it is not a proxy. Trainings of another
    length, or with other seeds, are a proxy like any other. Raises `MissingRun` for an architecture without a run.
    """
    top = [name for name, _ in search.ranking[: settings.top_k]]
    if not truth.partial:
        for name in search.trained:
            truth.index(name)
    steps, seeds = search.train_steps or truth.budget, search.train_seeds or truth.seeds
    looked_up = steps == truth.budget and {*seeds} <= {*truth.seeds}
    trained = [name for name in search.trained if looked_up and name in truth]
    candidates = [*dict.fromkeys([*top, *trained])]
    best = max(candidates, key=lambda name: statistics.fmean(truth.scores[truth.index(name)]))
    # What the search trained is paid for once.
    own = len(search.trained) * len(seeds) * steps
    cost = search.cost_steps + own + truth.cost(len({*top} - {*(search.trained if looked_up else ())}))
    proxies = np.full(truth.means.size, np.nan)
    for name, proxy in search.ranking:
        proxies[truth.index(name)] = np.nan if name in trained else proxy
    return replace(
        outcome_of(candidates, best, truth, cost),
        seed=search.seed,
        search_steps=search.cost_steps,
        proxies=proxies,
        correlations=correlations_of(proxies, truth.means, settings.seed),
    )


def correlations_of(proxies: np.ndarray, truth: np.ndarray, seed: int) -> dict[Correlation, Estimate]:
    """The rank correlations of `(architectures,)` proxies, NaN where there is none, and true performances."""
    known = ~np.isnan(proxies)
    if not known.any():
        return dict.fromkeys(CORRELATIONS, Estimate(None))
    return {kind: correlation(proxies[known], truth[known], kind, seed=seed) for kind in CORRELATIONS}


def outcome_of(trained: Sequence[str], returned: str, truth: GroundTruth, cost: int) -> SearchOutcome:
    """The outcome of a search without a proxy that trained some architectures and returned one of them."""
    index, places = truth.index(returned), [truth.index(name) for name in trained]
    return SearchOutcome(
        seed=None,
        search_steps=0,
        architecture=returned,
        score=float(truth.means[index]),
        held_out=held_out_scores(truth.scores[places]),
        rank=rank(truth.means, index),
        regret=regret(truth.means, index),
        hits=hits(truth.means, places),
        cost=cost,
        truth=truth.means,
        proxies=np.full(truth.means.size, np.nan),
        correlations={},
    )
