"""Searches put to the test on a table: what each would have returned."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from rlnas.brief import Brief
from rlnas.report.comparison.standings import Conditions, Standings
from rlnas.stats.agreement import CORRELATIONS, Correlation, correlation
from rlnas.stats.estimates import Estimate
from rlnas.stats.selection import held_out_scores, hits, rank, regret
from rlnas.strategies import STRATEGIES, Train, settings_class
from rlnas.table.searches import StoredSearch


@dataclass(frozen=True, repr=False)
class Found(Brief):
    """What a search would have returned, had its top K been trained as the table's networks were (paper, 5.3).

    Attributes:
        seed: of the search; for short trainings, of the trainings that rank. `None` for a repeat on the table.
        search_steps: environment steps of the search itself, without the trainings.
        architecture: id of the best of its top K by true performance.
        score: true performance of it.
        held_out: what the best of the same architectures scores under each training seed when the others pick it,
            `(seeds,)`; empty with one seed, NaN for a seed that may not score it.
        rank: true rank of it, 1 for the best of the table.
        regret: how far it is below the best of the table.
        hits: how many of the top K are among the true best K.
        cost: environment steps of the search and of the trainings.
        truth: the true performances that the proxies are set against, `(architectures,)`.
        proxies: likewise, NaN where the search did not rank one; of random search all are NaN.
        correlations: of proxy and true performance, over the architectures that the search ranked.
    """

    seed: int | None
    search_steps: int
    architecture: str
    score: float
    held_out: np.ndarray
    rank: int
    regret: float
    hits: int
    cost: int
    truth: np.ndarray
    proxies: np.ndarray
    correlations: dict[Correlation, Estimate]

    def _facts(self) -> dict[str, Any]:
        return {"seed": self.seed, "architecture": self.architecture, "score": self.score, "rank": self.rank}


@dataclass(frozen=True, repr=False)
class Contender(Brief):
    """A strategy with its options and budget, over several search seeds.

    Attributes:
        label: what tables call it.
        found: what each search returned.
        over: what sets the searches apart.
        strategy: its name; empty where no strategy searched.
        budget: environment steps that each search may take; `None` without a search of its own.
        options: those of its options that are known, and limits on what a candidate may cost.
    """

    label: str
    found: tuple[Found, ...]
    over: Literal["search seed", "training seed", "repeat"] = "search seed"
    strategy: str = ""
    budget: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def _facts(self) -> dict[str, Any]:
        return {"label": self.label, "searches": len(self.found), "mean": self.mean}

    @property
    def ranks(self) -> bool:
        """Whether it ranks architectures by a proxy, and not by trainings alone."""
        return self.over != "repeat"

    @cached_property
    def scores(self) -> np.ndarray:
        """The true performance of what each search returned."""
        return np.array([found.score for found in self.found])

    @property
    def mean(self) -> float:
        """The mean over search seeds."""
        return float(self.scores.mean())

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation over search seeds."""
        return float(self.scores.std(ddof=1)) if self.scores.size > 1 else None

    @cached_property
    def held_out(self) -> np.ndarray:
        """The scores of what the searches return under seeds that did not pick it, `(searches, seeds)`."""
        return np.array([found.held_out for found in self.found])

    @cached_property
    def whole_options(self) -> dict[str, Any]:
        """The options, with the defaults of those that were left out or came later, where the strategy is known."""
        given = dict(self.options)
        if self.strategy not in STRATEGIES:
            return given
        settings = settings_class(self.strategy)
        try:
            own = settings(**{name: value for name, value in given.items() if name in settings.model_fields})
        except ValidationError:  # those of another version
            return given
        return own.model_dump(mode="json") | given

    @property
    def best(self) -> Found:
        """What the luckiest of the searches returned; of equals, the first."""
        return max(self.found, key=lambda found: found.score)

    def average(self, attribute: str) -> float:
        """The mean over search seeds of a number of `Found`."""
        return statistics.fmean(getattr(found, attribute) for found in self.found)


def judge(search: StoredSearch, standings: Standings, conditions: Conditions) -> Found:
    """What a search returns: the best by true performance of its top K, and of what it had trained itself.

    The trainings of a search that asks for them are its outcome: among all of these the best is picked, also by the
    seeds that a held-out score leaves. They are no proxy, so they are not held against the truth. Trainings of another
    length, or with other seeds, than those that judge are a proxy like any other.

    Raises:
        MissingRun: if the table lacks a run of an architecture that the search ranked.
    """
    top = [name for name, _ in search.ranking[: conditions.top_k]]
    if not standings.partial:
        for name in search.trained:
            standings.index(name)
    steps, seeds = search.train_steps or standings.budget, search.train_seeds or standings.seeds
    looked_up = steps == standings.budget and {*seeds} <= {*standings.seeds}
    outcome = [name for name in search.trained if looked_up and name in standings]
    candidates = [*dict.fromkeys([*top, *outcome])]
    returns = standings.runner().answer(Train(tuple(map(standings.table.space.architecture, candidates)))).returns
    best = max(range(len(candidates)), key=lambda place: statistics.fmean(returns[place]))
    # What the search had trained is paid for, and not again among the top K.
    own = len(search.trained) * len(seeds) * steps
    cost = search.cost_steps + own + standings.cost(len({*top} - {*(search.trained if looked_up else ())}))
    proxies = np.full(standings.truth.size, np.nan)
    for name, proxy in search.ranking:
        proxies[standings.index(name)] = np.nan if name in outcome else proxy
    correlations = correlations_of(proxies, standings.truth, conditions.seed)
    found = found_among(candidates, candidates[best], standings, cost, proxies, correlations)
    return replace(found, seed=search.seed, search_steps=search.cost_steps)


def correlations_of(proxies: np.ndarray, truth: np.ndarray, seed: int) -> dict[Correlation, Estimate]:
    """Those of proxy and true performance, over the architectures that have a proxy.

    Args:
        proxies: `(architectures,)`, NaN where there is none.
        truth: `(architectures,)`.
        seed: root of the resampling's random stream.
    """
    known = ~np.isnan(proxies)
    if not known.any():
        return dict.fromkeys(CORRELATIONS, Estimate(None))
    return {kind: correlation(proxies[known], truth[known], kind, seed=seed) for kind in CORRELATIONS}


def found_among(
    trained: Sequence[str],
    returned: str,
    standings: Standings,
    cost: int,
    proxies: np.ndarray | None = None,
    correlations: dict[Correlation, Estimate] | None = None,
) -> Found:
    """What the architecture that is returned is worth, picked from those that were trained.

    Args:
        trained: the top K, or all that were trained.
        returned: the best of them.
        standings: by which they are judged.
        cost: environment steps.
        proxies: as in `Found`; nothing is ranked by default.
        correlations: likewise.
    """
    truth, index = standings.truth, standings.index(returned)
    places = [standings.index(name) for name in trained]
    return Found(
        None,
        0,
        returned,
        float(truth[index]),
        held_out_scores(standings.scores[places]),
        rank(truth, index),
        regret(truth, index),
        hits(truth, places),
        cost,
        truth,
        np.full(truth.size, np.nan) if proxies is None else proxies,
        correlations or {},
    )
