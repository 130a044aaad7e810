"""From a run directory to a file or folder in one of the formats."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from rlnas import kinds
from rlnas.errors import UserError, needs_extra, unknown
from rlnas.files import check_no_links, write_bytes
from rlnas.kinds import checked_call
from rlnas.processes import absolute, settled


@dataclass(frozen=True)
class Exporter:
    """A format.

    Attributes:
        about: what it writes, as part of a sentence.
        name: of the file in the folder `export` of a run, or without a suffix of the folder.
        module: its `convert` makes an `Export` of an `Agent`; it is imported late, since it needs torch.
        packages: those that it needs beyond those of rlnas.
    """

    about: str
    name: str
    module: str
    packages: tuple[str, ...] = ()


_ONNX, _SB3 = ("onnx", "onnxscript", "onnxruntime"), ("stable_baselines3",)
EXPORTERS = {
    "torch": Exporter("a folder with the network as a Python file and its weights", "torch", "rlnas.export.torch_file"),
    "onnx": Exporter("one file for onnxruntime and others", "network.onnx", "rlnas.export.onnx_file", _ONNX),
    "sb3": Exporter("a file for PPO.load of Stable-Baselines3", "ppo.zip", "rlnas.export.sb3_file", _SB3),
}
"""All formats, by name."""


@settled()
@checked_call
def export(run: kinds.Place, to: kinds.Text, out: kinds.Place | None = None, *, imports: kinds.Modules = ()) -> Path:
    """Writes the trained agent of a run in a format that needs no rlnas, or only little of it.

    Args:
        run: the run directory of a training, or of a search: its best architecture, first training seed.
        to: `"torch"`, a folder with the network as one Python file, its weights and its description; `"onnx"`, one
            file for onnxruntime and others; `"sb3"`, a file for `PPO.load` of Stable-Baselines3.
        out: the folder or file to write; in the folder `export` of the run by default.
        imports: the modules that the run imports, allowed by name, since they are code; those that this process has
            imported already need not be named.

    Returns:
        The folder or file that was written.

    Raises:
        UserError: if there is no trained agent, the format is unknown or cannot hold it, a package is missing, or
            `out` is of the wrong kind.
        ParityError: if the export does not compute what the network computes; nothing is written then.
    """
    if to not in EXPORTERS:
        raise unknown("export format", to, EXPORTERS)
    exporter = EXPORTERS[to]
    missing = [name for name in exporter.packages if importlib.util.find_spec(name) is None]
    if missing:
        raise needs_extra(f"exporting to {to} needs {', '.join(missing)}, of", "export")
    run = absolute(run)
    path = absolute(out) if out is not None else run / "export" / exporter.name
    suffix = Path(exporter.name).suffix
    if not suffix and path.exists() and not path.is_dir():
        raise UserError(f"exporting to {to} makes a folder, but {str(path)!r} is a file.")
    if suffix and (path.suffix != suffix or path.is_dir()):
        raise UserError(f"exporting to {to} makes a file whose name ends in {suffix}, which {str(path)!r} is not.")
    if out is None:
        check_no_links(run)
    from rlnas.export.agent import Export, check_parity, load_agent

    agent = load_agent(run, imports)
    made: Export = importlib.import_module(exporter.module).convert(agent)
    check_parity(agent, made.compute)
    for name, data in made.files.items():
        write_bytes(path / name, data)
    return path
