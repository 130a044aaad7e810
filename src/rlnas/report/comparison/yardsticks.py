"""What no search returned, and every search is held against: hand-made networks, the average, the largest, the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rlnas.report.comparison.standings import Standings

PAPERS_OWN = {"paper-1": ("k2=4,k3=3", "k2=4,k3=3 (the paper's Nature-CNN)")}
"""Members of spaces that stand for a hand-made network (paper, table 3), and what tables call them."""


@dataclass(frozen=True, eq=False)
class Yardstick:
    """A network, or an average of networks, that no search returned.

    Attributes:
        label: what tables call it.
        kind: `"made"` by people; the `"average"` of all; the `"largest"`, which a score has no part in; the `"best"`,
            which its score picked.
        architecture: its name in the table; `None` for an average.
        scores: what it scores under each training seed, `(seeds,)`.
    """

    label: str
    kind: Literal["made", "average", "largest", "best"]
    architecture: str | None
    scores: np.ndarray

    @property
    def score(self) -> float:
        """Its true performance."""
        return float(self.scores.mean())


def yardsticks(standings: Standings) -> list[Yardstick]:
    """The hand-made networks of a table, then the average, the largest and the best of its architectures."""
    table = standings.table

    def scores_of(name: str) -> np.ndarray:
        return np.array(table.values(name, budget=standings.budget, metric=standings.metric, seeds=table.seeds))

    made = [Yardstick(name, "made", name, scores_of(name)) for name in table.baselines]
    name, label = PAPERS_OWN.get(table.space.name, ("", ""))
    if name in table.architectures:
        made.append(Yardstick(label, "made", name, scores_of(name)))
    best = int(standings.truth.argmax())
    return [
        *made,
        Yardstick("average architecture", "average", None, standings.scores.mean(0)),
        _largest(standings),
        Yardstick(
            f"best of the table: {table.architectures[best]}", "best", table.architectures[best], standings.scores[best]
        ),
    ]


def _largest(standings: Standings) -> Yardstick:
    """The network of the most multiply-adds and, among these, parameters: the average of them where some are equal."""
    table = standings.table
    costs = [table.space.cost(table.space.architecture(name)) for name in table.architectures]
    sizes = [(cost.multiply_adds, cost.parameters) for cost in costs]
    places = [place for place, size in enumerate(sizes) if size == max(sizes)]
    if len(places) == 1:
        name = table.architectures[places[0]]
        return Yardstick(f"largest network: {name}", "largest", name, standings.scores[places[0]])
    label = f"largest network: average of {len(places)} of equal size"
    return Yardstick(label, "largest", None, standings.scores[places].mean(0))
