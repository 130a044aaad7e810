"""What a run directory holds, read from disk. What is missing is named, not guessed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from rlnas.analysis.proxies import Truth
from rlnas.errors import UserError, fault
from rlnas.files import read_object
from rlnas.quantity import plural
from rlnas.spaces import FIXED_ID, Space, limit
from rlnas.study.latency import read_latencies
from rlnas.study.networks import NetworkSpec, networks_to_confirm, networks_to_train
from rlnas.study.records import FittedPath, SearchCost, StudyResult, read_paths, read_ranking
from rlnas.study.results import network_result, read_study_result
from rlnas.study.settings import StudySettings
from rlnas.table import MissingRun, Table
from rlnas.trials.episodes import EpisodeTable
from rlnas.trials.results import NetworkResult, TrialResult
from rlnas.trials.settings import TrialSettings
from rlnas.trials.trial import read_result

Curve = tuple[list[int], list[float]]


@dataclass(frozen=True)
class Run:
    """A study or a trial."""

    kind: str  # `"study"` or `"trial"`
    settings: dict[str, Any]  # `study.json` or `trial.json`
    space: Space  # the space of it
    # The networks to train, the search's first. Trials that have not ended are `unfinished` (running or stopped) or
    # `not begun`.
    networks: list[NetworkResult]
    spaces: dict[str, Space]  # the space of each, by its name
    done: bool  # whether it has ended
    best_name: str | None = None  # what the study returned
    ranking: list[tuple[str, float]] = field(default_factory=list)  # architectures and proxy scores, best first
    paths: list[FittedPath] = field(default_factory=list)  # the path log of a one-shot search
    games: Curve = field(default_factory=lambda: ([], []))  # step and return of every game of the search
    search: SearchCost | None = None  # what the search cost; `None` while it runs
    remarks: list[str] = field(default_factory=list)  # on the search, on odd environments, on what this report lacks
    latency: dict[str, float] = field(default_factory=dict)  # measured milliseconds, by the architecture's name
    truth: Truth | None = None  # the true performance of all architectures of the space, where a table knows it
    # The best and the hand-made networks with their confirmation seeds; empty without such seeds or before there is a
    # best.
    confirmation: list[NetworkResult] = field(default_factory=list)

    @property
    def env(self) -> str:
        """The environment's id."""
        return str(self.settings["env"])

    @property
    def best(self) -> NetworkResult | None:
        """The network that a study returned or would return now, or the one of a trial."""
        if self.best_name is not None:
            return next((network for network in self.networks if network.name == self.best_name), None)
        scored = [network for network in self.networks if network.candidate and network.score is not None]
        return max(scored, key=lambda network: network.score or 0.0, default=None)

    @property
    def baselines(self) -> list[NetworkResult]:
        """The hand-made networks."""
        return [network for network in self.networks if network.baseline]

    @property
    def random(self) -> list[NetworkResult]:
        """The random networks."""
        return [network for network in self.networks if network.random]

    def confirmed(self, network: NetworkResult) -> NetworkResult:
        """A network with its confirmation seeds, once all are done; else with its training seeds."""
        again = self.confirmation if self.done else []
        return next((one for one in again if one.name == network.name), network)

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The place of every architecture in the proxy ranking, from 1."""
        return {name: number for number, (name, _) in enumerate(self.ranking, 1)}

    @cached_property
    def fitted(self) -> Counter[str]:
        """How often each path was fitted."""
        return Counter(entry.path for entry in self.paths)


def read_run(path: Path) -> Run:
    """Reads a run directory; raises `UserError` if it is neither a study's nor a trial's, or is damaged."""
    try:
        if (path / "study.json").exists():
            return _read_study(path)
        if (path / "trial.json").exists():
            return _read_single(path)
    except UserError:
        raise
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        why = fault(error) if isinstance(error, ValidationError) else repr(error)
        raise UserError(f"the run {str(path)!r} is damaged or of another version: {why}.") from None
    if (path / "table.json").exists():
        raise UserError(f"{str(path)!r} builds a table, which has no report: rlnas table show {path / 'table.parquet'}")
    what = "holds neither study.json nor trial.json" if path.is_dir() else "is not a directory"
    raise UserError(f"{str(path)!r} is no run of rlnas: it {what}.")


def _read_single(path: Path) -> Run:
    settings = TrialSettings(**read_object(path / "trial.json"))
    space = settings.load_space()
    name = space.name if settings.architecture == FIXED_ID else settings.architecture
    spec = NetworkSpec(settings.architecture, space, settings.architecture, candidate=True)
    trial = read_result(path) or _open_trial(path, spec, settings.seed)
    # Nothing is stored by the shown name, so it may be any.
    network = network_result(spec, [trial], {}).model_copy(update={"name": name})
    done = trial.status == "done"
    plain = settings.model_dump(mode="json")
    return Run("trial", plain, space, [network], {name: space}, done, best_name=name, remarks=trial.remarks)


def _read_study(path: Path) -> Run:
    settings = StudySettings(**read_object(path / "study.json"))
    space = settings.load_space()
    result = read_study_result(path)
    told: list[str] = []
    if result is not None:
        settings, told = _as_done(settings, result)
        told += [*result.search.remarks, *result.remarks]
    file = path / "search" / "ranking.json"
    entries = result.ranking if result is not None else read_ranking(file) if file.exists() else []
    ranking = [(entry.architecture, float(entry.proxy)) for entry in entries]
    paths = read_paths(path / "search" / "paths.jsonl")
    table, gone = _find_table(settings)
    told += table.remarks if table else ()
    latency = path / "search" / "latency.json"
    latencies = read_latencies(latency) if latency.exists() else {}
    specs = networks_to_train([name for name, _ in ranking], settings, space) if ranking else []
    trained = [*result.networks, *result.confirmation] if result is not None else []
    known = {(network.name, trial.seed): trial for network in trained for trial in network.trials}
    networks = []
    for spec in specs:
        trials = _read_trials(path, spec, settings.training_seeds, known)
        if table is not None:
            trials = [_with_curve(trial, spec.name, table, settings.train_steps) for trial in trials]
        networks.append(network_result(spec, trials, dict(ranking)))
    run = Run(
        "study",
        settings.model_dump(mode="json"),
        space,
        networks,
        {spec.name: spec.space for spec in specs},
        done=result is not None,
        best_name=result.best if result is not None else None,
        ranking=ranking,
        paths=paths,
        games=_read_games(path / "search" / "episodes.parquet", paths),
        search=result.search if result is not None else None,
        remarks=[*gone, *told],
        latency=latencies,
        truth=_truth(table, settings, space, latencies),
    )
    ended = all(trial.ended for network in networks for trial in network.trials)
    if run.best is None or not ended or not settings.confirm_seeds:
        return run
    again = [
        network_result(spec, _read_trials(path, spec, settings.confirmation_seeds, known), dict(ranking))
        for spec in networks_to_confirm(run.best.name, specs)
    ]
    return replace(run, confirmation=again)


def _as_done(settings: StudySettings, result: StudyResult) -> tuple[StudySettings, list[str]]:
    """The settings with the seeds that the result has, and a remark on those that the run was given since."""
    done = {"train_seeds": (result.train_seeds, "more training seed")}
    if result.best is not None:
        done["confirm_seeds"] = (result.confirm_seeds, "more confirmation seed")
    remarks = []
    for name, (has, kind) in done.items():
        if (more := getattr(settings, name) - has) > 0:
            settings = settings.model_copy(update={name: has})
            remarks.append(f"{plural(more, kind)} not trained yet: rlnas resume RUN.")
    return settings, remarks


def _find_table(settings: StudySettings) -> tuple[Table | None, list[str]]:
    """The table of a study that looks trainings up, and a remark if it is gone or has changed."""
    try:
        return settings.load_table(), []
    except UserError as error:
        return None, [f"Curves and the average of all architectures are missing: {error}"]


def _truth(table: Table | None, settings: StudySettings, space: Space, latencies: dict[str, float]) -> Truth | None:
    """`None` unless a table has all architectures of the space."""
    if table is None or len(table.architectures) < table.space.size:
        return None
    try:
        names = [candidate.id for candidate in limit(space, settings.limits, latencies)]
        seeds = settings.training_seeds
        scores = [table.values(name, budget=settings.train_steps, metric="total_reward", seeds=seeds) for name in names]
    except UserError:  # a run is missing; or latencies are not measured yet
        return None
    return Truth(tuple(names), np.array(scores))


def _with_curve(trial: TrialResult, name: str, table: Table, budget: int) -> TrialResult:
    """A training that was looked up, with its learning curve: the score at each of the table's budgets."""
    try:
        found = table.query(name, seed=trial.seed, budget=budget)
    except MissingRun:
        return trial
    return trial.model_copy(update={"curve_steps": found.curve_steps, "curve": found.curve})


def _read_trials(
    path: Path, spec: NetworkSpec, seeds: Sequence[int], known: Mapping[tuple[str, int], TrialResult]
) -> list[TrialResult]:
    """The trials of a network; those that were looked up or failed are known from the study's result alone."""
    folders = [(seed, spec.folder(path, seed)) for seed in seeds]
    return [
        read_result(folder) or known.get((spec.name, seed)) or _open_trial(folder, spec, seed)
        for seed, folder in folders
    ]


def _open_trial(folder: Path, spec: NetworkSpec, seed: int) -> TrialResult:
    """A trial without a result."""
    status = "unfinished" if (folder / "trial.json").exists() else "not begun"
    return TrialResult.blank(spec.space, spec.architecture, seed, status=status)


def _read_games(file: Path, paths: list[FittedPath]) -> Curve:
    """The games of the search; while it runs, from its path log, each at the end of its fit."""
    if not file.exists():
        games = [(entry.steps, score) for entry in paths for score in entry.returns]
        return [step for step, _ in games], [score for _, score in games]
    table = EpisodeTable.read(file)
    return table.step, table.score
