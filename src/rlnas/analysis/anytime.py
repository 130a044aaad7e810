"""Anytime performance: the score that random search and short trainings reach for a number of environment steps."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlnas import seeding
from rlnas.analysis.baselines import top_by_short_training
from rlnas.analysis.ground_truth import ComparisonSettings, GroundTruth
from rlnas.stats.selection import held_out_scores

LONGEST = 200  # trainings up to which the curve of random search goes


@dataclass(frozen=True)
class Point:
    """A point of a curve."""

    size: int  # architectures that random search trains; for short trainings the steps of each
    steps: int  # environment steps in total
    score: float  # the mean over repeats of the held-out score or, in a table of one seed, of the score
    deviation: float  # the standard deviation over repeats


@dataclass(frozen=True)
class Anytime:
    """Scores against environment steps."""

    random: tuple[Point, ...]  # random search of 1, 2, ... architectures
    short: tuple[Point, ...]  # short trainings of all architectures, longer and longer, then the top K with every seed


def anytime(truth: GroundTruth, settings: ComparisonSettings) -> Anytime:
    """Computes both curves."""
    return Anytime(tuple(_random(truth, settings)), tuple(_short(truth, settings)))


def _random(truth: GroundTruth, settings: ComparisonSettings) -> Iterator[Point]:
    """Architectures in many random orders, and the best so far; one training with every seed after another."""
    count, seeds = truth.scores.shape
    rng = seeding.generator(settings.seed, "compare-efficiency")
    orders = rng.permuted(np.tile(np.arange(count), (settings.repeats, 1)), axis=1)[:, :LONGEST]
    if seeds == 1:
        scores = _best_so_far(truth.means, truth.means, orders)
    else:
        folds = [(truth.scores.sum(1) - own, own) for own in truth.scores.T]
        scores = np.mean([_best_so_far(others, own, orders) for others, own in folds], axis=0)
    for place, (score, deviation) in enumerate(zip(scores.mean(0), scores.std(0), strict=True), 1):
        yield Point(place, truth.cost(place), float(score), float(deviation))


def _best_so_far(chosen_by: np.ndarray, scored_by: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """In each order, after each architecture, the score of the best so far; of equals the first."""
    values = chosen_by[orders]
    before = np.maximum.accumulate(values, axis=1)
    better = np.ones_like(values, dtype=bool)
    better[:, 1:] = values[:, 1:] > before[:, :-1]
    places = np.maximum.accumulate(np.where(better, np.arange(values.shape[1]), 0), axis=1)
    return np.asarray(scored_by[np.take_along_axis(orders, places, axis=1)])


def _short(truth: GroundTruth, settings: ComparisonSettings) -> Iterator[Point]:
    """Short trainings of every length in the table, scored by at least two other seeds."""
    count, seeds = truth.scores.shape
    for cut in truth.table.budgets if seeds > 2 else ():
        if cut >= truth.budget:
            return
        early = truth.early(cut)
        if early is None:
            continue
        found = []
        for place in range(seeds):
            top = top_by_short_training(early, place, settings)
            found.append(held_out_scores(np.delete(truth.scores[top], place, axis=1)).mean())
        steps = count * cut + truth.cost(settings.top_k)
        yield Point(cut, steps, float(np.mean(found)), float(np.std(found)))
