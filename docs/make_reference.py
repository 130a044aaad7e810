"""Writes docs/reference.md from the commands and functions themselves: `python docs/make_reference.py`."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import rlnas
from rlnas.analysis import Comparison, View
from rlnas.analysis.outcomes import StrategyOutcome
from rlnas.cli.main import COMMANDS, request_of
from rlnas.experiments.request import Option, options_of
from rlnas.study import Progress
from rlnas.table import Table
from rlnas.trials.results import NetworkResult, TrialResult

HEAD = """# Reference

Written by `python docs/make_reference.py` from the commands and functions themselves; a test keeps it true.

## Commands

Every command explains itself with `--help`; `rlnas --version` gives the version. Steps may be written `10M`, `500k` or
`1e6`. Options of several values take them one after another (`--baselines nature-cnn impala-cnn`), those of the kind
`NAME=VALUE` too (`--ppo-options epochs=4 clip=0.2`).

Every command takes `--config FILE`, a TOML file of its options, and `--save-config FILE`, which writes one:

```toml
env = "CartPole-v1"
steps = "50k"
baselines = ["mlp-64-64"]

[ppo-options]
epochs = 4
```

An option on the command line replaces that of the file.

| exit code | what it says |
|---|---|
| 0 | done |
| 1 | the run failed: the environment broke down, training diverged, all trainings failed, the disk is full |
| 2 | bad input, said in one sentence; nothing is lost, and of bad arguments nothing is written |
| 130 | stopped by Ctrl-C; what has a checkpoint can go on from it |
"""

PYTHON = """
## Python

A function has the options of its command as arguments, with `_` for `-`; where a name differs, the table says so.
`backend=` is an `rlnas.trials.backend.Backend`, such as `rlnas.trials.inline.InlineBackend()`, which
trains in this process.

`watch=` is called with every `Progress` (below): a `Display`, or a function of your own; without it the functions print
nothing. For `rlnas report` there is `from rlnas.report import write_report`, for `rlnas export` `from rlnas.export
import export`, for `rlnas table show` and `merge` what is in `rlnas.table`. Bad input raises `rlnas.UserError`, an
environment that breaks down `rlnas.EnvironmentFault`; both are a `rlnas.RlnasError`. Layers and spaces are in
[spaces.md](spaces.md), exports in [exports.md](exports.md), tables in [tables.md](tables.md).

Each command is a frozen class of `rlnas.experiments`, such as `SearchRequest`. `resolve()` checks the options and fills
in what was left open, `command()` is the command line that asks for the same, and `save(file)` writes the file that
`--config` reads.
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
    StrategyOutcome,
    Table,
    NetworkResult,
    TrialResult,
)
"""What the functions give, and what is read off a table."""

FUNCTIONS = {
    "search": ("search",),
    "train": ("train",),
    "resume": ("resume",),
    "evaluate": ("evaluate",),
    "play": ("play",),
    "compare": ("compare", "compare_tables"),
    "reproduce": ("reproduce",),
    "table build": ("build_table",),
    "table collect": ("collect_table",),
    "table measure": ("measure_table",),
}
"""The functions of the commands that have some."""


def calls_of(command: str) -> Iterator[str]:
    """The functions of a command, with the order of their arguments."""
    for name in FUNCTIONS.get(command, ()):
        signature = inspect.signature(getattr(rlnas, name))
        first = [one.name for one in signature.parameters.values() if one.kind is not one.KEYWORD_ONLY]
        yield f"Python: `rlnas.{name}({', '.join(first)}, *, ...)` returns `{signature.return_annotation!s}`."
        yield ""


def default_of(option: Option) -> str:
    """A default as a reader would type it."""
    if option.default is MISSING:
        return "required"
    if option.default in (None, ()):
        return ""
    if isinstance(option.default, bool):
        return "on" if option.default else "off"
    return f"`{' '.join(option.spell(option.default))}`"


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


def rows(request: type[Any]) -> Iterator[str]:
    """The options of a request."""
    yield "| option | default | |"
    yield "|---|---|---|"
    for option in options_of(request).values():
        spelled = option.flag if option.form else f"{option.name}="
        also = "" if option.flag.strip("-").replace("-", "_") == option.name else f", `{option.name}=`"
        yield f"| `{spelled}`{also if option.form else ''} | {default_of(option)} | {cell(option.words)} |"


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
    for name in COMMANDS:
        request = request_of(name)
        about = (inspect.getdoc(request) or "").split()
        lines += [f"### `rlnas {name}`", "", " ".join(about), "", *calls_of(name), *rows(request), ""]
    lines.append(PYTHON)
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
