"""Networks that no search returned, for comparison: hand-made ones, the average, the largest, the best."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rlnas.analysis.ground_truth import GroundTruth

PAPERS_OWN = {"paper-1": ("k2=4,k3=3", "k2=4,k3=3 (the paper's Nature-CNN)")}
"""By space, the architecture that is a hand-made network (paper, table 3), and its label."""


@dataclass(frozen=True, eq=False)
class ReferenceNetwork:
    """A network, or an average of networks, that no search returned."""

    label: str  # its name in tables
    # `"largest"` is chosen by size alone, `"best"` by its score.
    kind: Literal["hand-made", "average", "largest", "best"]
    architecture: str | None  # its name in the table; `None` for an average
    scores: np.ndarray  # its score under each training seed, `(seeds,)`

    @property
    def score(self) -> float:
        """Its true performance."""
        return float(self.scores.mean())


def reference_networks(truth: GroundTruth) -> list[ReferenceNetwork]:
    """The hand-made networks of a table, then the average, the largest and the best of its architectures."""
    table, names = truth.table, truth.table.architectures

    def hand_made(name: str, label: str) -> ReferenceNetwork:
        scores = table.values(name, budget=truth.budget, metric=truth.metric, seeds=table.seeds)
        return ReferenceNetwork(label, "hand-made", name, np.array(scores))

    found = [hand_made(name, name) for name in table.baselines]
    name, label = PAPERS_OWN.get(table.space.name, ("", ""))
    found += [hand_made(name, label)] if name in names else []
    best = int(truth.means.argmax())
    return [
        *found,
        ReferenceNetwork("average architecture", "average", None, truth.scores.mean(0)),
        _largest(truth),
        ReferenceNetwork(f"best of the table: {names[best]}", "best", names[best], truth.scores[best]),
    ]


def _largest(truth: GroundTruth) -> ReferenceNetwork:
    """The network of the most multiply-adds, then parameters; the average of those of equal size."""
    table = truth.table
    costs = [table.space.cost(table.space.architecture(name)) for name in table.architectures]
    sizes = [(cost.multiply_adds, cost.parameters) for cost in costs]
    places = [place for place, size in enumerate(sizes) if size == max(sizes)]
    if len(places) == 1:
        name = table.architectures[places[0]]
        return ReferenceNetwork(f"largest network: {name}", "largest", name, truth.scores[places[0]])
    label = f"largest network: average of {len(places)} of equal size"
    return ReferenceNetwork(label, "largest", None, truth.scores[places].mean(0))
