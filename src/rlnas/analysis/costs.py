"""Costs of networks, and the Pareto front of score and cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from rlnas.analysis.ground_truth import GroundTruth
from rlnas.analysis.references import reference_networks

COSTS = ("parameters", "multiply-adds", "latency")


@dataclass(frozen=True)
class CostedNetwork:
    """A network of a table."""

    name: str  # its architecture's id, or the name of a network that is not of the space
    hand_made: bool  # whether people designed it
    score: float  # its true performance
    costs: dict[str, float]  # by the names in `COSTS`; latency in milliseconds, where it was measured


def costed_networks(truth: GroundTruth) -> list[CostedNetwork]:
    """The architectures of the table, in the order of the space, then the hand-made networks."""
    table = truth.table
    hand_made = {one.architecture for one in reference_networks(truth) if one.kind == "hand-made"}
    found = []
    for name in (*table.architectures, *table.baselines):
        score = table.mean(name, budget=truth.budget, metric=truth.metric, seeds=truth.seeds)
        run = table.query(name, seed=truth.seeds[0], budget=truth.budget)
        costs: dict[str, float] = {"parameters": run.parameters, "multiply-adds": run.multiply_adds}
        latency = table.measured(name)["measured_inference_ms"]
        if latency is not None:
            costs["latency"] = latency
        found.append(CostedNetwork(name, name in hand_made, score, costs))
    return found


def known_costs(networks: Sequence[CostedNetwork]) -> list[str]:
    """The kinds of cost that all networks have."""
    return [kind for kind in COSTS if all(kind in network.costs for network in networks)]


def front(networks: Sequence[CostedNetwork], kind: str) -> list[CostedNetwork]:
    """The Pareto front of score and a kind of cost, cheapest first."""
    return [networks[place] for place in pareto_front([(one.costs[kind], one.score) for one in networks])]


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """The places of the points of cost and score on the Pareto front, cheapest first.

    A point is on it if no other point is at least as cheap and scores at least as high, and is better in one.

    >>> pareto_front([(3, 9.0), (1, 5.0), (2, 4.0), (1, 5.0), (4, 9.0)])
    [1, 3, 0]
    """

    def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return one != other and one[0] <= other[0] and one[1] >= other[1]

    found = [n for n, point in enumerate(points) if not any(beats(other, point) for other in points)]
    return sorted(found, key=lambda n: points[n][0])
