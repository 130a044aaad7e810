"""`rlnas.train`: one training from scratch."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Self

from rlnas.errors import UserError
from rlnas.experiments.options import EnvRequest, request_for
from rlnas.experiments.request import function
from rlnas.experiments.resolving import Plan, run_path
from rlnas.experiments.results import TrainingResult
from rlnas.kinds import Architecture, Processes, Seed, Steps

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import TrialSettings, Watcher


@dataclass(frozen=True)
class TrainRequest(EnvRequest):
    """Train one architecture from scratch."""

    words = "train"

    arch: Architecture | None = None
    """Architecture, e.g. k2=4,k3=3; not needed where the space has no choices."""

    steps: Steps = "10M"
    """Environment steps, e.g. 10M, 500k, 1e6. A step that only resets an environment after a game counts, too."""

    _: KW_ONLY

    seed: Seed = 1
    """Root of the training's random streams."""

    threads: Processes = 1
    """Threads of torch and of the emulator. More than one pays only while the processors are idle."""

    def resolve(self) -> TrainingPlan:
        """Fills in what was left open; raises a `UserError` before anything is written if an option is not allowed."""
        from rlnas.study import TrialSettings

        common, space = self.common()
        architecture = (next(iter(space)) if self.arch is None else space.architecture(self.arch)).id
        if self.arch is None and space.size > 1:
            raise UserError(
                f"space {space.name!r} has {space.size:,} architectures: say which with --arch (in Python: arch=...), "
                f"such as {architecture!r}."
            )
        path = run_path(self.out, common.env, space.name, architecture, f"seed-{self.seed}")
        return TrainingPlan(path, self.complete(TrialSettings, common, architecture=architecture))

    def result(self) -> TrainingResult:
        """Trains, or continues the training."""
        return self.resolve().run(self.watch)

    @classmethod
    def of(cls, settings: TrialSettings) -> Self:
        """The request that gives these settings again, in a new directory."""
        return request_for(cls, settings, arch=settings.architecture)


@dataclass(frozen=True)
class TrainingPlan(Plan["TrialSettings"]):
    """A training that may begin."""

    def run(self, watch: Watcher | None = None) -> TrainingResult:
        """Runs or continues the training, and writes its report."""
        from rlnas.algorithms.torch_modes import torch_threads
        from rlnas.report import write_report
        from rlnas.study import run_trial
        from rlnas.trials.progress import nobody

        settings = self.settings
        space = settings.load_space()
        label = f"{settings.architecture if space.choices else space.name} seed-{settings.seed}"
        with torch_threads(settings.threads):
            result = run_trial(self.path, settings, watch or nobody, label)
        write_report(self.path, TrainRequest.of(settings).command())
        return TrainingResult(self.path, result)


train = function(TrainRequest, "train")
