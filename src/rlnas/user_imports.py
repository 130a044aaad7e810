"""The user's own modules: which of them may run as part of a network.

A space that is read from a file or a run directory may be a stranger's, and names functions to call. Only those of
modules that the user named are called: with `--import`, with an argument `imports`, or in Python code that declares the
space.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from rlnas import kinds
from rlnas.errors import UserError, shown
from rlnas.kinds import checked_call
from rlnas.processes import StartsRun

_trusted: set[str] = set()


def import_trusted(module: str) -> ModuleType:
    """Imports a module that the user named, and trusts it from now on."""
    if module.endswith(".py"):
        raise UserError(f"a module is named without its ending: {module.removesuffix('.py')!r}, not {module!r}.")
    before, sys.argv = sys.argv, [module]  # the program's arguments are not for a module that parses some itself
    try:
        found = importlib.import_module(module)
    except StartsRun:
        raise
    except SystemExit as error:
        raise UserError(
            f"the module {module!r} ended the program when it was imported (SystemExit: {error.code}): what it does "
            "as a program, such as reading arguments, must stand under if __name__ == '__main__'."
        ) from error
    except Exception as error:
        raise UserError(f"the module {shown(module)} cannot be imported: {type(error).__name__}: {error}.") from error
    finally:
        sys.argv = before
    _trusted.add(module)
    return found


@checked_call
def import_modules(modules: kinds.Modules) -> None:
    """Imports the modules that the user named: they register environments or strategies, or hold own layers."""
    for module in modules:
        import_trusted(module)


def allow_imports(modules: Sequence[str], allowed: Sequence[str]) -> None:
    """Raises a `UserError` unless all modules of a run are allowed: opening a stranger's run must not run code."""
    if not set(modules) <= set(allowed):
        raise UserError(
            f"the run imports code of its own: if you trust it, allow it with --import {' '.join(modules)}."
        )


def check_trusted(module: str) -> None:
    """Raises a `UserError` unless the user named the module in this process."""
    if module not in _trusted:
        raise UserError(
            f"the space has a layer whose code is in the module {module!r}: if you trust it, allow it with "
            f"--import {module} (in Python: imports=[{module!r}])."
        )
