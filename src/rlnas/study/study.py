"""A study: search, train the top K and the hand-made networks from scratch, return the best (paper, 5.3).

Beyond the paper: the seeds that pick the best flatter it, so it may be trained again with others (`confirm_seeds`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

from rlnas.algorithms.torch_modes import torch_threads
from rlnas.errors import UserError
from rlnas.files import read_object, write_json
from rlnas.study.candidates import find_candidates, needed_latencies
from rlnas.study.live_search import LiveSearch
from rlnas.study.networks import NetworkSpec, folder_name, networks_to_confirm, networks_to_train
from rlnas.study.records import RankedPath, SearchCost, StudyResult
from rlnas.study.results import finished_study, network_result, read_study_result
from rlnas.study.settings import StudySettings
from rlnas.study.trainings import LiveTrainings, TableTrainings, Trainings
from rlnas.trials.backend import Backend
from rlnas.trials.progress import Watcher, nobody
from rlnas.trials.results import TrialResult
from rlnas.trials.run_directory import GROWING, RunDirectory
from rlnas.trials.trial import read_settings
from rlnas.trials.warm_start import read_start
from rlnas.user_imports import import_modules


def run_study(path: Path, settings: StudySettings, backend: Backend, watch: Watcher = nobody) -> StudyResult:
    """Runs a study, or goes on where an earlier process was stopped.

    Args:
        path: the run directory.
        settings: of the study.
        backend: where its trials run, with a watcher of its own.
        watch: told of the progress of the search.

    Raises:
        UserError: if the directory or a checkpoint in it belongs to something else, or no architecture is within the
            limits.
        EnvironmentFault: if the environment fails during the search.
        TrainingDiverged: if the supernet's losses are no longer finite.
        WorkerError: if a worker's process breaks for a reason that is not its trial's.
    """
    import_modules(settings.imports)
    # Before anything is written, since it may turn out that no architecture is within the limits.
    measured = {} if (path / "study.json").exists() else needed_latencies(settings, watch)
    with RunDirectory(path, "study", settings.model_dump(mode="json"), free=_free(path)) as run:
        result = read_study_result(path)
        if result is not None and not _searches_anew(settings, result):
            return _grown(run, settings, result, backend)
        if result is not None:
            run.warn()
        run.rewrite()
        table = settings.load_table()
        candidates = find_candidates(path, settings, measured, watch)
        trainings: Trainings = TableTrainings(table, settings) if table else LiveTrainings(path, settings, backend)
        with torch_threads(settings.threads):
            search = LiveSearch(path / "search", settings, trainings, watch, candidates, backend)
            ranking = [RankedPath(architecture=entry.architecture.id, proxy=entry.proxy) for entry in search.run()]
            cost = SearchCost(**search.cost())
            networks = _networks(settings, ranking, search.start)
            del search  # frees the emulators and the supernet before the trainings begin
        result = _trained(settings, ranking, cost, networks, trainings)
        return _finished(path, settings, result, networks, trainings)


def _free(path: Path) -> dict[str, float]:
    """The least numbers of seeds that a command may ask for: those of the result, or what an unfinished study has."""
    done = read_study_result(path)
    if done is not None:
        return {name: getattr(done, name) for name in GROWING}
    begun = read_object(path / "study.json") if (path / "study.json").exists() else {}
    return {name: begun.get(name, 0) for name in GROWING}


def _searches_anew(settings: StudySettings, result: StudyResult) -> bool:
    """Whether more training seeds change the search itself, as it asked for trainings; those on disk are kept."""
    return settings.train_seeds > result.train_seeds and bool(result.search.trained_architectures)


def _grown(run: RunDirectory, settings: StudySettings, result: StudyResult, backend: Backend) -> StudyResult:
    """The result of a finished study, with the training and confirmation seeds that the settings have beyond it.

    The old result stays until the new one is whole, and what it says of the search goes into that. It is the result of
    a study that had all these seeds from the start.
    """
    more = settings.train_seeds > result.train_seeds
    if not more and (result.best is None or settings.confirm_seeds <= result.confirm_seeds):
        run.rewrite()
        return result

    def old_start(network: NetworkSpec) -> bytes:
        folder = network.folder(run.path, settings.training_seeds[0])
        return read_start(folder, read_settings(folder).start)

    networks = _networks(settings, result.ranking, old_start)
    run.warn()
    run.rewrite()
    trainings = LiveTrainings(run.path, settings, backend)
    if more:
        result = _trained(settings, result.ranking, result.search, networks, trainings)
    return _finished(run.path, settings, result, networks, trainings)


def _networks(
    settings: StudySettings, ranking: Sequence[RankedPath], start: Callable[[NetworkSpec], bytes]
) -> list[NetworkSpec]:
    """What is trained from scratch, with what `start` gives where trainings start from the supernet's weights."""
    networks = networks_to_train([entry.architecture for entry in ranking], settings, settings.load_space())
    if not settings.warm_start:
        return networks
    return [network if network.baseline else replace(network, start=start(network)) for network in networks]


def _trained(
    settings: StudySettings,
    ranking: list[RankedPath],
    cost: SearchCost,
    networks: Sequence[NetworkSpec],
    trainings: Trainings,
) -> StudyResult:
    found = trainings.run(networks, settings.training_seeds)
    return summarize(settings, ranking, list(zip(networks, found, strict=True)), cost)


def _finished(
    path: Path, settings: StudySettings, result: StudyResult, networks: Sequence[NetworkSpec], trainings: Trainings
) -> StudyResult:
    """Writes the result, with what the best and the hand-made networks score with the confirmation seeds, if any."""
    if settings.confirm_seeds and result.best is not None:
        again = networks_to_confirm(result.best, networks)
        proxies = {entry.architecture: entry.proxy for entry in result.ranking}
        trials = zip(again, trainings.run(again, settings.confirmation_seeds), strict=True)
        confirmation = [network_result(spec, own, proxies) for spec, own in trials]
        result = result.model_copy(update={"confirmation": confirmation})
    write_json(path / "result.json", result.plain())
    return result


def summarize(
    settings: StudySettings,
    ranking: list[RankedPath],
    trials: Sequence[tuple[NetworkSpec, list[TrialResult]]],
    search: SearchCost,
) -> StudyResult:
    """The result of a study; the same settings give the same one, so there are no times in it."""
    proxies = {entry.architecture: entry.proxy for entry in ranking}
    networks = [network_result(spec, own, proxies) for spec, own in trials]
    scored = [(network.score, network) for network in networks if network.candidate and network.score is not None]
    best = max(scored, key=itemgetter(0), default=None)
    return StudyResult(
        **{name: getattr(settings, name) for name in ("env", "strategy", "seed", "steps", "train_steps", "warm_start")},
        space=settings.space["name"],
        limits=settings.limits.given,
        best=best[1].name if best else None,
        networks=networks,
        remarks=sorted({remark for _, own in trials for result in own for remark in result.remarks}),
        ranking=ranking,
        search=search,
    )


def trained_trial(run: Path) -> Path:
    """The trial with a run's trained agent: a training's own directory, or that of a search's best architecture.

    Raises a `UserError` if there is none.
    """
    if (run / "trial.json").exists():
        return run
    if not (run / "study.json").exists():
        raise UserError(f"there is no search and no training at {str(run)!r}: it has no study.json or trial.json.")
    result = finished_study(run)
    if read_object(run / "study.json").get("table") is not None:
        raise UserError(
            f"the study {str(run)!r} looked its trainings up in a table: it has no trained agent. "
            "Train the architecture that it found with rlnas train."
        )
    best = result.network(result.best)
    if best is None:
        raise UserError(f"the study {str(run)!r} has no best architecture: no candidate has a score with every seed.")
    return run / "trials" / folder_name(best.name) / f"seed-{best.trials[0].seed}"
