"""What the calls return: a finished search, training or reproduction."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas.brief import Brief
from rlnas.errors import UserError

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.nets import Network
    from rlnas.report.comparison import Comparison


@dataclass(frozen=True, repr=False)
class AgentResult(Brief):
    """A finished run.

    Attributes:
        path: the run directory, as it was given.
        data: the content of its `result.json`.
    """

    path: Path
    data: dict[str, Any] = field(hash=False)

    def network(self) -> Network:
        """The trained network (of a search: the best architecture's, first training seed).

        Raises:
            UserError: if there is none.
        """
        from rlnas.study import load_network, trained_trial

        return load_network(trained_trial(self.path))[1]

    def export(self, to: str, out: str | Path | None = None) -> Path:
        """Writes the agent with that network for use elsewhere; see `rlnas.export.export`.

        Args:
            to: `"torch"`, `"onnx"` or `"sb3"`.
            out: the folder or file to write; in the folder `export` of the run by default.

        Returns:
            The folder or file that was written.

        Raises:
            UserError: if there is no trained agent, or the format is unknown or cannot hold the agent.
        """
        from rlnas.export import export

        return export(self.path, to, out)


@dataclass(frozen=True, repr=False)
class SearchResult(AgentResult):
    """What a study found."""

    def _facts(self) -> dict[str, Any]:
        judged = {entry["name"]: entry["total_reward"] for entry in self.confirmation or self.networks}
        about = {name: self.data.get(name) for name in ("env", "space", "strategy")}
        return {**about, "best": self.best, "total_reward": judged.get(self.best or ""), "path": str(self.path)}

    @property
    def best(self) -> str | None:
        """Id of the best architecture by true performance; `None` if no candidate has a score with every seed."""
        return self.data["best"]

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """Architecture ids and proxy performances, best first."""
        return [(entry["architecture"], entry["proxy"]) for entry in self.data["ranking"]]

    @property
    def networks(self) -> list[dict[str, Any]]:
        """Every network trained from scratch, with its scores and its trials."""
        return self.data["architectures"]

    @property
    def trials(self) -> list[dict[str, Any]]:
        """Every training from scratch: `network`, `seed`, `status`, `total_reward`, `reward_mean` and others."""
        return [{"network": entry["name"], **trial} for entry in self.networks for trial in entry["trials"]]

    @property
    def confirmation(self) -> list[dict[str, Any]]:
        """The best and the hand-made networks as they scored with the confirmation seeds; empty without any."""
        return self.data.get("confirmation", [])

    @property
    def failure(self) -> str | None:
        """Why the study found no best architecture; `None` if it did."""
        if not self.ranking:
            return "the search ranked no architecture: its trainings failed or finished no game"
        candidates = [trial for entry in self.networks if entry["candidate"] for trial in entry["trials"]]
        if all(trial["status"] == "failed" for trial in candidates):
            return "all trainings of candidates failed"
        if self.best is None:
            return "there is no best architecture, since no candidate has a score with every training seed"
        return None


@dataclass(frozen=True, repr=False)
class TrainingResult(AgentResult):
    """What one training from scratch came to."""

    def _facts(self) -> dict[str, Any]:
        facts = {"architecture": self.architecture, "seed": self.data.get("seed"), "total_reward": self.total_reward}
        return {**facts, "path": str(self.path)}

    @property
    def architecture(self) -> str:
        """Id of the architecture."""
        return self.data["architecture"]

    @property
    def total_reward(self) -> float | None:
        """Mean unclipped return of the last 100 full games; `None` if none finished."""
        return self.data["total_reward"]

    @property
    def reward_mean(self) -> float | None:
        """The metric that rewards learning early (paper, 5.3); `None` if no game finished."""
        return self.data["reward_mean"]

    @property
    def curve(self) -> list[tuple[int, float]]:
        """The learning curve: environment steps, and the mean return of the last 100 games at them."""
        return list(zip(self.data["curve_steps"], self.data["curve"], strict=True))


@dataclass(frozen=True, repr=False)
class ReproductionResult(Brief):
    """What the paper's experiment came to.

    Attributes:
        path: its folder.
        comparisons: for each space and environment, as `compare` returns it, by its folder.
        left_out: a sentence for each search that is in none, and why: it broke down, still runs elsewhere, or ranked
            nothing that has a score; and for each space and environment of which nothing came.
    """

    path: Path
    comparisons: dict[Path, Comparison]
    left_out: tuple[str, ...]

    def _facts(self) -> dict[str, Any]:
        compared = ", ".join(path.name for path in self.comparisons)
        return {"path": str(self.path), "comparisons": compared, "left_out": len(self.left_out)}

    @property
    def comparison(self) -> Comparison:
        """The comparison, where there is one.

        Raises:
            UserError: if several spaces or environments were asked for.
        """
        if self.path not in self.comparisons:
            raise UserError("there may be several comparisons: take them from .comparisons, by their folders.")
        return self.comparisons[self.path]
