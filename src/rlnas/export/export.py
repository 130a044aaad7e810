"""From a run directory to a file or folder in one of the formats."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from rlnas import calls
from rlnas.calls import checked_call
from rlnas.errors import UserError, needs_extra, unknown
from rlnas.files import check_no_links
from rlnas.processes import absolute, settled

FORMATS = ("torch", "onnx", "sb3")

DEFAULT_NAMES = {"torch": "torch", "onnx": "network.onnx", "sb3": "ppo.zip"}
"""What an export is called in the folder `export` of its run."""

PACKAGES = {"torch": (), "onnx": ("onnx", "onnxscript", "onnxruntime"), "sb3": ("stable_baselines3",)}
"""The packages that a format needs beyond those of rlnas."""


@settled()
@checked_call
def export(run: calls.Place, to: calls.Text, out: calls.Place | None = None, *, imports: calls.Modules = ()) -> Path:
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
    if to not in FORMATS:
        raise unknown("export format", to, FORMATS)
    missing = [name for name in PACKAGES[to] if importlib.util.find_spec(name) is None]
    if missing:
        raise needs_extra(f"exporting to {to} needs {', '.join(missing)}, of", "export")
    run = absolute(run)
    path = absolute(out) if out is not None else run / "export" / DEFAULT_NAMES[to]
    _check_place(to, path)
    if out is None:
        check_no_links(run)
    # torch takes seconds to import, and the formats need extras.
    from rlnas.export.agent import load_agent

    agent = load_agent(run, imports)
    if to == "torch":
        from rlnas.export.pytorch import write_folder

        write_folder(agent, path)
    elif to == "onnx":
        from rlnas.export.onnx_file import write_onnx

        write_onnx(agent, path)
    else:
        from rlnas.export.sb3_file import write_zip

        write_zip(agent, path)
    return path


def _check_place(to: str, path: Path) -> None:
    """Raises a `UserError` unless the export may be written to a path."""
    if to == "torch":
        if path.exists() and not path.is_dir():
            raise UserError(f"exporting to torch makes a folder, but {str(path)!r} is a file.")
        return
    suffix = Path(DEFAULT_NAMES[to]).suffix
    if path.suffix != suffix or path.is_dir():
        raise UserError(f"exporting to {to} makes a file whose name ends in {suffix}, which {str(path)!r} is not.")
