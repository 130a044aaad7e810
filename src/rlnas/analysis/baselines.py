"""Baselines that need nothing but the table: random search, short trainings of all, exhaustive search."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rlnas import seeding
from rlnas.analysis.ground_truth import ComparisonSettings, GroundTruth
from rlnas.analysis.outcomes import SearchOutcome, StrategyOutcome, correlations_of, outcome_of
from rlnas.quantity import short
from rlnas.stats.selection import held_out_scores
from rlnas.strategies import RandomSearch, RandomSearchSettings, drive


def random_search(truth: GroundTruth, settings: ComparisonSettings, samples: int | None = None) -> StrategyOutcome:
    """Random search, run on the table many times (paper, 5.4); each repeat trains `samples` architectures, else K."""
    size = settings.top_k if samples is None else samples
    outcomes = []
    whole = size >= len(truth.table.architectures)  # then all repeats return the same
    for repeat in range(1 if whole else settings.repeats):
        root = seeding.integer(settings.seed, "compare-random", repeat)
        strategy = RandomSearch(truth.space, 0, root, RandomSearchSettings(samples=size))
        runner = truth.runner()
        drive(strategy, runner)
        names = [entry.architecture.id for entry in strategy.rank()]
        outcomes.append(outcome_of(names, names[0], truth, runner.clock))
    outcomes *= settings.repeats if whole else 1
    label = "random search" if samples is None else f"random search (K = {size})"
    return StrategyOutcome(label, tuple(outcomes), over="repeat")


def affordable(strategy: StrategyOutcome, truth: GroundTruth) -> int:
    """Architectures that random search can train at the cost of a strategy, at most all of the table."""
    count = round(strategy.average("cost")) // truth.cost(1)
    return max(1, min(count, len(truth.table.architectures)))


def short_trainings(
    truth: GroundTruth, settings: ComparisonSettings, strategies: Sequence[StrategyOutcome]
) -> Iterator[StrategyOutcome]:
    """Every architecture trained once, for as long as the steps of a search allow, as the proxy.

    The scores are those of the table's own trainings at that step, one repeat for each seed. There are none with one
    seed, which would rank and score, and none of a length within which no game ends.
    """
    count, seeds = truth.means.size, truth.seeds
    shares = {round(one.average("search_steps")) // count for one in strategies}
    budgets = [budget for budget in truth.table.budgets if budget <= truth.budget]
    cuts = {max((budget for budget in budgets if budget <= share), default=0) for share in shares}
    for cut in sorted(cuts - {0}) if len(seeds) > 1 else ():
        early = truth.early(cut)
        if early is None:
            continue
        outcomes = tuple(_short_training(early, place, cut, truth, settings) for place in range(len(seeds)))
        yield StrategyOutcome(f"short trainings ({short(cut)} steps)", outcomes, over="training seed")


def top_by_short_training(early: np.ndarray, place: int, settings: ComparisonSettings) -> np.ndarray:
    """The rows of the top K by one column of `(architectures, seeds)` early scores, best first.

    Ties are broken at random; missing scores, which are NaN, come last.
    """
    proxies = np.nan_to_num(early[:, place], nan=-np.inf)
    ties = seeding.generator(settings.seed, "compare-short", place).permutation(proxies.size)
    return np.lexsort((ties, -proxies))[: settings.top_k]


def _short_training(
    early: np.ndarray, place: int, cut: int, truth: GroundTruth, settings: ComparisonSettings
) -> SearchOutcome:
    """The outcome of the ranking by one seed, which is left out of the correlation and of the held-out scores."""
    others = np.delete(truth.scores, place, axis=1)
    proxies = early[:, place]
    top = top_by_short_training(early, place, settings)
    names = [truth.table.architectures[n] for n in top]
    held_out = held_out_scores(others[top]) if len(truth.seeds) > 2 else np.full(1, np.nan)
    return replace(
        outcome_of(names, names[int(truth.means[top].argmax())], truth, proxies.size * cut + truth.cost(len(names))),
        seed=truth.seeds[place],
        held_out=np.insert(held_out, place, np.nan),
        truth=others.mean(1),
        proxies=proxies,
        correlations=correlations_of(proxies, others.mean(1), settings.seed),
    )


def exhaustive_search(truth: GroundTruth) -> StrategyOutcome:
    """Training every architecture of the table and returning the best."""
    names = truth.table.architectures
    best = names[int(truth.means.argmax())]
    return StrategyOutcome("exhaustive search", (outcome_of(names, best, truth, truth.cost(len(names))),))
