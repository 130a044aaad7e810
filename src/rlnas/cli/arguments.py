"""Arguments that commands share, and how they are read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import tyro

from rlnas.errors import UserError
from rlnas.trust import import_trusted

Steps = Annotated[str, tyro.conf.arg(metavar="N")]
Pairs = Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME=VALUE")]
Modules = Annotated[tuple[str, ...], tyro.conf.arg(name="import", metavar="MODULE")]
Run = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]


def options(pairs: tuple[str, ...], flag: str) -> dict[str, str]:
    """Reads `name=value` pairs."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise UserError(f"{flag} takes NAME=VALUE, not {pair!r}.")
        found[name.replace("-", "_")] = value
    return found


def find_modules_here(modules: tuple[str, ...]) -> tuple[str, ...]:
    """Lets --import find modules in the current folder, after all others; returns them."""
    if modules and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    return modules


def load_modules(modules: tuple[str, ...]) -> None:
    """Imports the modules that --import names, so that layers of them may be built."""
    for module in find_modules_here(modules):
        import_trusted(module)
