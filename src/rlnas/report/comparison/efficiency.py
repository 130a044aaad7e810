"""What environment steps buy: the score that random search and short trainings reach, at every cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rlnas import seeding
from rlnas.report.comparison.rivals import picked_by_short_training
from rlnas.report.comparison.standings import Conditions, Standings
from rlnas.stats.selection import held_out_scores

LONGEST = 200
"""Trainings up to which the curve of random search goes."""


@dataclass(frozen=True)
class Point:
    """A score that some steps buy.

    Attributes:
        size: architectures that random search trains; for short trainings the steps of each.
        steps: environment steps, all told.
        score: the mean over repeats of the held-out score or, in a table of one seed, of the score.
        deviation: the standard deviation over repeats.
    """

    size: int
    steps: int
    score: float
    deviation: float


@dataclass(frozen=True)
class Efficiency:
    """Scores against steps.

    Attributes:
        random: random search of 1, 2, ... architectures.
        short: short trainings of all architectures, then the top K with every seed; the longer they are, the dearer.
    """

    random: tuple[Point, ...]
    short: tuple[Point, ...]


def efficiency(standings: Standings, conditions: Conditions) -> Efficiency:
    """Works out both curves."""
    return Efficiency(tuple(_random(standings, conditions)), tuple(_short(standings, conditions)))


def _random(standings: Standings, conditions: Conditions) -> Iterator[Point]:
    """Architectures in many random orders, and the best so far; one training with every seed after another."""
    count, seeds = standings.scores.shape
    rng = seeding.generator(conditions.seed, "compare-efficiency")
    orders = rng.permuted(np.tile(np.arange(count), (conditions.repeats, 1)), axis=1)[:, :LONGEST]
    if seeds == 1:
        scores = _best_so_far(standings.truth, standings.truth, orders)
    else:
        folds = [(standings.scores.sum(1) - own, own) for own in standings.scores.T]
        scores = np.mean([_best_so_far(others, own, orders) for others, own in folds], axis=0)
    for place, (score, deviation) in enumerate(zip(scores.mean(0), scores.std(0), strict=True), 1):
        yield Point(place, standings.cost(place), float(score), float(deviation))


def _best_so_far(chosen_by: np.ndarray, scored_by: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """In each order, after each architecture, the score of the one that was chosen; of equals the first."""
    values = chosen_by[orders]
    before = np.maximum.accumulate(values, axis=1)
    better = np.ones_like(values, dtype=bool)
    better[:, 1:] = values[:, 1:] > before[:, :-1]
    places = np.maximum.accumulate(np.where(better, np.arange(values.shape[1]), 0), axis=1)
    return np.asarray(scored_by[np.take_along_axis(orders, places, axis=1)])


def _short(standings: Standings, conditions: Conditions) -> Iterator[Point]:
    """Short trainings of every length that the table knows; they are judged by at least two other seeds."""
    count, seeds = standings.scores.shape
    for cut in standings.table.budgets if seeds > 2 else ():
        if cut >= standings.budget:
            return
        early = standings.early(cut)
        if early is None:
            continue
        found = []
        for place in range(seeds):
            top = picked_by_short_training(early, place, conditions)
            found.append(held_out_scores(np.delete(standings.scores[top], place, axis=1)).mean())
        steps = count * cut + standings.cost(conditions.top_k)
        yield Point(cut, steps, float(np.mean(found)), float(np.std(found)))
