"""What the calls return: a finished search, training or reproduction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas.brief import Brief
from rlnas.errors import UserError

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from polars import DataFrame

    from rlnas.analysis import Comparison
    from rlnas.nets import Network
    from rlnas.stats.estimates import Estimate
    from rlnas.study.records import StudyResult
    from rlnas.trials.results import NetworkResult, TrialResult


class AgentResult(Brief):
    """A finished run."""

    path: Path

    def network(self) -> Network:
        """The trained network (of a search: the best architecture's, first training seed)."""
        from rlnas.study import load_network, trained_trial

        return load_network(trained_trial(self.path))[1]

    def export(self, to: str, out: str | Path | None = None) -> Path:
        """Writes the agent with that network for use elsewhere (see `rlnas.export.export`); returns the file or folder.

        Raises:
            UserError: if the format cannot hold the agent.
        """
        from rlnas.export import export

        return export(self.path, to, out)


@dataclass(frozen=True, repr=False)
class SearchResult(AgentResult):
    """What a study found.

    Attributes:
        path: the run directory, as it was given.
        study: the content of its `result.json`.
    """

    path: Path
    study: StudyResult = field(hash=False)

    def _facts(self) -> dict[str, object]:
        about = {name: getattr(self.study, name) for name in ("env", "space", "strategy", "best")}
        best = self.study.network(self.study.best)
        score = self.study.confirmed(best).score if best else None
        return {**about, "total_reward": score, "path": str(self.path)}

    @property
    def data(self) -> dict[str, Any]:
        """The content of its `result.json` (docs/runs.md)."""
        return self.study.plain()

    @cached_property
    def networks(self) -> list[NetworkResult]:
        """Every network trained from scratch, with its scores and its trials."""
        return self._read(self.study.networks)

    @cached_property
    def confirmation(self) -> list[NetworkResult]:
        """The best and the hand-made networks, with their trials with the confirmation seeds; empty without any."""
        return self._read(self.study.confirmation)

    def _read(self, networks: list[NetworkResult]) -> list[NetworkResult]:
        from rlnas.study.results import with_curves

        return with_curves(self.path, networks)

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """Architecture ids and proxy performances, best first."""
        return [(entry.architecture, entry.proxy) for entry in self.study.ranking]

    @property
    def best(self) -> NetworkResult | None:
        """The candidate with the highest mean total reward; `None` if none has a score with every seed."""
        return next((network for network in self.networks if network.name == self.study.best), None)

    @property
    def default(self) -> NetworkResult | None:
        """The usual hand-made network, or the first of those that were named; `None` without one."""
        return next((network for network in self.networks if network.baseline), None)

    @property
    def lead(self) -> Estimate | None:
        """By how much the best scores higher than the hand-made network, in total reward.

        It has a 95% interval where both were trained with several confirmation seeds. The training seeds picked the
        best, so by them there is only a value. `None` without two such networks that have a score.
        """
        if self.best is None or self.default is None or self.default.name == self.best.name:
            return None
        found = self.study.confirmed(self.best).lead_over(self.study.confirmed(self.default))
        return found if found is None or self.confirmation else replace(found, low=None, high=None)

    def frame(self) -> DataFrame:
        """All trials as a table of polars, a row each: network, roles, seed, status, scores, costs."""
        return self.study.frame()

    @property
    def failure(self) -> str | None:
        """Why the study found no best architecture; `None` if it did."""
        if not self.ranking:
            return "the search ranked no architecture: its trainings failed or finished no game"
        if all(trial.status == "failed" for network in self.networks if network.candidate for trial in network.trials):
            return "all trainings of candidates failed"
        if self.best is None:
            return "there is no best architecture, since no candidate has a score with every training seed"
        return None


@dataclass(frozen=True, repr=False)
class TrainingResult(AgentResult):
    """The result of one training from scratch.

    Attributes:
        path: the run directory, as it was given.
        trial: the content of its `result.json`.
    """

    path: Path
    trial: TrialResult = field(hash=False)

    def _facts(self) -> dict[str, object]:
        facts = {"architecture": self.architecture, "seed": self.trial.seed, "total_reward": self.total_reward}
        return {**facts, "path": str(self.path)}

    @property
    def data(self) -> dict[str, Any]:
        """The content of its `result.json` (docs/runs.md)."""
        return self.trial.model_dump(mode="json")

    @property
    def architecture(self) -> str:
        """Id of the architecture."""
        return self.trial.architecture

    @property
    def total_reward(self) -> float | None:
        """Mean unclipped return of the last 100 full games; `None` if none finished."""
        return self.trial.total_reward

    @property
    def reward_mean(self) -> float | None:
        """The metric that rewards learning early (paper, 5.3); `None` if no game finished."""
        return self.trial.scores["reward_mean"]

    @property
    def curve(self) -> list[tuple[int, float]]:
        """The learning curve: environment steps, and the mean return of the last 100 games at them."""
        return list(zip(self.trial.curve_steps, self.trial.curve, strict=True))


@dataclass(frozen=True, repr=False)
class ReproductionResult(Brief):
    """The result of the paper's experiment.

    Attributes:
        path: its folder.
        comparisons: for each space and environment, as `compare` returns it, by its folder.
        left_out: a sentence for each search that is in none, and why: it broke down, still runs elsewhere, or ranked
            nothing that has a score; and for each space and environment without a result.
    """

    path: Path
    comparisons: dict[Path, Comparison]
    left_out: tuple[str, ...]

    def _facts(self) -> dict[str, object]:
        compared = ", ".join(path.name for path in self.comparisons)
        return {"path": str(self.path), "comparisons": compared, "left_out": len(self.left_out)}

    @property
    def comparison(self) -> Comparison:
        """The comparison; raises a `UserError` if there may be several."""
        if self.path not in self.comparisons:
            raise UserError("there may be several comparisons: take them from .comparisons, by their folders.")
        return self.comparisons[self.path]
