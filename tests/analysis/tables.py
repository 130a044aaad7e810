"""Tables with known numbers, searches of them, and what a comparison wrote."""

import csv
import io
from pathlib import Path

import numpy as np

from rlnas.analysis import Comparison, compare
from rlnas.report.comparison import write_comparison
from rlnas.report.sections import Document
from rlnas.spaces import Choice, Conv, Flatten, Linear, Space
from rlnas.stats.selection import held_out_scores
from rlnas.table import Table
from rlnas.table.files import MEASURED, write_table
from rlnas.table.searches import StoredSearch

ENV = "My<b>&Env|v0"
SPACE = Space(
    "tiny<i>",
    (2, 10, 10),
    [Conv(Choice("c", [2, 4]), kernel=Choice("k", [1, 2, 3, 4, 5])), Flatten(), Linear(8)],
)
NAMES = [architecture.id for architecture in SPACE]
MADE = [4.0, 5.0, 6.0]


def row(name: str, seed: int, total: float | None, mean: float | None, status: str = "done") -> dict:
    """A run whose scores at half of the budget are half of those at its end."""
    half = [None if score is None else score / 2 for score in (total, mean)]
    return {
        "architecture": name,
        "seed": seed,
        "status": status,
        "reason": "" if status == "done" else "broke",
        "steps": 1000,
        "episodes": 9,
        "budgets": [500, 1000],
        "total_reward": [half[0], total],
        "reward_mean": [half[1], mean],
        "parameters": 1,
        "multiply_adds": 1,
        **dict.fromkeys(MEASURED),
    }


def truths() -> tuple[np.ndarray, np.ndarray]:
    """Both metrics, `(architectures, seeds)`: total reward 0 to 9 in the order of the space; the other reversed."""
    noise = np.random.default_rng(0).normal(size=(len(NAMES), 3)) * 0.3
    total = np.arange(len(NAMES))[:, None] + noise - noise.mean(1, keepdims=True)
    return total, 20 - total


TOTAL, MEAN = truths()


def table(path: Path, seeds: int = 3, space: Space = SPACE, drop: tuple[str, int] | None = None) -> Table:
    rows = [row("my-cnn", seed + 1, MADE[seed], MADE[seed] / 2) for seed in range(seeds)]
    for number, name in enumerate(a.id for a in space):
        for seed in range(seeds):
            at = number % len(NAMES)
            rows.append(row(name, seed + 1, float(TOTAL[at, seed]), float(MEAN[at, seed])))
    rows = [entry for entry in rows if (entry["architecture"], entry["seed"]) != drop]
    write_table(path / "mine.parquet", rows, {"env": ENV, "space": space.to_dict()})
    return Table.read(path / "mine.parquet")


def search(proxy: dict[str, float], strategy: str = "spos", seed: int = 0, **changes) -> StoredSearch:
    ranking = sorted(proxy.items(), key=lambda item: -item[1])
    fields = {"env": ENV, "space": SPACE.name, "steps": 800, "cost_steps": 900, "ranking": ranking}
    fields["settings"] = {"ppo": {}}
    return StoredSearch(**{"strategy": strategy, "seed": seed, **fields, **changes})


def perfect(**changes) -> StoredSearch:
    return search({name: float(n) for n, name in enumerate(NAMES)}, **changes)


def worst(**changes) -> StoredSearch:
    return search({name: -float(n) for n, name in enumerate(NAMES)}, **changes)


def quick(mine: Table, searches: list[StoredSearch], out: Path | None = None, **changes) -> Comparison:
    found = compare(mine, searches, **{"repeats": 20, **changes})
    if out is not None:
        write_comparison(found, out)
    return found


def records(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / f"{name}.csv").read_text())))


def stored(found: Document) -> list[str]:
    """The names of the CSV files of a report."""
    return [table.name for section in found.sections for table in section.saved]


def held_out(scores: np.ndarray) -> float:
    return float(held_out_scores(scores).mean())
