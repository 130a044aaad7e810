"""From a run directory that is there already to its settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rlnas.errors import UserError
from rlnas.experiments.arguments import checked
from rlnas.experiments.prepare_reproducing import holds_reproductions, is_reproduction
from rlnas.files import read_object

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import StudySettings, TableSettings, TrialSettings


def read_run_settings(path: Path) -> StudySettings | TrialSettings | TableSettings:
    """The settings in a run directory.

    Raises:
        UserError: if there is no run at that place, or its settings are damaged.
    """
    from rlnas.study import StudySettings, TableSettings, TrialSettings

    if (path / "study.json").exists():
        return checked(StudySettings, "setting", read_object(path / "study.json"))
    if (path / "trial.json").exists():
        return checked(TrialSettings, "setting", read_object(path / "trial.json"))
    if (path / "table.json").exists():
        return checked(TableSettings, "setting", read_object(path / "table.json"))
    if is_reproduction(path) or holds_reproductions(path):
        raise UserError(f"{str(path)!r} is the folder of rlnas reproduce: give that command again, and it goes on.")
    raise UserError(f"there is no run at {str(path)!r}: it has no study.json, trial.json or table.json.")
