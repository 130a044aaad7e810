"""What a run directory holds, read from disk; what is missing is said, not guessed."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from rlnas.errors import UserError, fault
from rlnas.files import read_object
from rlnas.quantity import plural
from rlnas.report.proxy import Truth
from rlnas.spaces import FIXED_ID, Cost, Space, limit
from rlnas.study.latency import read_latencies
from rlnas.study.networks import NetworkSpec, is_drawn, is_yardstick, networks_to_train, to_confirm
from rlnas.study.records import FittedPath, read_paths, read_ranking
from rlnas.study.results import confirmed_seeds, read_study_result, trained_seeds
from rlnas.study.settings import StudySettings
from rlnas.table import MissingRun, Table
from rlnas.trials.episodes import EpisodeTable
from rlnas.trials.metrics import mean_over_seeds
from rlnas.trials.settings import TrialSettings
from rlnas.trials.trial import TrialResult, read_result

COSTS = ("fit_steps", "evaluated_architectures", "evaluation_steps")

Curve = tuple[list[int], list[float]]


@dataclass(frozen=True)
class Entrant:
    """A network that is trained from scratch, with all its trainings.

    Attributes:
        name: what results call it.
        space: its space.
        architecture: its id in there.
        baseline: whether it is a hand-made network.
        candidate: whether the search put it forward.
        drawn: whether it was drawn at random.
        trials: one for each training seed; beside `done` and `failed` their status may be `unfinished` (running or
            stopped) or `not begun`.
    """

    name: str
    space: Space
    architecture: str
    baseline: bool
    candidate: bool
    drawn: bool
    trials: list[TrialResult]

    @cached_property
    def cost(self) -> Cost:
        """What its encoder costs."""
        return self.space.cost(self.space.architecture(self.architecture))

    @property
    def scores(self) -> list[float]:
        """The total reward of every training that has one."""
        return [trial.total_reward for trial in self.trials if trial.total_reward is not None]

    @property
    def score(self) -> float | None:
        """The mean total reward; `None` unless every training has one, so that no failure flatters a network."""
        return mean_over_seeds([trial.total_reward for trial in self.trials])

    @property
    def reward_mean(self) -> float | None:
        """The mean over the trainings of the reward mean."""
        return mean_over_seeds([trial.reward_mean for trial in self.trials])

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation of the total reward over the seeds."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else None


@dataclass(frozen=True)
class Run:
    """A study or a trial.

    Attributes:
        kind: `"study"` or `"trial"`.
        settings: `study.json` or `trial.json`.
        space: the space of it.
        entrants: the networks to train, the search's first.
        done: whether it has ended.
        best_name: what the study returned.
        ranking: architectures and proxy scores, best first.
        paths: the path log of a one-shot search.
        games: step and return of every game of the search.
        search: what the search cost.
        remarks: what the strategy says about how it went, what is odd about the environment and its games, and what
            this report lacks.
        latency: measured milliseconds of an architecture, by its name; empty where none was measured.
        truth: the true performance of all architectures of the space, where a table knows it.
        confirmation: the best and the hand-made networks with the trainings whose seeds had no part in picking the
            best; empty where none was asked for, or the best is not picked yet.
    """

    kind: str
    settings: dict[str, Any]
    space: Space
    entrants: list[Entrant]
    done: bool
    best_name: str | None = None
    ranking: list[tuple[str, float]] = field(default_factory=list)
    paths: list[FittedPath] = field(default_factory=list)
    games: Curve = field(default_factory=lambda: ([], []))
    search: dict[str, int] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    latency: dict[str, float] = field(default_factory=dict)
    truth: Truth | None = None
    confirmation: list[Entrant] = field(default_factory=list)

    @property
    def env(self) -> str:
        """The environment's id."""
        return str(self.settings["env"])

    @property
    def best(self) -> Entrant | None:
        """The network that a study returned or would return now, or the one of a trial."""
        if self.best_name is not None:
            return next((entrant for entrant in self.entrants if entrant.name == self.best_name), None)
        scored = [entrant for entrant in self.entrants if entrant.candidate and entrant.score is not None]
        return max(scored, key=lambda entrant: entrant.score or 0.0, default=None)

    @property
    def baselines(self) -> list[Entrant]:
        """The hand-made networks."""
        return [entrant for entrant in self.entrants if entrant.baseline]

    @property
    def drawn(self) -> list[Entrant]:
        """The networks that were drawn at random."""
        return [entrant for entrant in self.entrants if entrant.drawn]

    def judged(self, entrant: Entrant) -> Entrant:
        """A network with the trainings that say best what it is worth: those of the confirmation, once done."""
        confirmed = self.confirmation if self.done else []
        return next((again for again in confirmed if again.name == entrant.name), entrant)

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The place of every architecture in the proxy ranking, from 1."""
        return {name: number for number, (name, _) in enumerate(self.ranking, 1)}

    @cached_property
    def fitted(self) -> Counter[str]:
        """How often each path was fitted."""
        return Counter(entry.path for entry in self.paths)


def read_run(path: Path) -> Run:
    """Reads a run directory.

    Raises:
        UserError: if it is neither a study's nor a trial's, or is damaged.
    """
    try:
        if (path / "study.json").exists():
            return _read_study(path)
        if (path / "trial.json").exists():
            return _read_single(path)
    except UserError:
        raise
    except ValidationError as error:
        raise UserError(f"the run {str(path)!r} is damaged or of another version: {fault(error)}.") from None
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"the run {str(path)!r} is damaged or of another version: {error!r}.") from None
    if (path / "table.json").exists():
        raise UserError(f"{str(path)!r} builds a table, which has no report: rlnas table show {path / 'table.parquet'}")
    what = "holds neither study.json nor trial.json" if path.is_dir() else "is not a directory"
    raise UserError(f"{str(path)!r} is no run of rlnas: it {what}.")


def _read_single(path: Path) -> Run:
    settings = TrialSettings(**read_object(path / "trial.json"))
    space = settings.load_space()
    name = space.name if settings.architecture == FIXED_ID else settings.architecture
    network = NetworkSpec(name, space, space.architecture(settings.architecture).id)
    trial = _read_trial(path, network, settings.seed)
    entrant = Entrant(name, space, network.architecture, False, True, False, [trial])
    plain = settings.model_dump(mode="json")
    return Run("trial", plain, space, [entrant], trial.status == "done", best_name=name, remarks=trial.remarks)


def _read_study(path: Path) -> Run:
    settings = StudySettings(**read_object(path / "study.json"))
    space = settings.load_space()
    result = read_study_result(path)
    told: list[str] = []
    if result is not None:
        settings, told = _as_done(settings, result)
        told += [*result["search"].get("remarks", []), *result.get("remarks", [])]
    file = path / "search" / "ranking.json"
    entries = result["ranking"] if result is not None else read_ranking(file) if file.exists() else []
    ranking = [(str(entry["architecture"]), float(entry["proxy"])) for entry in entries]
    paths = read_paths(path / "search" / "paths.jsonl")
    table, gone = _find_table(settings)
    told += table.remarks if table else ()
    latency = path / "search" / "latency.json"
    latencies = read_latencies(latency) if latency.exists() else {}
    entrants = _read_entrants(path, settings, space, result, [name for name, _ in ranking], table)
    run = Run(
        "study",
        settings.model_dump(mode="json"),
        space,
        entrants,
        done=result is not None,
        best_name=result["best"] if result is not None else None,
        ranking=ranking,
        paths=paths,
        games=_read_games(path / "search" / "episodes.parquet", paths),
        search={key: int(result["search"][key]) for key in COSTS} if result is not None else {},
        remarks=[*gone, *told],
        latency=latencies,
        truth=_truth(table, settings, space, latencies),
    )
    return replace(run, confirmation=_read_confirmation(path, settings, run, result))


def _as_done(settings: StudySettings, result: dict[str, Any]) -> tuple[StudySettings, list[str]]:
    """The settings with the seeds that the result has, and what to say if more were asked for since."""
    has = {"train_seeds": trained_seeds(result)}
    if result["best"] is not None:
        has["confirm_seeds"] = confirmed_seeds(result)
    asked = {name: getattr(settings, name) for name in has}
    kinds = {"train_seeds": "more training seed", "confirm_seeds": "more confirmation seed"}
    more = [plural(asked[name] - has[name], kinds[name]) for name in has if asked[name] > has[name]]
    settings = settings.model_copy(update={name: min(has[name], asked[name]) for name in has})
    return settings, [f"{seeds} asked for and not done: rlnas resume RUN." for seeds in more]


def _find_table(settings: StudySettings) -> tuple[Table | None, list[str]]:
    """The table of a study that looks trainings up, and what there is to say if it is gone or is no longer the same."""
    try:
        return settings.load_table(), []
    except UserError as error:
        return None, [f"Curves and the average of all architectures are missing: {error}"]


def _truth(table: Table | None, settings: StudySettings, space: Space, latencies: dict[str, float]) -> Truth | None:
    """What every candidate scores; `None` unless a table has all architectures of the space."""
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
    points = []
    for steps in table.budgets:
        if steps <= budget:
            try:
                reward = table.query(name, seed=trial.seed, budget=steps).total_reward
            except MissingRun:
                return trial
            points += [(steps, reward)] if reward is not None else []
    found = {"curve_steps": [steps for steps, _ in points], "curve": [reward for _, reward in points]}
    return trial.model_copy(update=found)


def _read_entrants(
    path: Path,
    settings: StudySettings,
    space: Space,
    result: dict[str, Any] | None,
    ranked: list[str],
    table: Table | None,
) -> list[Entrant]:
    """The networks that the ranking and the settings imply; none before there is a ranking."""
    summaries = _summaries(result["architectures"]) if result is not None else {}
    found = []
    for network in networks_to_train(ranked, settings, space) if ranked else []:
        name, made = network.name, is_yardstick(network, settings)
        trials = _read_trials(path, network, settings.training_seeds, summaries)
        if table is not None:
            trials = [_with_curve(trial, name, table, settings.train_steps) for trial in trials]
        drawn = is_drawn(network, settings)
        found.append(Entrant(name, network.space, network.architecture, made, network.candidate, drawn, trials))
    return found


def _read_confirmation(path: Path, settings: StudySettings, run: Run, result: dict[str, Any] | None) -> list[Entrant]:
    """The networks that train once the best is picked, with those trainings alone."""
    ended = all(trial.status in ("done", "failed") for entrant in run.entrants for trial in entrant.trials)
    if run.best is None or not ended or not settings.confirm_seeds:
        return []
    summaries = _summaries((result or {}).get("confirmation", []))
    known = {entrant.name: entrant for entrant in run.entrants}
    networks = networks_to_train([name for name, _ in run.ranking], settings, run.space)
    return [
        replace(known[network.name], trials=_read_trials(path, network, settings.confirmation_seeds, summaries))
        for network in to_confirm(run.best.name, networks, settings)
    ]


def _summaries(entries: list[dict[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
    """What a study's result says of each training, by network and seed."""
    return {(str(entry["name"]), int(trial["seed"])): trial for entry in entries for trial in entry["trials"]}


def _read_trials(
    path: Path, network: NetworkSpec, seeds: Sequence[int], summaries: dict[tuple[str, int], dict[str, Any]]
) -> list[TrialResult]:
    return [
        _read_trial(network.folder(path, seed), network, seed, summaries.get((network.name, seed))) for seed in seeds
    ]


def _read_trial(folder: Path, network: NetworkSpec, seed: int, summary: dict[str, Any] | None = None) -> TrialResult:
    """A trial from its own directory, or from the study's summary of it where it left no result there."""
    result = read_result(folder)
    if result is not None:
        return result
    if summary is None:
        summary = {"seed": seed, "status": "unfinished" if (folder / "trial.json").exists() else "not begun"}
    return TrialResult.blank(network.space, network.architecture, **summary)


def _read_games(file: Path, paths: list[FittedPath]) -> Curve:
    """The games of the search; while it runs, from its path log, each at the end of its fit."""
    if not file.exists():
        games = [(entry.steps, score) for entry in paths for score in entry.returns]
        return [step for step, _ in games], [score for _, score in games]
    table = EpisodeTable.read(file)
    return table.step, table.score
