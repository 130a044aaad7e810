"""A tabular benchmark: the true performance of every architecture of a space, under several seeds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars

from rlnas.errors import UserError, unknown
from rlnas.quantity import parse_steps, short
from rlnas.spaces import Space
from rlnas.spaces.choice import Option
from rlnas.table.files import MEASURED, read_table
from rlnas.trials.metrics import METRICS, PRIMARY
from rlnas.trials.results import TrialResult

Metric = str
"""The name of a metric, one of `rlnas.trials.metrics.METRICS`."""

OWN = ("seeds", "architectures", "baselines", "versions")
"""Settings in which tables may differ and still be parts of one: what they hold follows from their rows."""

MOST_ARCHITECTURES = 10_000  # architectures of a space that are still enumerated

PADDED = (
    "The networks of the table {!r} were padded with zeros to the widest option, as version 0.1 built them: "
    "parameters, multiply-adds, latencies and trainings are of the padded networks, not of those of this version."
)
"""What is said wherever the costs of such a table are shown."""


class MissingRun(UserError, LookupError):
    """The table has no such run; the message names architecture, seed and budget, and what there is."""


class NoScore(MissingRun):
    """The run is there, but it failed, or no game of it had ended."""


class Table:
    """A table, read-only. No method averages, rounds or fills in scores unless its name says so.

    Args:
        frame: the rows, with the columns of `rlnas.table.files.COLUMNS`.
        settings: what was run.
        name: what messages call the table.
        checksum: of the file.

    Attributes:
        architectures: ids, in the order of the space.
        baselines: names of the hand-made networks, which are queried like architectures.
        seeds: training seeds, ascending.
        budgets: environment steps at which every run can be queried, ascending; the last is the whole run.
        metrics: names of the metrics that it has; one that was added to rlnas later is missing.
    """

    def __init__(self, frame: polars.DataFrame, settings: Mapping[str, Any], name: str, checksum: str = ""):
        self.frame = frame
        self.settings = dict(settings)
        self.name = name
        self.checksum = checksum
        rows = frame.to_dicts()
        if not rows:
            raise UserError(f"the table {name!r} holds no run.")
        self._rows: dict[tuple[str, int], dict[str, Any]] = {(r["architecture"], r["seed"]): r for r in rows}
        self.budgets: list[int] = rows[0]["budgets"]
        if len(self._rows) < len(rows) or any(row["budgets"] != self.budgets for row in rows):
            raise UserError(f"the table {name!r} holds a run twice, or runs of different budgets.")
        present = sorted({architecture for architecture, _ in self._rows})
        places = {found: place for found in present if (place := self._place(found)) is not None}
        self.architectures = sorted(places, key=places.__getitem__)
        self.baselines = [found for found in present if found not in places]
        self.seeds = sorted({seed for _, seed in self._rows})
        self.metrics = [name for name in METRICS if name in frame.columns]

    @staticmethod
    def read(path: str | Path) -> Table:
        """Reads a table's file.

        Raises:
            UserError: if it is no table, or has changed since it was written.
        """
        frame, settings, checksum = read_table(Path(path))
        return Table(frame, settings, Path(path).stem, checksum)

    @cached_property
    def space(self) -> Space:
        """The search space."""
        return Space.from_dict(self.settings["space"])

    def _place(self, name: str) -> tuple[int, ...] | None:
        """Where an architecture stands in the order of the space; `None` for a network that is not of the space."""
        space = self.space  # which raises if it cannot be loaded
        try:
            return space.indices(space.architecture(name))
        except UserError:
            return None

    @property
    def env(self) -> str:
        """Id of the environment."""
        return str(self.settings["env"])

    @property
    def steps(self) -> int:
        """Environment steps of every run."""
        return self.budgets[-1]

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of its scores and costs must know, a sentence each."""
        padded = self.settings.get("versions", {}).get("rlnas", "").startswith("0.1.") and self.space.narrows
        return (PADDED.format(self.name),) if padded else ()

    @property
    def complete(self) -> bool:
        """Whether every architecture of the space, and every baseline, has a successful run with every seed."""
        return not self.missing() and len(self.architectures) == self.space.size

    def missing(self) -> list[tuple[str, int]]:
        """The networks and seeds that were to be trained, by the settings, and have no successful run."""
        names = self.settings.get("architectures", [])
        if not names and self.space.size <= MOST_ARCHITECTURES:
            names = [architecture.id for architecture in self.space]
        names = dict.fromkeys([*names, *self.settings.get("baselines", ()), *self._known])
        pairs = product(names, sorted({*self.settings.get("seeds", ()), *self.seeds}))
        return [pair for pair in pairs if pair not in self._rows or self._rows[pair]["status"] != "done"]

    def absent(self) -> list[tuple[str, int]]:
        """Those of `missing` that were not tried at all."""
        return [pair for pair in self.missing() if pair not in self._rows]

    def part(self, *, seeds: Sequence[int], without: Sequence[str] = ()) -> Table:
        """The table with some of its training seeds, and without some of its architectures and baselines.

        Raises:
            MissingRun: if the table has no such seed.
            UserError: if it has no such network, or nothing is left.
        """
        self.check_seeds(seeds)
        for name in without:
            if name not in self._known:
                raise unknown(f"network of the table {self.name!r}:", name, self._known)
        left_out = polars.col("architecture").is_in(list(without))
        kept = self.frame.filter(polars.col("seed").is_in(list(seeds)) & ~left_out)
        return Table(kept, self.settings, self.name, self.checksum)

    def unscored(self, *, budget: int | str, seeds: Sequence[int]) -> list[str]:
        """The architectures and baselines that lack a metric at a budget under one of the seeds."""
        place = self.budgets.index(self.budget(budget))
        self.check_seeds(seeds)

        def scored(row: Mapping[str, Any]) -> bool:
            return row["status"] == "done" and all(row[metric][place] is not None for metric in self.metrics)

        known = {pair for pair, row in self._rows.items() if scored(row)}
        return [name for name in self._known if not known.issuperset((name, seed) for seed in seeds)]

    def check_seeds(self, seeds: Sequence[int]) -> None:
        """Raises `MissingRun` if the table has no run with one of the seeds."""
        for seed in seeds:
            _check_seed(seed)
            if seed not in self.seeds:
                known = ", ".join(map(str, self.seeds))
                raise MissingRun(f"the table {self.name!r} has no runs with seed {seed}: its seeds are {known}.")

    def check_metric(self, metric: str) -> None:
        """Raises `UserError` for a metric that does not exist, `MissingRun` for one that the table lacks."""
        if metric not in METRICS:
            raise unknown("metric", metric, METRICS)
        if metric not in self.metrics:
            raise MissingRun(f"the table {self.name!r} was built without {metric}.")

    def budget(self, value: int | str) -> int:
        """One of the table's budgets in environment steps; raises `MissingRun` if it is none of them."""
        steps = value if isinstance(value, int) else parse_steps(value, "budget")
        if steps not in self.budgets:
            known = ", ".join(map(str, self.budgets))
            raise MissingRun(f"the table {self.name!r} has no scores at budget {steps}: its budgets are {known}.")
        return steps

    @cached_property
    def results_digest(self) -> str:
        """A hash of all that the settings decide: equal for two builds of one table, whatever the machine measured."""
        kept = self.frame.drop(MEASURED).sort("architecture", "seed").to_dicts()
        settings = {key: value for key, value in self.settings.items() if key not in OWN}
        settings["space"] = self.space.to_dict()
        return hashlib.sha256(json.dumps([settings, kept], sort_keys=True).encode()).hexdigest()

    def query(self, architecture: str | Mapping[str, Option], *, seed: int, budget: int | str) -> TrialResult:
        """One run at one budget: its `steps`. Its curve has a point at each budget; its games are not counted.

        At a smaller budget than the last this is the whole training as it stood then, not a training of that length:
        its learning rate falls over the whole training.

        Args:
            architecture: an architecture's id or its options, or the name of a baseline.
            seed: a training seed.
            budget: environment steps, one of `budgets`; `"300k"` will do.

        Raises:
            MissingRun: if the table has no such run, or the run failed.
        """
        row, index = self._find(architecture, seed, budget)
        kept = ("architecture", "seed", "parameters", "multiply_adds")
        curve = zip(self.budgets[: index + 1], row[PRIMARY], strict=False)
        points = [point for point in curve if point[1] is not None]
        return TrialResult.model_construct(
            space=self.space.name,
            steps=self.budgets[index],
            curve_steps=[steps for steps, _ in points],
            curve=[reward for _, reward in points],
            scores=dict.fromkeys(METRICS) | {name: row[name][index] for name in self.metrics},
            **{name: row[name] for name in kept},
        )

    def _find(
        self, architecture: str | Mapping[str, Option], seed: int, budget: int | str
    ) -> tuple[dict[str, Any], int]:
        """The row of a run, and the place of the budget; raises as `query` does."""
        _check_seed(seed)
        if not isinstance(architecture, str | Mapping):
            raise UserError(f"name an architecture by its id or its options, not by {architecture!r}.")
        if not isinstance(architecture, str) or architecture not in self._known:
            if isinstance(architecture, str) and "=" not in architecture:
                raise unknown(f"hand-made network of the table {self.name!r}:", architecture, self.baselines)
            architecture = self.space.architecture(architecture).id  # spelled in another order, or not in the space
        steps = budget if isinstance(budget, int) else parse_steps(budget, "budget")
        run = f"the table {self.name!r} has no run of architecture {architecture!r} with seed {seed} at budget {steps}"
        if architecture not in self._known:
            raise MissingRun(f"{run}: no run of that architecture is in it.")
        if (architecture, seed) not in self._rows:
            own = [str(known) for known in self.seeds if (architecture, known) in self._rows]
            raise MissingRun(f"{run}: its seeds are {', '.join(own)}.")
        if steps not in self.budgets:
            raise MissingRun(f"{run}: its budgets are {', '.join(map(str, self.budgets))}.")
        row = self._rows[architecture, seed]
        if row["status"] != "done":
            raise NoScore(f"{run}: that run failed ({row['reason']}).")
        return row, self.budgets.index(steps)

    @cached_property
    def _known(self) -> dict[str, None]:
        return dict.fromkeys([*self.architectures, *self.baselines])

    def values(self, architecture: str, *, budget: int | str, metric: Metric, seeds: Sequence[int]) -> list[float]:
        """A metric of one architecture under each of the seeds.

        Raises:
            MissingRun: if a run is missing, failed, or had finished no game by then.
            UserError: if there is no such metric.
        """
        self.check_metric(metric)
        if not isinstance(seeds, Sequence) or isinstance(seeds, str) or not seeds or len(set(seeds)) < len(seeds):
            raise UserError(f"name at least one seed, and each once, as a list, not {seeds!r}.")
        found: list[float] = []
        for seed in seeds:
            row, index = self._find(architecture, seed, budget)
            value = row[metric][index]
            if value is None:
                raise NoScore(
                    f"the table {self.name!r} has no {metric} of architecture {architecture!r} with seed {seed} at "
                    f"budget {self.budgets[index]}: no game had ended by then."
                )
            found.append(value)
        return found

    def mean(self, architecture: str, *, budget: int | str, metric: Metric, seeds: Sequence[int]) -> float:
        """The mean of a metric over the given seeds; raises as `values` does."""
        return float(np.mean(self.values(architecture, budget=budget, metric=metric, seeds=seeds)))

    def scores(self, *, budget: int | str, metric: Metric, seeds: Sequence[int]) -> np.ndarray:
        """A metric of all architectures, `(architectures, seeds)` float64; raises as `values` does."""
        found = [self.values(name, budget=budget, metric=metric, seeds=seeds) for name in self.architectures]
        return np.array(found, dtype=np.float64)

    def measured(self, architecture: str) -> dict[str, float | None]:
        """What the building machine measured for an architecture; `None` where it did not.

        Of latencies the least of its runs, since what disturbs one only makes it longer; of wall time the mean.
        """
        if architecture not in self._known:
            raise MissingRun(f"the table {self.name!r} has no run of architecture {architecture!r}.")
        own = self.frame.filter(architecture=architecture)
        known = {name: own[name].drop_nulls().to_numpy() for name in MEASURED}
        together = {name: np.mean if name == "measured_wall_seconds" else np.min for name in MEASURED}
        return {name: float(together[name](values)) if values.size else None for name, values in known.items()}

    def __repr__(self) -> str:
        space = f"{len(self.architectures)} architectures of {self.space.name}"
        return f"Table({self.name!r}: {self.env}, {space}, {len(self.seeds)} seeds, {short(self.steps)} steps)"


def _check_seed(seed: object) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise UserError(f"a seed is a whole number, not {seed!r}.")
