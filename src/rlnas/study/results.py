"""The result of a finished study, and its search, to be compared on a table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rlnas.errors import UserError
from rlnas.files import read_object
from rlnas.processes import absolute
from rlnas.study.networks import NetworkSpec, folder_name
from rlnas.study.records import RESULT_SCHEMA, StudyResult
from rlnas.table import StoredSearch, read_searches
from rlnas.table.same_settings import GROUPS
from rlnas.table.searches import build_search, distinct
from rlnas.trials.records import checked_record
from rlnas.trials.results import NetworkResult, TrialResult
from rlnas.trials.trial import read_result


def network_result(spec: NetworkSpec, trials: Sequence[TrialResult], proxies: Mapping[str, float]) -> NetworkResult:
    """What a network of a study scored in some of its trials."""
    return NetworkResult(
        name=spec.name,
        architecture=dict(spec.space.architecture(spec.architecture)),
        space=spec.space.name,
        baseline=spec.baseline,
        candidate=spec.candidate,
        random=spec.random,
        proxy=None if spec.baseline and not spec.candidate else proxies.get(spec.name),
        parameters=trials[0].parameters,
        multiply_adds=trials[0].multiply_adds,
        trials=list(trials),
    )


def with_curves(run: Path, networks: Sequence[NetworkResult]) -> list[NetworkResult]:
    """Networks of a study with their trials as the trials' own files have them, where there are any: with curves."""
    found = []
    for network in networks:
        folder = absolute(run) / "trials" / folder_name(network.name)
        trials = [read_result(folder / f"seed-{trial.seed}") or trial for trial in network.trials]
        found.append(network.model_copy(update={"trials": trials}))
    return found


def read_study_result(run: Path) -> StudyResult | None:
    """A study's `result.json`, or `None` if it is not done, or there is no study.

    Raises:
        UserError: if it cannot be read, or is of another schema.
    """
    file = run / "result.json"
    if not (run / "study.json").exists() or not file.exists():
        return None
    result = read_object(file)
    if result.get("schema") != RESULT_SCHEMA:
        raise UserError(f"the study {str(run)!r} has a result of schema {result.get('schema')!r}, not {RESULT_SCHEMA}.")
    return checked_record(StudyResult, result, file)


def finished_study(run: Path) -> StudyResult:
    """As `read_study_result`; raises a `UserError` if the study is not done."""
    result = read_study_result(run)
    if result is None:
        raise UserError(f"the study {str(run)!r} is not done: rlnas resume {run}")
    return result


def search_of_run(run: str | Path) -> StoredSearch:
    """The search of a finished study, from its run directory.

    Raises:
        UserError: if the directory holds no study, the study is not done, or its files are damaged.
    """
    path = absolute(run)
    if not (path / "study.json").exists():
        raise UserError(f"{str(run)!r} is no run of rlnas search: it has no study.json.")
    study, result = read_object(path / "study.json"), finished_study(path)
    cost = result.search
    try:
        found = {
            **{name: getattr(result, name) for name in ("strategy", "seed", "env", "space", "steps")},
            "options": study["strategy_options"] | result.limits,
            "cost_steps": cost.steps + (cost.training_steps or 0),
            "trained": cost.trained_architectures if cost.training_steps is None else (),
            "settings": {group: study[group] for group in GROUPS},
            "precision": study.get("precision", "fp32"),
            "ranking": [(entry.architecture, entry.proxy) for entry in result.ranking],
            "remarks": cost.remarks,
        }
    except (LookupError, TypeError) as error:
        raise UserError(f"the study {str(run)!r} is damaged or of another version: {error!r}.") from None
    if cost.trained_architectures and cost.training_steps is None:
        found["train_steps"] = result.train_steps
        found["train_seeds"] = sorted({trial.seed for network in result.networks for trial in network.trials})
    return build_search(found, f"the study {str(run)!r}")


def collect_searches(sources: Sequence[str | Path]) -> list[StoredSearch]:
    """The searches of several files and run directories; raises a `UserError` if one is damaged, or given twice."""
    found: list[StoredSearch] = []
    for source in sources:
        found += [search_of_run(source)] if absolute(source).is_dir() else read_searches(source)
    return distinct(found)
