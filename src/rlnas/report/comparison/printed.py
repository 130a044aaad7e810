"""What the paper printed for a space and a game, to be set beside a comparison (paper, tables 1 and 4 to 9)."""

from __future__ import annotations

from dataclasses import dataclass

from rlnas.report.comparison.sheets import Cell, Sheet, column, words
from rlnas.report.comparison.yardsticks import PAPERS_OWN
from rlnas.spaces import load_space
from rlnas.table import Table

Score = tuple[float, float | None]
"""A mean and its standard deviation."""


@dataclass(frozen=True)
class Printed:
    """A column of the paper's table 1.

    Attributes:
        scores: for each row reward mean and total reward.
        best: the id of the architecture that its tables 6 to 9 show.
        number: of that table.
    """

    scores: dict[str, tuple[Score, Score]]
    best: str
    number: int


RANDOM_ROW, NATURE_ROW = "random search", PAPERS_OWN["paper-1"][1]
PRINTED = {
    ("paper-1", "ALE/Breakout-v5"): Printed(
        {
            RANDOM_ROW: ((54.7, 8.3), (147.2, 25.5)),
            NATURE_ROW: ((57.1, None), (157.9, None)),
            "ENAS": ((61.4, 1.8), (161.1, 9.8)),
            "SPOS": ((39.7, 18.6), (144.4, 55.0)),
        },
        "k2=4,k3=5",
        6,
    ),
    ("paper-1", "ALE/Freeway-v5"): Printed(
        {
            RANDOM_ROW: ((28.4, 1.0), (31.7, 0.8)),
            NATURE_ROW: ((13.1, None), (19.0, None)),
            "ENAS": ((26.4, 1.1), (30.7, 1.3)),
            "SPOS": ((29.6, 0.8), (29.4, 5.0)),
        },
        "k2=3,k3=2",
        7,
    ),
    ("paper-2", "ALE/Breakout-v5"): Printed(
        {
            RANDOM_ROW: ((33.1, 29.5), (105.7, 94.2)),
            "ENAS": ((30.7, 21.7), (91.4, 64.4)),
            "SPOS": ((39.9, 41.0), (180.6, 72.5)),
        },
        "k2=5,k3=5,k4=5,k5=2,k6=2",
        8,
    ),
    ("paper-2", "ALE/Freeway-v5"): Printed(
        {
            RANDOM_ROW: ((21.6, 0.2), (22.0, 0.2)),
            "ENAS": ((21.5, 0.1), (22.0, 0.2)),
            "SPOS": ((21.7, 0.1), (22.0, 0.1)),
        },
        "k2=5,k3=5,k4=5,k5=5,k6=5",
        9,
    ),
}
"""By the names of space and environment."""


TABLE_4 = {
    "steps": "10000000",
    "env_settings.num_envs": "8",
    "ppo.clip": "0.1",
    "ppo.entropy_coef": "0.01",
    "ppo.gae_lambda": "0.95",
    "ppo.learning_rate": "0.00025",
    "ppo.learning_rate_schedule": "cosine",
    "ppo.rollout_steps": "128",
    "ppo.value_coef": "0.25",
}
"""The settings that its table 4 gives, by our names."""

TABLE_5 = {
    "baseline_momentum": "0.2",
    "child_iterations": "10",
    "children_per_update": "3",
    "entropy_coef": "0.0001",
    "learning_rate": "0.001",
}
"""The options of ENAS that its table 5 gives, likewise."""

CAVEAT = "Compare the trend, and the numbers at its budget alone; its agents were trained by other code."
FREEWAY = "Always pressing up scores 21 to 22 in Freeway."


def printed(table: Table) -> Sheet | None:
    """The paper's own numbers, if it has any for the space and the environment of a table, as text."""
    name = table.space.name
    found = PRINTED.get((name, table.env))
    if found is None or table.space != load_space(name):
        return None
    freeway = f" {FREEWAY}" if "Freeway" in table.env else ""
    return Sheet(
        "paper",
        "What the paper printed",
        "Its table 1, for this space and game: 10M steps for each training, K = 3, 4 search seeds, random search "
        f"repeated 1,000 times; ± standard deviation. Its table {found.number} shows {found.best} as the best "
        f"architecture, found by SPOS by reward mean. {CAVEAT}{freeway}",
        (
            column("network or strategy"),
            column("reward mean"),
            column("total reward"),
        ),
        tuple((words(name), *map(_as_printed, scores)) for name, scores in found.scores.items()),
    )


def _as_printed(score: Score) -> Cell:
    """The paper gives one decimal."""
    value, deviation = score
    return words(f"{value:.1f}" if deviation is None else f"{value:.1f} ± {deviation:.1f}")
