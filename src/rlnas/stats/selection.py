"""What an architecture is worth that was selected by its score."""

from collections.abc import Sequence

import numpy as np


def rank(values: np.ndarray, index: int) -> int:
    """The rank of one of the values, 1 for the highest; equal values share the better rank.

    >>> [rank(np.array([5.0, 7.0, 5.0]), n) for n in range(3)]
    [2, 1, 2]
    """
    return 1 + int((values > values[index]).sum())


def regret(values: np.ndarray, index: int) -> float:
    """How far one of the values is below the highest."""
    return float(values.max() - values[index])


def hits(values: np.ndarray, places: Sequence[int]) -> int:
    """How many of some places are among as many that have the highest values.

    >>> hits(np.array([5.0, 7.0, 6.0]), [0, 1])
    1
    """
    return sum(rank(values, place) <= len(places) for place in places)


def held_out_scores(scores: np.ndarray) -> np.ndarray:
    """What the best of `(architectures, seeds)` scores is worth under seeds that did not select it, `(seeds,)`.

    For each seed the architecture with the best mean over the other seeds is selected, the first of equals, and scored
    with that seed: leave-one-out cross-validation (Stone, 1974, "Cross-validatory choice and assessment of statistical
    predictions"). Where architectures do not differ, its expectation is their mean. Empty for one seed.

    >>> held_out_scores(np.array([[1.0, 3.0], [2.0, 0.0]]))
    array([1., 0.])
    """
    seeds = scores.shape[1]
    if seeds < 2:
        return np.empty(0)
    of_others = scores.sum(1, keepdims=True) - scores
    return np.asarray(scores[of_others.argmax(0), np.arange(seeds)])
