"""What the paper printed for a space and a game, beside a comparison (paper, tables 1 and 4 to 9)."""

from __future__ import annotations

from dataclasses import dataclass

from rlnas.analysis.references import PAPERS_OWN
from rlnas.report.sections import Section, Table, cells, columns
from rlnas.spaces import load_space
from rlnas.table import Table as Benchmark


@dataclass(frozen=True)
class Printed:
    """A column of the paper's table 1."""

    scores: dict[str, tuple[str, str]]  # for each row reward mean and total reward, as text
    best: str  # the id of the architecture in its tables 6 to 9
    number: int  # of that table


RANDOM, NATURE = "random search", PAPERS_OWN["paper-1"][1]
# fmt: off
PRINTED = {
    ("paper-1", "ALE/Breakout-v5"): Printed({
        RANDOM: ("54.7 ± 8.3", "147.2 ± 25.5"), NATURE: ("57.1", "157.9"),
        "ENAS": ("61.4 ± 1.8", "161.1 ± 9.8"), "SPOS": ("39.7 ± 18.6", "144.4 ± 55.0"),
    }, "k2=4,k3=5", 6),
    ("paper-1", "ALE/Freeway-v5"): Printed({
        RANDOM: ("28.4 ± 1.0", "31.7 ± 0.8"), NATURE: ("13.1", "19.0"),
        "ENAS": ("26.4 ± 1.1", "30.7 ± 1.3"), "SPOS": ("29.6 ± 0.8", "29.4 ± 5.0"),
    }, "k2=3,k3=2", 7),
    ("paper-2", "ALE/Breakout-v5"): Printed({
        RANDOM: ("33.1 ± 29.5", "105.7 ± 94.2"),
        "ENAS": ("30.7 ± 21.7", "91.4 ± 64.4"), "SPOS": ("39.9 ± 41.0", "180.6 ± 72.5"),
    }, "k2=5,k3=5,k4=5,k5=2,k6=2", 8),
    ("paper-2", "ALE/Freeway-v5"): Printed({
        RANDOM: ("21.6 ± 0.2", "22.0 ± 0.2"),
        "ENAS": ("21.5 ± 0.1", "22.0 ± 0.2"), "SPOS": ("21.7 ± 0.1", "22.0 ± 0.1"),
    }, "k2=5,k3=5,k4=5,k5=5,k6=5", 9),
}
"""By the names of space and environment."""

TABLE_4 = {
    "steps": "10000000", "env_settings.num_envs": "8", "ppo.clip": "0.1", "ppo.entropy_coef": "0.01",
    "ppo.gae_lambda": "0.95", "ppo.learning_rate": "0.00025", "ppo.learning_rate_schedule": "cosine",
    "ppo.rollout_steps": "128", "ppo.value_coef": "0.25",
}
"""The settings in its table 4, by our names."""
TABLE_5 = {
    "baseline_momentum": "0.2", "child_iterations": "10", "children_per_update": "3", "entropy_coef": "0.0001",
    "learning_rate": "0.001",
}
"""The options of ENAS in its table 5, by our names."""
# fmt: on

TITLE = "What the paper printed"
PROTOCOL = "10M steps for each training, K = 3, 4 search seeds, random search repeated 1,000 times"
CAVEAT = "Compare the trend, and the numbers at its budget alone; its agents were trained by other code."
FREEWAY = " Always pressing up scores 21 to 22 in Freeway."


def printed(table: Benchmark) -> Printed | None:
    """The paper's numbers for the space and the environment of a table, if there are any."""
    name = table.space.name
    found = PRINTED.get((name, table.env))
    return None if found is None or table.space != load_space(name) else found


def papers_table(table: Benchmark) -> Section | None:
    """The paper's numbers for a table; without a CSV file, since they are not of the comparison's budget."""
    found = printed(table)
    if found is None:
        return None
    note = (
        f"Its table 1, for this space and game: {PROTOCOL}; ± standard deviation. Its table {found.number} shows "
        f"{found.best} as the best architecture, found by SPOS by reward mean. {CAVEAT}"
        f"{FREEWAY if 'Freeway' in table.env else ''}"
    )
    head = columns("network or strategy | reward mean | total reward")
    rows = tuple(cells(name, *scores) for name, scores in found.scores.items())
    return Section(TITLE, [Table(head, rows, note=note)])
