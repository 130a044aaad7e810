"""What the networks of a table cost beside their scores, and which of them none beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlnas.report.comparison.compare import View
from rlnas.report.comparison.sheets import Cell, Sheet, column, count, number, words
from rlnas.report.comparison.tables import NAMES, slug
from rlnas.report.costs import pareto_front
from rlnas.report.formats import NONE, milliseconds

KINDS = ("parameters", "multiply-adds", "latency")


@dataclass(frozen=True)
class Sized:
    """A network of a table.

    Attributes:
        name: its architecture's id, or the name of a network that is not of the space.
        made: whether people made it.
        score: its true performance.
        costs: of each kind; latency in milliseconds, where it was measured.
    """

    name: str
    made: bool
    score: float
    costs: dict[str, float]


def networks(view: View) -> list[Sized]:
    """The architectures of the table, in the order of the space, then the hand-made networks."""
    standings, table = view.standings, view.standings.table
    made = {yard.architecture for yard in view.yardsticks if yard.kind == "made"}
    found = []
    for name in (*table.architectures, *table.baselines):
        score = table.mean(name, budget=standings.budget, metric=standings.metric, seeds=standings.seeds)
        run = table.query(name, seed=standings.seeds[0], budget=standings.budget)
        costs: dict[str, float] = {"parameters": run.parameters, "multiply-adds": run.multiply_adds}
        latency = table.measured(name)["measured_inference_ms"]
        if latency is not None:
            costs["latency"] = latency
        found.append(Sized(name, name in made, score, costs))
    return found


def known_kinds(sized: Sequence[Sized]) -> list[str]:
    """The kinds of cost that all networks have."""
    return [kind for kind in KINDS if all(kind in network.costs for network in sized)]


def front(sized: Sequence[Sized], kind: str) -> list[Sized]:
    """The networks that no other equals in both score and cost and beats in one, cheapest first."""
    return [sized[place] for place in pareto_front([(network.costs[kind], network.score) for network in sized])]


def sizes(view: View) -> Sheet:
    """Score and costs of all networks, best first."""
    sized = sorted(networks(view), key=lambda network: -network.score)
    kinds = known_kinds(sized)
    fronts = {kind: {network.name for network in front(sized, kind)} for kind in kinds}
    rows = []
    for network in sized:
        costs = []
        for kind in KINDS:
            member = "yes" if kind in kinds and network.name in fronts[kind] else ""
            cost = _cost(kind, network.costs.get(kind))
            costs.append(Cell(cost.text + (" ●" if member else ""), (*cost.values, member)))
        rows.append((words(network.name), words("yes" if network.made else ""), number(network.score), *costs))
    return Sheet(
        f"pareto-{slug(view.metric)}",
        f"Score and cost, by {NAMES[view.metric]}",
        "●: on the Pareto front of score and this cost.",
        (
            column("network"),
            column("hand-made"),
            column("score"),
            column("parameters", "parameters", "parameters_front"),
            column("multiply-adds", "multiply_adds", "multiply_adds_front"),
            column("latency", "latency_ms", "latency_front"),
        ),
        tuple(rows),
        texts=2,
    )


def _cost(kind: str, value: float | None) -> Cell:
    if value is None:
        return Cell(NONE, (None,))
    return Cell(milliseconds(value), (value,)) if kind == "latency" else count(int(value))
