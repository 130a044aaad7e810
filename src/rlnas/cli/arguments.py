"""Arguments that commands share, and how they are read."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import tyro

from rlnas.errors import UserError
from rlnas.trust import import_modules

Steps = Annotated[str, tyro.conf.arg(metavar="N")]
# What may be left out says in its own words what happens then.
OptionalSteps = Annotated[str | None, tyro.conf.arg(metavar="N", help_behavior_hint="")]
OptionalCount = Annotated[int | None, tyro.conf.arg(metavar="N", help_behavior_hint="")]
OptionalSpace = Annotated[str | None, tyro.conf.arg(metavar="SPACE", help_behavior_hint="")]
OptionalArchitecture = Annotated[str | None, tyro.conf.arg(metavar="ID", help_behavior_hint="")]
OptionalNames = Annotated[tuple[str, ...] | None, tyro.conf.arg(metavar="[NAME ...]", help_behavior_hint="")]
Names = Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME [NAME ...]", help_behavior_hint="")]
# As text: a Path made of '' would be the folder at hand.
Folder = Annotated[str | None, tyro.conf.arg(metavar="DIR", help_behavior_hint="")]
NewFile = Annotated[str, tyro.conf.arg(metavar="FILE")]
Pairs = Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME=VALUE [NAME=VALUE ...]", help_behavior_hint="")]
Modules = Annotated[tuple[str, ...], tyro.conf.arg(name="import", metavar="MODULE [MODULE ...]", help_behavior_hint="")]
Run = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]


SEVERAL = ("--import", "--searches", "--strategies", "--architectures", "--baselines", "--seeds", "--metrics")
"""Options of several values, beside those that end in `-options`."""

SEVERAL_OF = {"compare": ("--table",), "reproduce": ("--env", "--space")}
"""Options that have several values in these commands alone."""


def refuse_repeated(given: Sequence[str]) -> None:
    """Refuses an option of several values that is given twice: the first would be forgotten without a word.

    Raises:
        UserError: naming it.
    """
    several = (*SEVERAL, *SEVERAL_OF.get(given[0] if given else "", ()))
    for flag, times in Counter(word.partition("=")[0].replace("_", "-") for word in given).items():
        if times > 1 and (flag in several or (flag.startswith("--") and flag.endswith("-options"))):
            raise UserError(f"{flag} is given {times} times: give it once, with all its values.")


def joined(command: Callable[..., Any]) -> Callable[..., Any]:
    """Joins the lines of what a docstring says of each argument, which a terminal breaks anew."""
    command.__doc__ = re.sub(r"\n {8}(?=\S)", " ", inspect.cleandoc(command.__doc__ or ""))
    return command


def options(pairs: tuple[str, ...], flag: str) -> dict[str, str]:
    """Reads `name=value` pairs."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise UserError(f"{flag} takes NAME=VALUE, not {pair!r}.")
        name = name.replace("-", "_")
        if name in found:
            raise UserError(f"{flag} names {name!r} twice: {name}={found[name]} and {pair}.")
        found[name] = value
    return found


def find_modules_here(modules: tuple[str, ...], *envs: str) -> tuple[str, ...]:
    """Lets --import and ids such as `module:Name-v0` find modules in the current folder, after all others."""
    if (modules or any(":" in env for env in envs)) and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    return modules


def load_modules(modules: tuple[str, ...]) -> None:
    """Imports the modules that --import names, so that layers of them may be built."""
    import_modules(find_modules_here(modules))
