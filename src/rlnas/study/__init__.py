"""Studies: search, train the top K from scratch, return the best; run directories, resuming, workers."""

from rlnas.study.records import StudyResult
from rlnas.study.results import collect_searches
from rlnas.study.settings import StudySettings, TableReference
from rlnas.study.study import run_study, trained_trial
from rlnas.study.table_build import TableSettings, build_table, collect_table, measure_table
from rlnas.trials.progress import Progress, Watcher
from rlnas.trials.results import NetworkResult, TrialResult
from rlnas.trials.run_directory import check_owner
from rlnas.trials.settings import TrialSettings
from rlnas.trials.trial import load_network, run_trial

__all__ = [
    "NetworkResult",
    "Progress",
    "StudyResult",
    "StudySettings",
    "TableReference",
    "TableSettings",
    "TrialResult",
    "TrialSettings",
    "Watcher",
    "build_table",
    "check_owner",
    "collect_searches",
    "collect_table",
    "load_network",
    "measure_table",
    "run_study",
    "run_trial",
    "trained_trial",
]
