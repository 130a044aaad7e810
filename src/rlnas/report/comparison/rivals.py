"""What every search has to beat, and what needs nothing but the table: random search, short trainings, training all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rlnas import seeding
from rlnas.quantity import short
from rlnas.report.comparison.contenders import Contender, Found, found_among
from rlnas.report.comparison.standings import Conditions, Held, Standings
from rlnas.search import RandomSearch, RandomSearchSettings, Train, drive
from rlnas.table import NoScore
from rlnas.table.agreement import CORRELATIONS, correlation


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
    space = Held(standings.table) if conditions.partial else standings.table.space
    found = []
    for repeat in range(conditions.repeats):
        root = seeding.integer(conditions.seed, "compare-random", repeat)
        strategy = RandomSearch(space, 0, root, settings)
        runner = standings.runner()
        drive(strategy, runner)
        names = [entry.architecture.id for entry in strategy.rank()]
        found.append(found_among(names, names[0], standings, runner.clock))
    return Contender("random search" if samples is None else f"random search (K = {drawn})", tuple(found))


def affordable(contender: Contender, standings: Standings) -> int:
    """Architectures that random search can train at the cost of a contender, at most all of the table."""
    each = len(standings.seeds) * standings.budget
    return max(1, min(round(contender.average("cost")) // each, len(standings.table.architectures)))


def short_trainings(
    standings: Standings, conditions: Conditions, contenders: Sequence[Contender]
) -> Iterator[Contender]:
    """Every architecture trained once, for as long as the steps of a search allow, as the proxy.

    They are the table's own trainings as they stood then, a repeat for each seed. What a seed ranks is judged by the
    other seeds, so there are none where the table has fewer than two.

    Args:
        standings: the true performances.
        conditions: K, and the seed.
        contenders: the searches whose steps they may use.
    """
    count, seeds = standings.truth.size, standings.seeds
    shares = {
        round(sum(found.search.cost_steps for found in one.found if found.search) / len(one.found)) // count
        for one in contenders
    }
    cuts = {max((b for b in standings.table.budgets if b <= share), default=0) for share in shares}
    for cut in sorted(cuts - {0}) if len(seeds) > 1 else ():
        if cut >= standings.budget:
            continue
        try:
            early = standings.table.scores(budget=cut, metric=standings.metric, seeds=seeds)
        except NoScore:
            continue  # no game had ended by then
        found = tuple(_short_training(early, place, cut, standings, conditions) for place in range(len(seeds)))
        yield Contender(f"short trainings ({short(cut)} steps)", found)


def picked_by_short_training(early: np.ndarray, place: int, conditions: Conditions) -> np.ndarray:
    """The top K by one seed, ties by lot.

    Args:
        early: scores by then, `(architectures, seeds)`.
        place: the place of the seed.
        conditions: K, and the root of the lots.

    Returns:
        Numbers of architectures, the best first.
    """
    proxies = early[:, place]
    lots = seeding.generator(conditions.seed, "compare-short", place).permutation(proxies.size)
    return np.lexsort((lots, -proxies))[: conditions.top_k]


def _short_training(early: np.ndarray, place: int, cut: int, standings: Standings, conditions: Conditions) -> Found:
    """The ranking by one seed's short trainings, judged by the other seeds."""
    others = [seed for number, seed in enumerate(standings.seeds) if number != place]
    judges = Standings(standings.table, standings.metric, standings.budget, others)
    proxies = early[:, place]
    top = picked_by_short_training(early, place, conditions)
    names = [standings.table.architectures[n] for n in top]
    best = names[int(judges.truth[top].argmax())]
    cost = proxies.size * cut + len(names) * len(standings.seeds) * standings.budget
    correlations = {kind: correlation(proxies, judges.truth, kind, seed=conditions.seed) for kind in CORRELATIONS}
    found = found_among(names, best, judges, cost, None, proxies, correlations)
    held_out = found.held_out if found.held_out.size else np.full(len(others), np.nan)
    return replace(found, held_out=np.insert(held_out, place, np.nan))


def exhaustive_search(standings: Standings) -> Contender:
    """Training every architecture of the table, and returning the best."""
    names = standings.table.architectures
    runner = standings.runner()
    runner.answer(Train(tuple(map(standings.table.space.architecture, names))))
    best = names[int(standings.truth.argmax())]
    return Contender("exhaustive search", (found_among(names, best, standings, runner.clock),))
