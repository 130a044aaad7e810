"""What every search has to beat, and what needs nothing but the table: random search, short trainings, training all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rlnas import seeding
from rlnas.quantity import short
from rlnas.report.comparison.contenders import Contender, Found, correlations_of, found_among
from rlnas.report.comparison.standings import Conditions, Standings
from rlnas.stats.selection import held_out_scores
from rlnas.strategies import RandomSearch, RandomSearchSettings, drive


def random_search(standings: Standings, conditions: Conditions, samples: int | None = None) -> Contender:
    """Random search, run on the table again and again by the loop that runs every strategy (paper, 5.4).

    Args:
        standings: the true performances.
        conditions: how often, and with which seed.
        samples: architectures that are drawn and trained; as many as the top K of a search by default.

    Raises:
        MissingRun: if the table lacks a run of an architecture that is drawn.
    """
    drawn = conditions.top_k if samples is None else samples
    settings = RandomSearchSettings(samples=drawn)
    found = []
    alike = drawn >= len(standings.table.architectures)  # whoever draws all finds the same
    for repeat in range(1 if alike else conditions.repeats):
        root = seeding.integer(conditions.seed, "compare-random", repeat)
        strategy = RandomSearch(standings.space, 0, root, settings)
        runner = standings.runner()
        drive(strategy, runner)
        names = [entry.architecture.id for entry in strategy.rank()]
        found.append(found_among(names, names[0], standings, runner.clock))
    found *= conditions.repeats if alike else 1
    label = "random search" if samples is None else f"random search (K = {drawn})"
    return Contender(label, tuple(found), over="repeat")


def affordable(contender: Contender, standings: Standings) -> int:
    """Architectures that random search can train at the cost of a contender, at most all of the table."""
    affordable = round(contender.average("cost")) // standings.cost(1)
    return max(1, min(affordable, len(standings.table.architectures)))


def short_trainings(
    standings: Standings, conditions: Conditions, contenders: Sequence[Contender]
) -> Iterator[Contender]:
    """Every architecture trained once, for as long as the steps of a search allow, as the proxy.

    They are the table's own trainings as they stood then, or whole where a search is as expensive; a repeat for each
    seed. There are none where the table has one seed, which would rank by what it scores with, and none of a length
    within which no game ends.

    Args:
        standings: the true performances.
        conditions: K, and the seed.
        contenders: the searches whose steps they may use.
    """
    count, seeds = standings.truth.size, standings.seeds
    shares = {round(one.average("search_steps")) // count for one in contenders}
    budgets = [budget for budget in standings.table.budgets if budget <= standings.budget]
    cuts = {max((budget for budget in budgets if budget <= share), default=0) for share in shares}
    for cut in sorted(cuts - {0}) if len(seeds) > 1 else ():
        early = standings.early(cut)
        if early is None:
            continue
        found = tuple(_short_training(early, place, cut, standings, conditions) for place in range(len(seeds)))
        yield Contender(f"short trainings ({short(cut)} steps)", found, over="training seed")


def picked_by_short_training(early: np.ndarray, place: int, conditions: Conditions) -> np.ndarray:
    """The top K by one seed, ties by lot; those without a score by then come last.

    Args:
        early: scores by then, `(architectures, seeds)`, NaN where there was none.
        place: the place of the seed.
        conditions: K, and the root of the lots.

    Returns:
        Numbers of architectures, the best first.
    """
    proxies = np.nan_to_num(early[:, place], nan=-np.inf)
    lots = seeding.generator(conditions.seed, "compare-short", place).permutation(proxies.size)
    return np.lexsort((lots, -proxies))[: conditions.top_k]


def _short_training(early: np.ndarray, place: int, cut: int, standings: Standings, conditions: Conditions) -> Found:
    """The ranking by one seed's short trainings. That seed has no part in its correlation and its held-out score."""
    others = np.delete(standings.scores, place, axis=1)
    proxies, truth = early[:, place], others.mean(1)
    top = picked_by_short_training(early, place, conditions)
    names = [standings.table.architectures[n] for n in top]
    cost = proxies.size * cut + standings.cost(len(names))
    correlations = correlations_of(proxies, truth, conditions.seed)
    best = names[int(standings.truth[top].argmax())]
    found = found_among(names, best, standings, cost, proxies, correlations)
    held_out = held_out_scores(others[top]) if len(standings.seeds) > 2 else np.full(1, np.nan)
    return replace(found, seed=standings.seeds[place], held_out=np.insert(held_out, place, np.nan), truth=truth)


def exhaustive_search(standings: Standings) -> Contender:
    """Training every architecture of the table, and returning the best."""
    names = standings.table.architectures
    best = names[int(standings.truth.argmax())]
    return Contender("exhaustive search", (found_among(names, best, standings, standings.cost(len(names))),))
