"""How well the proxy of one search ranks, where a table knows the true performance of every candidate."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rlnas.stats.agreement import Agreement, correlation, seed_agreement
from rlnas.stats.estimates import Estimate
from rlnas.stats.selection import hits, rank, regret

ROOT = 0  # of the resampling, so that the same run gives the same page


@dataclass(frozen=True)
class Truth:
    """The true performance of every candidate of a search."""

    names: tuple[str, ...]  # ids of the architectures
    scores: np.ndarray  # total reward of each under each training seed, `(architectures, seeds)`

    @cached_property
    def means(self) -> dict[str, float]:
        """The mean over the training seeds, by id."""
        return {name: float(score) for name, score in zip(self.names, self.scores.mean(1), strict=True)}

    @property
    def average(self) -> float:
        """The expected score of a random architecture."""
        return float(self.scores.mean())


@dataclass(frozen=True)
class ProxyQuality:
    """What a proxy ranking is worth."""

    kendall: Estimate  # rank correlation of proxy and true performance over the ranked architectures
    spearman: Estimate  # likewise
    # Kendall's tau of one training of each with the mean of the other seeds; `None` with one seed.
    ceiling: Agreement | None
    hits: int  # how many of the top K are among the true best K
    rank: int | None  # true rank of what the search returned; `None` while there is none
    regret: float | None  # how far it is below the best of the space


def proxy_quality(ranking: list[tuple[str, float]], top_k: int, best: str | None, truth: Truth) -> ProxyQuality:
    """Compares a ranking, ids and proxies, best first, with the truth; `best` is what the search returned."""
    means = truth.scores.mean(1)
    places = {name: place for place, name in enumerate(truth.names)}
    order = [places[name] for name, _ in ranking]
    proxies = np.array([proxy for _, proxy in ranking])
    at = places.get(best) if best is not None else None
    seeds = truth.scores.shape[1]
    return ProxyQuality(
        correlation(proxies, means[order], "kendall", seed=ROOT),
        correlation(proxies, means[order], "spearman", seed=ROOT),
        seed_agreement(truth.scores, 1, seeds - 1, "kendall", seed=ROOT) if seeds > 1 else None,
        hits(means, order[:top_k]),
        None if at is None else rank(means, at),
        None if at is None else regret(means, at),
    )
