"""Every full game of a training: the step it ended on, its return, its length."""

import io
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from rlnas.envs import Episode
from rlnas.errors import UserError
from rlnas.files import write_bytes
from rlnas.trials.metrics import WINDOW, total_reward
from rlnas.trials.records import read_columns

SCHEMA = {"step": "Int64", "return": "Float64", "length": "Int64"}


class EpisodeTable:
    """The finished games of a training, in the order in which they ended."""

    def __init__(self) -> None:
        self.step: list[int] = []
        self.score: list[float] = []
        self.length: list[int] = []

    def extend(self, episodes: Iterable[tuple[int, Episode]]) -> None:
        """Adds games, each with the environment step on which it ended."""
        for step, episode in episodes:
            self.step.append(step)
            self.score.append(episode.score)
            self.length.append(episode.length)

    def until(self, steps: int) -> Self:
        """The games that had ended by so many steps."""
        found, count = type(self)(), bisect_right(self.step, steps)
        found.step, found.score, found.length = self.step[:count], self.score[:count], self.length[:count]
        return found

    @property
    def recent(self) -> float | None:
        """Mean return of the last 100 games."""
        return total_reward(self.score[-WINDOW:])

    def state_dict(self) -> dict[str, Tensor]:
        """The columns as tensors, for a checkpoint."""
        return {
            "episodes.step": torch.tensor(self.step, dtype=torch.int64),
            "episodes.score": torch.tensor(self.score, dtype=torch.float64),
            "episodes.length": torch.tensor(self.length, dtype=torch.int64),
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restores what `state_dict` gave."""
        self.step = state["episodes.step"].tolist()
        self.score = state["episodes.score"].tolist()
        self.length = state["episodes.length"].tolist()

    def write(self, path: Path) -> None:
        """Writes the table as Parquet: columns `step` (int64), `return` (float64), `length` (int64)."""
        import polars  # late: it starts threads, and no process with threads forks trials

        columns = dict(zip(SCHEMA, (self.step, self.score, self.length), strict=True))
        schema = {name: getattr(polars, kind) for name, kind in SCHEMA.items()}
        buffer = io.BytesIO()
        polars.DataFrame(columns, schema=schema).write_parquet(buffer)
        write_bytes(path, buffer.getvalue())

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` wrote; raises a `UserError` if the file is damaged."""
        found = cls()
        found.step, found.score, found.length = read_columns(path, SCHEMA).values()
        if found.step != sorted(found.step):
            raise UserError(f"the file {str(path)!r} has games out of order.")
        return found
