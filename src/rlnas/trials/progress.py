"""What a running study tells whoever watches it."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """A sign of life.

    Attributes:
        task: what is running, e.g. `"fit"`, `"select"`, `"k2=4,k3=3 seed-1"`.
        done: units done.
        total: units in all.
        unit: `"steps"`, `"architectures"`, `"trainings"` or `"measurements"`.
        rate: units per second, measured over the last updates; `None` at first.
        score: mean return of the last 100 full games; `None` before the first game ends.
        finished: whether the task is over.
        note: a remark worth showing, e.g. why a trial failed.
    """

    task: str
    done: int
    total: int
    unit: str = "steps"
    rate: float | None = None
    score: float | None = None
    finished: bool = False
    note: str = ""


Watcher = Callable[[Progress], None]


def nobody(progress: Progress) -> None:
    """A watcher that looks away."""


class RateMeter:
    """Units per second over the last 20 updates."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=20)

    def update(self, done: int) -> float | None:
        """Takes the units done so far; returns the rate, or `None` before the second update."""
        self._marks.append((time.perf_counter(), done))
        (t0, d0), (t1, d1) = self._marks[0], self._marks[-1]
        return (d1 - d0) / (t1 - t0) if t1 > t0 else None
