"""The command `rlnas export`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import tyro

from rlnas.cli.arguments import Folder, Modules, Run, find_modules_here
from rlnas.cli.printing import console, place
from rlnas.export import EXPORTERS

ABOUT = "; ".join(f"{name}: {exporter.about}" for name, exporter in EXPORTERS.items()) + "."

if TYPE_CHECKING:
    Format = str
else:
    Format = Annotated[tyro.extras.literal_type_from_choices(EXPORTERS), tyro.conf.arg(help=ABOUT)]


def export(run: Run, to: Format, out: Folder = None, import_: Modules = ()) -> None:
    """Write a trained agent for use elsewhere: the best of a search, or that of a training (docs/exports.md).

    Args:
        run: Run directory.
        to: The format.
        out: What to write; a file or folder in RUN/export by default.
        import_: The modules that the run imports; they are code, so they must be named.
    """
    from rlnas.export import export as write

    path = write(run, to, out, imports=find_modules_here(import_))
    console.print(f"Exported: {place(path)}", soft_wrap=True, markup=False)
