"""The result of a finished study, and the search that a table can judge by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlnas.errors import UserError
from rlnas.files import read_object
from rlnas.processes import absolute
from rlnas.study.records import StudyResult
from rlnas.study.settings import MAX_SEEDS
from rlnas.table import StoredSearch, read_searches
from rlnas.table.searches import build_search, distinct
from rlnas.table.settings import GROUPS
from rlnas.trials.records import checked_record

RESULT_SCHEMA = 1
"""The schema of `result.json`."""


def read_study_result(run: Path) -> dict[str, Any] | None:
    """The content of a study's `result.json`, or `None` if it is not done, or there is no study.

    Raises:
        UserError: if it cannot be read, or is of another schema.
    """
    if not (run / "study.json").exists() or not (run / "result.json").exists():
        return None
    file = run / "result.json"
    result = read_object(file)
    if result.get("schema") != RESULT_SCHEMA:
        raise UserError(f"the study {str(run)!r} has a result of schema {result.get('schema')!r}, not {RESULT_SCHEMA}.")
    checked_record(StudyResult, result, file)
    return result


def finished_study(run: Path) -> dict[str, Any]:
    """As `read_study_result`, of a study that must be done.

    Raises:
        UserError: if it is not, or its result cannot be read.
    """
    result = read_study_result(run)
    if result is None:
        raise UserError(f"the study {str(run)!r} is not done: rlnas resume {run}")
    return result


def trained_seeds(result: Mapping[str, Any]) -> int:
    """The training seeds that are in a study's result; where nothing was trained, as many as there can be."""
    return max((len(entry["trials"]) for entry in result["architectures"]), default=MAX_SEEDS)


def confirmed_seeds(result: Mapping[str, Any]) -> int:
    """The confirmation seeds that are in a study's result."""
    return max((len(entry["trials"]) for entry in result.get("confirmation", [])), default=0)


def search_of_run(run: str | Path) -> StoredSearch:
    """The search of a finished study, from its run directory.

    Raises:
        UserError: if the directory holds no study, the study is not done, or its files are damaged.
    """
    path = absolute(run)
    if not (path / "study.json").exists():
        raise UserError(f"{str(run)!r} is no run of rlnas search: it has no study.json.")
    study, result = read_object(path / "study.json"), finished_study(path)
    try:
        cost = result["search"]
        found = {name: result[name] for name in ("strategy", "seed", "env", "space", "steps")}
        found["options"] = study["strategy_options"] | result.get("limits", {})
        found["cost_steps"] = cost["fit_steps"] + cost["evaluation_steps"]
        found["trained"] = cost.get("trained_architectures", ())
        if found["trained"]:
            found["train_steps"] = result["train_steps"]
            own = [trial["seed"] for entry in result["architectures"] for trial in entry["trials"]]
            found["train_seeds"] = sorted({*own})
        found["settings"] = {group: study[group] for group in GROUPS}
        found["ranking"] = [(entry["architecture"], entry["proxy"]) for entry in result["ranking"]]
    except (LookupError, TypeError) as error:
        raise UserError(f"the study {str(run)!r} is damaged or of another version: {error!r}.") from None
    return build_search({**found, "remarks": cost.get("remarks", ())}, f"the study {str(run)!r}")


def collect_searches(sources: Sequence[str | Path]) -> list[StoredSearch]:
    """The searches of several files and run directories.

    Raises:
        UserError: if one of them cannot be read, or a search is given twice.
    """
    found: list[StoredSearch] = []
    for source in sources:
        found += [search_of_run(source)] if absolute(source).is_dir() else read_searches(source)
    return distinct(found)
