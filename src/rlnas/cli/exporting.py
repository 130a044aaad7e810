"""The command `rlnas export`."""

from __future__ import annotations

from typing import Literal

from rlnas.cli.arguments import Folder, Modules, Run, find_modules_here
from rlnas.cli.printing import console, place


def export(run: Run, to: Literal["torch", "onnx", "sb3"], out: Folder = None, import_: Modules = ()) -> None:
    """Write a trained agent for use elsewhere: the best of a search, or that of a training (docs/exports.md).

    Args:
        run: Run directory.
        to: torch: a folder with the network as one Python file and its weights; onnx: one file for onnxruntime and
            others; sb3: a file for PPO.load of Stable-Baselines3.
        out: What to write; RUN/export/torch, RUN/export/network.onnx or RUN/export/ppo.zip by default.
        import_: The modules that the run imports; they are code, so they must be named.
    """
    from rlnas.export import export as write

    path = write(run, to, out, imports=find_modules_here(import_))
    console.print(f"Exported: {place(path)}", soft_wrap=True, markup=False)
