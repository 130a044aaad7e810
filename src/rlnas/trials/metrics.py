"""The metrics of a training, in one table. A metric that is added there is stored, compared, printed and offered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

WINDOW = 100
"""Games over which returns are averaged."""


@dataclass(frozen=True)
class Metric:
    """A number that says how well a training went; a higher one is better."""

    label: str  # its name in tables and charts
    explanation: str  # one sentence for readers of a report
    of: Callable[[Sequence[int], Sequence[float], int], float | None]
    """Gives it from the environment steps on which games ended (ascending), their returns, and the budget in steps.

    At least one game has ended. `None` where it is not defined.
    """


def total_reward(returns: Sequence[float]) -> float | None:
    """Mean return of the last 100 finished games; of all, where there are fewer; `None` where there are none."""
    return float(np.mean(returns[-WINDOW:])) if len(returns) else None


def _reward_mean(ends: Sequence[int], returns: Sequence[float], budget: int) -> float:
    running = np.cumsum(np.asarray(returns, dtype=np.float64)) / np.arange(1, len(returns) + 1)
    return float(running[-WINDOW:].mean())


PRIMARY = "total_reward"
"""The metric that picks the best, and that strategies are told."""

METRICS = {
    PRIMARY: Metric(
        "total reward",
        "the mean unclipped return of the last 100 full games of training (of all, where there are fewer).",
        lambda ends, returns, budget: total_reward(returns),
    ),
    "reward_mean": Metric(
        "reward mean",
        "for each of the last 100 games the mean return of all games finished by then, and the mean of these numbers; "
        "it rewards learning early.",
        _reward_mean,
    ),
}
"""Every metric, by its name in files and options. The first two are from section 5.3 of the paper."""


def explained() -> str:
    """A sentence on each metric."""
    return " ".join(f"{metric.label.capitalize()}: {metric.explanation}" for metric in METRICS.values())


def scores_of(ends: Sequence[int], returns: Sequence[float], budget: int) -> dict[str, float | None]:
    """Every metric of a training, from what `Metric.of` takes; `None` where no game ended."""
    return {name: metric.of(ends, returns, budget) if len(returns) else None for name, metric in METRICS.items()}


def scores_at(ends: Sequence[int], returns: Sequence[float], budgets: Sequence[int]) -> dict[str, list[float | None]]:
    """Every metric of a training as it stood at each of the budgets, which ascend.

    The last stands for the whole training, which ends with the first iteration that reaches it.
    """
    counts = [*np.searchsorted(ends, budgets[:-1], side="right"), len(returns)]
    found = [scores_of(ends[:n], returns[:n], budget) for n, budget in zip(counts, budgets, strict=True)]
    return {name: [scores[name] for scores in found] for name in METRICS}


def mean_over_seeds(values: Sequence[float | None]) -> float | None:
    """The mean of one metric over training seeds; `None` unless all have it, so that no failure flatters a network."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def learning_curve(ends: Sequence[int], returns: Sequence[float], points: int = 200) -> tuple[list[int], list[float]]:
    """Mean return of the last 100 games at up to `points` of the steps on which games ended."""
    if not len(returns):
        return [], []
    total = np.concatenate([[0.0], np.cumsum(np.asarray(returns, dtype=np.float64))])
    at = np.unique(np.linspace(0, len(returns) - 1, points).astype(int)) + 1
    start = np.maximum(at - WINDOW, 0)
    means = (total[at] - total[start]) / (at - start)
    return [int(ends[i - 1]) for i in at], [float(m) for m in means]
