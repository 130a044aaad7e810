"""What is done with a run directory that is there already: `rlnas.resume`, its report, its export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rlnas.errors import UserError
from rlnas.experiments.options import MoreSeeds, Watched, Workers
from rlnas.experiments.request import Request, function
from rlnas.experiments.resolving import (
    check_strategy_options,
    checked,
    read_run_settings,
    resolve_device,
    resolve_precision,
)
from rlnas.experiments.results import SearchResult, TrainingResult
from rlnas.experiments.searching import SearchPlan, SearchRequest
from rlnas.experiments.tables import TablePlan
from rlnas.experiments.training import TrainingPlan, TrainRequest
from rlnas.export import EXPORTERS
from rlnas.kinds import Flag, Form, Place, RunPlace, Text
from rlnas.processes import absolute, check_may_start
from rlnas.user_imports import allow_imports, import_modules

if TYPE_CHECKING:
    from rlnas.table import Table


@dataclass(frozen=True)
class ResumeRequest(Request, Watched, Workers, MoreSeeds):
    """Continue a run where it was stopped; a finished run shows its result."""

    words = "resume"

    path: RunPlace
    """Run directory of a search, a training or a table."""

    def result(self) -> SearchResult | TrainingResult | Table:
        """Continues the run; an environment that fails raises `EnvironmentFault`."""
        check_may_start()
        run = absolute(self.path)
        settings = read_run_settings(run)
        allow_imports(settings.imports, self.imports)
        import_modules(settings.imports)  # which may hold the strategy
        from rlnas.study import StudySettings, TableSettings, TrialSettings
        from rlnas.trials.settings import current_versions

        seeds = {name: value for name in ("train_seeds", "confirm_seeds") if (value := getattr(self, name)) is not None}
        for name in seeds:
            if not isinstance(settings, StudySettings):
                raise UserError(f"{name.replace('_', '-')} is for a search, and {str(self.path)!r} is none.")
            if name == "train_seeds" and settings.table is not None:
                raise UserError("trainings that are looked up have the table's seeds: leave --train-seeds out.")
            settings = checked(StudySettings, "setting", settings.model_dump() | seeds)
        # The run may have begun on another machine, with other versions, or been changed by hand.
        resolve_precision(settings.precision, resolve_device(settings.device))
        settings = settings.model_copy(update={"versions": current_versions()})
        if isinstance(settings, TrialSettings):
            return TrainingPlan(run, settings).run(self.watch)
        if isinstance(settings, TableSettings):
            return TablePlan(run, settings, self.workers or 1, self.backend).run(self.watch)
        check_strategy_options(settings.strategy, settings.strategy_options)
        return SearchPlan(run, settings, self.workers or 1, self.backend).run(self.watch)


@dataclass(frozen=True)
class ReportRequest(Request):
    """Write the report of a run again: report.html in the run directory."""

    words = "report"

    run: RunPlace
    """Run directory of a search or a training."""

    csv: Flag = False
    """Write each table of the report to RUN/report/ as a CSV file, too."""

    def result(self) -> Path:
        """Writes the report; returns its file."""
        import_modules(self.imports)
        from rlnas.report import write_report
        from rlnas.study import StudySettings, TrialSettings

        settings, command = read_run_settings(absolute(self.run)), ""
        if isinstance(settings, StudySettings):
            command = SearchRequest.of(settings).command()
        elif isinstance(settings, TrialSettings):
            command = TrainRequest.of(settings).command()
        return write_report(self.run, command, self.csv)


FORMAT = Form(
    "{" + ",".join(EXPORTERS) + "}",
    values="; ".join(f"{name}: {exporter.about}" for name, exporter in EXPORTERS.items()) + ".",
)


@dataclass(frozen=True)
class ExportRequest(Request):
    """Write a trained agent for use elsewhere: the best of a search, or that of a training (docs/exports.md)."""

    words = "export"

    run: RunPlace
    """Run directory of a search or a training."""

    to: Annotated[Text, FORMAT]
    """The format."""

    out: Place | None = None
    """File or folder to write, in RUN/export by default."""

    def result(self) -> Path:
        """Writes the agent; returns the file or folder."""
        from rlnas.export import export

        return export(self.run, self.to, self.out, imports=self.imports)


resume = function(ResumeRequest, "resume")
