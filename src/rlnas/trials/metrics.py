"""The two metrics of the paper (5.3), from the episodes of a training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

WINDOW = 100

PRIMARY = "total_reward"
"""The metric that picks the best, and that strategies are told."""


def total_reward(scores: Sequence[float]) -> float | None:
    """Mean return of the last 100 finished games; of all, where there are fewer; `None` where there are none."""
    return float(np.mean(scores[-WINDOW:])) if len(scores) else None


def reward_mean(scores: Sequence[float]) -> float | None:
    """For each of the last 100 games the mean return of all games finished by then; the mean of these numbers."""
    if not len(scores):
        return None
    running = np.cumsum(np.asarray(scores, dtype=np.float64)) / np.arange(1, len(scores) + 1)
    return float(running[-WINDOW:].mean())


METRICS = {PRIMARY: total_reward, "reward_mean": reward_mean}


def mean_over_seeds(values: Sequence[float | None]) -> float | None:
    """The mean of one metric over training seeds; `None` unless all have it, so that no failure flatters a network."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def metrics_at(
    steps: Sequence[int], scores: Sequence[float], budgets: Sequence[int]
) -> tuple[list[float | None], list[float | None]]:
    """Both metrics of a training as they stood at each of the budgets.

    Args:
        steps: environment steps on which games ended, ascending.
        scores: their returns.
        budgets: environment steps, ascending; the last stands for the whole training, which ends with the first
            iteration that reaches it.

    Returns:
        Total reward and reward mean at each; `None` before the first game ended.
    """
    ended = [*np.searchsorted(steps, budgets[:-1], side="right"), len(scores)]
    return [total_reward(scores[:n]) for n in ended], [reward_mean(scores[:n]) for n in ended]


def learning_curve(steps: Sequence[int], scores: Sequence[float], points: int = 200) -> tuple[list[int], list[float]]:
    """Mean return of the last 100 games at up to `points` of the steps on which games ended."""
    if not len(scores):
        return [], []
    total = np.concatenate([[0.0], np.cumsum(np.asarray(scores, dtype=np.float64))])
    at = np.unique(np.linspace(0, len(scores) - 1, points).astype(int)) + 1
    start = np.maximum(at - WINDOW, 0)
    means = (total[at] - total[start]) / (at - start)
    return [int(steps[i - 1]) for i in at], [float(m) for m in means]
