"""What `rlnas.search` and `rlnas.train` have in common: a run directory with a trained agent."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas.brief import Brief

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.nets import Network


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
