"""Writes docs/reference.md from the commands and functions themselves: `python docs/make_reference.py`."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rlnas
from rlnas.cli.main import COMMANDS, request_of
from rlnas.experiments.request import Option, options_of
from rlnas.report.comparison import Comparison, View
from rlnas.report.comparison.contenders import Contender
from rlnas.study import Progress
from rlnas.table import Table
from rlnas.trials.results import NetworkResult, TrialResult

HEAD = """# Reference

Written by `python docs/make_reference.py` from the commands and functions themselves; a test keeps it true.

## Commands

Every command explains itself with `--help`; `rlnas --version` gives the version. Steps may be written `10M`, `500k` or
`1e6`. Options of several values take them one after another (`--baselines nature-cnn impala-cnn`), those of the kind
`NAME=VALUE` too (`--ppo-options epochs=4 clip=0.2`).

| exit code | what it says |
|---|---|
| 0 | done |
| 1 | the run failed: the environment broke down, training diverged, all trainings failed, the disk is full |
| 2 | bad input, said in one sentence; nothing is lost, and of bad arguments nothing is written |
| 130 | stopped by Ctrl-C; what has a checkpoint can go on from it |
"""

PYTHON = """
## Python

What a command that runs something does, a function does; for `rlnas report` it is `from rlnas.report import
write_report`, for `rlnas export` `from rlnas.export import export`, for `rlnas table show` and `merge` what is in
`rlnas.table`. Functions that train or search take
`imports=` for `--import`, and `watch=`, which is called with every `Progress` (below): a `Display`, or a function of
your own; without it they print nothing. They train one candidate at a time unless `workers=` says more. Bad input
raises `rlnas.UserError`, an environment that breaks down `rlnas.EnvironmentFault`; both are a `rlnas.RlnasError`.
Layers and spaces are in [spaces.md](spaces.md), exports in [exports.md](exports.md), tables in [tables.md](tables.md).
"""

CLASSES = (
    rlnas.SearchResult,
    rlnas.TrainingResult,
    rlnas.ReproductionResult,
    rlnas.Evaluation,
    rlnas.Film,
    rlnas.Display,
    Progress,
    Comparison,
    View,
    Contender,
    Table,
    NetworkResult,
    TrialResult,
)
"""What the functions give, and what is read off a table."""

FUNCTIONS = ("search", "train", "resume", "evaluate", "play", "build_table", "collect_table", "measure_table")
FUNCTIONS += ("compare", "compare_tables", "reproduce")


def sections(function: Callable[..., Any]) -> tuple[str, dict[str, str], str]:
    """The words of a docstring before its arguments, each argument's, and what it returns."""
    parts = re.split(r"^(Args|Returns|Raises|Example):\n", inspect.getdoc(function) or "", flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    arguments: dict[str, str] = {}
    for line in found.get("Args", "").splitlines():
        start = re.match(r"    \**(\w+): (.*)", line)
        if start:
            name = start[1]
            arguments[name] = start[2]
        elif line.strip():
            arguments[name] += f" {line.strip()}"
    return " ".join(parts[0].split()), arguments, " ".join(found.get("Returns", "").split())


def default_of(parameter: inspect.Parameter, of_command: bool) -> str:
    """A default as a reader would type it."""
    value = parameter.default
    if value is parameter.empty:
        return "" if parameter.kind is parameter.VAR_KEYWORD else "required"
    if parameter.name == "workers" and of_command:
        return "the processors at hand, at most 4"
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"`{' '.join(map(str, value)) if isinstance(value, tuple) else value}`"


def option(name: str, parameter: inspect.Parameter) -> str:
    """How an argument is spelled on the command line."""
    positional = "Positional" in str(parameter.annotation) or parameter.annotation in ("Run", "Sources")
    return f"`{name.upper()}`" if positional else f"`--{name.strip('_').replace('_', '-')}`"


def cell(text: str) -> str:
    """Text that a table of Markdown leaves as it is."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def call_of(member: object) -> str:
    """The signature of a method without `self`; nothing for a property."""
    if not inspect.isfunction(member):
        return ""
    signature = inspect.signature(member)
    own = [parameter for name, parameter in signature.parameters.items() if name not in ("self", "cls")]
    return str(signature.replace(parameters=own)).replace("'", "")


def rows(head: str, function: Callable[..., Any], spelled: Callable[[str, inspect.Parameter], str]) -> Iterator[str]:
    """A table of arguments."""
    parameters = inspect.signature(function).parameters
    _, words, _ = sections(function)
    assert list(words) == list(parameters), f"{function}: the docstring names {list(words)}"
    yield f"| {head} | default | |"
    yield "|---|---|---|"
    for name, parameter in parameters.items():
        yield f"| {spelled(name, parameter)} | {default_of(parameter, spelled is option)} | {cell(words[name])} |"


def members(kind: type) -> Iterator[str]:
    """The rows of a class: what it inherits, its attributes, by its docstring, its properties and methods."""
    for parent in kind.__bases__:
        if parent.__module__.startswith("rlnas"):
            yield from members(parent)
    # Where a class has both, its attributes are what there is to read.
    words = re.split(r"^Attributes:\n", doc := inspect.getdoc(kind) or "", flags=re.MULTILINE)
    if len(words) == 1:
        words = re.split(r"^Args:\n", doc, flags=re.MULTILINE)
    attributes = re.sub(r"\n {8}(?=\S)", " ", words[1].partition("\n\n")[0]) if len(words) > 1 else ""
    for name, about in re.findall(r"^ +(\w+): (.*)$", attributes, re.MULTILINE):
        yield f"| `{name}` | {cell(about)} |"
    for name, member in vars(kind).items():
        called = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        shown = isinstance(called, property | functools.cached_property) or inspect.isfunction(called)
        if shown and not name.startswith("_"):
            about = inspect.getdoc(called) or ""
            yield f"| `{cell(name + call_of(called))}` | {cell(' '.join(about.partition(chr(10) * 2)[0].split()))} |"


def reference() -> str:
    """The whole page."""
    lines = [HEAD]
    commands = {name: function for name, function in COMMANDS.items() if name != "table"}
    for name, function in (commands | {f"table {name}": f for name, f in TABLE_COMMANDS.items()}).items():
        lines += [f"### `rlnas {name}`", "", sections(function)[0], "", *rows("option", function, option), ""]
    lines.append(PYTHON)
    for name in FUNCTIONS:
        function = getattr(rlnas, name)
        words, _, returns = sections(function)
        table = rows("argument", function, lambda _, parameter: f"`{str(parameter).partition(':')[0]}`")
        given = f"Returns `{inspect.signature(function).return_annotation}`{': ' + returns if returns else '.'}"
        lines += [f"### `rlnas.{name}`", "", words, "", *table, "", given, ""]
    for kind in CLASSES:
        name = ("rlnas." if kind.__name__ in rlnas.__all__ else "") + kind.__name__
        words = " ".join(
            re.split(r"^(?:Args|Attributes):\n", inspect.getdoc(kind) or "", flags=re.MULTILINE)[0].split()
        )
        lines += [f"### `{name}`", "", words, ""]
        if shown := list(members(kind)):
            lines += ["| | |", "|---|---|", *shown, ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip("\n") + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("reference.md").write_text(reference())
