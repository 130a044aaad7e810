"""Builds a tabular benchmark: trains every architecture with every seed, and writes one file."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field

from rlnas.errors import UserError
from rlnas.study.latency import measure_all, measure_inference, measure_training
from rlnas.study.networks import NetworkSpec, find_baseline
from rlnas.study.trainings import run_all
from rlnas.table import Table
from rlnas.table.files import check_new, write_table
from rlnas.trials.backend import Backend
from rlnas.trials.episodes import EpisodeTable
from rlnas.trials.metrics import scores_at
from rlnas.trials.progress import Progress, Watcher, nobody
from rlnas.trials.records import Count, Timing, read_record
from rlnas.trials.results import TrialResult
from rlnas.trials.run_directory import RunDirectory
from rlnas.trials.settings import RunSettings, TrialSettings
from rlnas.trials.trial import read_result
from rlnas.user_imports import import_modules

POINTS = 20  # budgets at which a table can be queried, evenly spaced, the last being the whole


class TableSettings(RunSettings):
    """A tabular benchmark to build."""

    OPTIONAL = (*RunSettings.OPTIONAL, "latency")

    steps: int = Field(ge=1)  # environment steps of every training
    seeds: tuple[Count, ...] = Field(min_length=1)
    architectures: tuple[str, ...] = ()  # ids of those to train; all of the space where there are none
    baselines: tuple[str, ...] = ()  # hand-made networks to train beside them, as in `StudySettings`
    latency: bool = False  # whether the latencies of all networks are measured once they are trained

    def networks(self) -> list[NetworkSpec]:
        """The networks to train: the architectures, in the order of the space, then the hand-made networks."""
        space = self.load_space()
        names = self.architectures or [architecture.id for architecture in space]
        found = {name: NetworkSpec(name, space, name) for name in names}
        for name in self.baselines:
            baseline = find_baseline(name, space)
            found.setdefault(baseline.name, baseline)
        return list(found.values())

    def trial(self, network: NetworkSpec, seed: int) -> TrialSettings:
        """The settings of one training."""
        return self.training(network.space, network.architecture, seed, self.steps)

    @property
    def budgets(self) -> list[int]:
        """Environment steps at which the metrics are taken."""
        return sorted({max(1, self.steps * point // POINTS) for point in range(1, POINTS + 1)})


def build_table(path: Path, settings: TableSettings, backend: Backend, watch: Watcher = nobody) -> Table:
    """Builds a table, or goes on where an earlier process was stopped; writes `table.parquet` last.

    Args:
        path: the run directory; trials are in `trials/`, as those of a study.
        settings: what to train.
        backend: where they run, with a watcher of its own.
        watch: told how many are done, and of the measurements of latency.

    Returns:
        The table. A training that failed is a row with its reason.

    Raises:
        UserError: if the directory or a trial in it belongs to something else.
        WorkerError: if a worker's process breaks for a reason that is not its trial's.
    """
    import_modules(settings.imports)
    file = path / "table.parquet"
    with RunDirectory(path, "table", settings.model_dump(mode="json"), free={"latency": 0}) as run:
        run.rewrite()
        done = Table.read(file) if file.exists() else None
        if done is not None and not done.absent() and not (settings.latency and _unmeasured(done)):
            return done
        networks = settings.networks()
        trials = [[n.training(path, settings.trial(n, seed)) for seed in settings.seeds] for n in networks]
        total = len(networks) * len(settings.seeds)
        results = run_all(
            trials, backend, lambda done: watch(Progress("table", done, total, "trainings", finished=done == total))
        )
        return _write(file, path, settings, list(zip(networks, results, strict=True)), watch)


def collect_table(path: Path, settings: TableSettings, file: Path, watch: Watcher = nobody) -> Table:
    """Writes a table of the trainings that a build in the run directory `path` has finished so far.

    Raises a `UserError` if none is finished, or `file` cannot be a new table; it lies outside that directory.
    """
    check_new(file)
    found = []
    for network in settings.networks():
        results = [read_result(network.folder(path, seed)) for seed in settings.seeds]
        found.append((network, [result for result in results if result is not None]))
    if not any(results for _, results in found):
        raise UserError(f"no training of the table {str(path)!r} is finished yet.")
    return _write(file, path, settings, found, watch)


def measure_table(table: Table, settings: TableSettings, file: Path, watch: Watcher = nobody) -> Table:
    """Writes a table with latencies of this machine, those of all its networks measured one after another.

    A merged table holds latencies of several machines and moments, which cannot be compared. Results and wall times
    stay as they are.

    Args:
        table: the table.
        settings: the settings in it.
        file: a new file.
        watch: told of the measurements.

    Raises:
        UserError: if this version does not know one of its hand-made networks, the table does not say with which
            hyperparameters it was built (which decide what is measured), or the file cannot be a new table.
    """
    check_new(file)
    if settings.algorithm not in table.settings:
        raise UserError(f"the table {table.name!r} does not say with which hyperparameters it was built.")
    networks = [NetworkSpec(name, table.space, name) for name in table.architectures]
    networks += [find_baseline(name, table.space) for name in table.baselines]
    latencies = _latencies(networks, settings, watch)
    write_table(file, [row | latencies[row["architecture"]] for row in table.frame.to_dicts()], table.settings)
    return Table.read(file)


def _unmeasured(table: Table) -> int:
    """The trainings of a table whose network has no latency in it."""
    return table.frame["measured_inference_ms"].null_count()


def _write(
    file: Path,
    path: Path,
    settings: TableSettings,
    found: list[tuple[NetworkSpec, list[TrialResult]]],
    watch: Watcher,
) -> Table:
    networks = [network for network, results in found if results]
    latencies = _latencies(networks, settings, watch) if settings.latency else {}
    rows = [
        _row(network, path, result, settings.budgets) | latencies.get(network.name, {})
        for network, results in found
        for result in results
    ]
    write_table(file, rows, settings.model_dump(mode="json", exclude={"latency"}))
    return Table.read(file)


def _latencies(networks: Sequence[NetworkSpec], settings: TableSettings, watch: Watcher) -> dict[str, dict[str, float]]:
    """What the rows of each network say of its latencies."""
    pairs = [(network.space, network.space.architecture(network.architecture)) for network in networks]
    options = settings.algorithm_options
    own, minibatch = options.own_value_encoder, options.minibatch(settings.env_settings.num_envs)
    inference = measure_all(pairs, partial(measure_inference, own_value_encoder=own), watch)
    learn = partial(measure_training, minibatch=minibatch, own_value_encoder=own)
    training = measure_all(pairs, learn, watch, "latency of a minibatch")
    return {
        network.name: {"measured_inference_ms": one, "measured_training_ms": many}
        for network, one, many in zip(networks, inference, training, strict=True)
    }


def _row(network: NetworkSpec, path: Path, result: TrialResult, budgets: list[int]) -> dict[str, Any]:
    """The row of one training, without latencies."""
    games, seconds = EpisodeTable(), None
    if result.status == "done":
        folder = network.folder(path, result.seed)
        games = EpisodeTable.read(folder / "episodes.parquet")
        seconds = read_record(Timing, folder / "timing.json").seconds
    own = result.model_dump(include={"seed", "status", "reason", "steps", "episodes", "parameters", "multiply_adds"})
    scores = scores_at(games.step, games.score, budgets)
    return {"architecture": network.name, **own, "budgets": budgets, **scores, "measured_wall_seconds": seconds}
