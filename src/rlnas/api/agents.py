"""What `rlnas.search` and `rlnas.train` have in common: a run directory with a trained agent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.nets import Network


@dataclass(frozen=True)
class AgentResult:
    """A finished run with a trained agent.

    Attributes:
        path: the run directory.
        data: the content of its `result.json`.
    """

    path: Path
    data: dict[str, Any]

    def network(self) -> Network:
        """The trained network; of a search, that of the best architecture, first training seed.

        Raises:
            UserError: if there is no best architecture.
        """
        from rlnas.study import load_network, trained_trial

        return load_network(trained_trial(self.path))[1]

    def export(self, to: str, out: str | Path | None = None) -> Path:
        """Writes that network as an agent for use elsewhere; see `rlnas.export.export`.

        Args:
            to: `"torch"`, `"onnx"` or `"sb3"`.
            out: the folder or file to write; in the folder `export` of the run by default.

        Returns:
            The folder or file that was written.

        Raises:
            UserError: if there is no best architecture, or the format is unknown or cannot hold the agent.
        """
        from rlnas.export import export

        return export(self.path, to, out)
