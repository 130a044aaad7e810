"""What no search returned, and every search is held against: hand-made networks, the average, the largest, the best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rlnas.report.comparison.standings import Standings

PAPERS_OWN = {"paper-1": ("k2=4,k3=3", "the paper's Nature-CNN")}
"""Members of spaces that stand for a hand-made network (paper, table 3)."""


@dataclass(frozen=True, eq=False)
class Yardstick:
    """A network, or an average of networks, that no search returned.

    Attributes:
        label: what tables call it.
        architecture: its name in the table; `None` for an average.
        scores: what it scores under each training seed, `(seeds,)`.
        made: whether people made it.
        selected: whether its score picked it.
    """

    label: str
    architecture: str | None
    scores: np.ndarray
    made: bool = False
    selected: bool = False

    @property
    def score(self) -> float:
        """Its true performance."""
        return float(self.scores.mean())

    @property
    def unselected(self) -> bool:
        """Whether it is one network, which no score picked."""
        return self.architecture is not None and not self.selected


def yardsticks(standings: Standings) -> list[Yardstick]:
    """The hand-made networks of a table, then the average, the largest and the best of its architectures."""
    table = standings.table

    def scores_of(name: str) -> np.ndarray:
        return np.array(table.values(name, budget=standings.budget, metric=standings.metric, seeds=table.seeds))

    made = [Yardstick(name, name, scores_of(name), made=True) for name in table.baselines]
    name, label = PAPERS_OWN.get(table.space.name, ("", ""))
    if name in table.architectures:
        made.append(Yardstick(f"{name} ({label})", name, scores_of(name), made=True))
    costs = [table.space.cost(table.space.architecture(name)) for name in table.architectures]
    largest = max(range(len(costs)), key=lambda n: (costs[n].multiply_adds, costs[n].parameters))

    def yardstick(label: str, place: int, selected: bool) -> Yardstick:
        name = table.architectures[place]
        return Yardstick(f"{label}: {name}", name, standings.scores[place], selected=selected)

    return [
        *made,
        Yardstick("average architecture", None, standings.scores.mean(0)),
        yardstick("largest network", largest, False),
        yardstick("best of the table", int(standings.truth.argmax()), True),
    ]
