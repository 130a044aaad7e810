"""What commands print when they are done."""

from __future__ import annotations

import codecs
import functools
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from rlnas import experiments as api
from rlnas.display import PlainConsole
from rlnas.errors import RlnasError
from rlnas.processes import home
from rlnas.quantity import plural, short
from rlnas.trials.metrics import METRICS

# Comparisons need matplotlib, which most commands do not.
if TYPE_CHECKING:
    from rlnas.analysis import Comparison
    from rlnas.trials.results import NetworkResult

PIPED_WIDTH = 160
"""Columns of tables that go into a file or a pipe, where nothing has to fit a window; `COLUMNS` says otherwise."""

WINDOW = sys.stdout is not None and sys.stdout.isatty()

console = PlainConsole(highlight=False, markup=False, width=None if WINDOW or "COLUMNS" in os.environ else PIPED_WIDTH)

say = functools.partial(console.print, soft_wrap=True)
"""Prints text, whose lines a terminal breaks."""

SPELLED = {"±": "+-", "×": "x"}
"""What a terminal that lacks a character shows in its place; of others it shows the number."""


def spell_out() -> None:
    """Lets output that is not in UTF-8 spell what it lacks, instead of failing."""
    codecs.register_error("rlnas.spelled", _spelled)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed
            stream.reconfigure(errors="rlnas.spelled")  # type: ignore[union-attr]


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(SPELLED.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking), error.end


def place(path: Path) -> str:
    """A path as the caller may use it: short where it is below the folder that the command was given in."""
    return str(path.relative_to(home()) if path.is_relative_to(home()) else path)


def print_study(result: api.SearchResult) -> None:
    """Prints the outcome of a study: every network trained, the best, and where all is."""
    table = Table(box=None, pad_edge=False)
    for column in ("network", *(metric.label for metric in METRICS.values()), "proxy", "parameters", "seeds"):
        table.add_column(column, justify="left" if column == "network" else "right", overflow="fold")
    for network in result.networks:
        failed = sum(trial.status == "failed" for trial in network.trials)
        table.add_row(
            network.name + (" (hand-made)" if network.baseline else "") + (" (drawn)" if network.random else ""),
            *(_score(network.mean(metric)) for metric in METRICS),
            _score(network.proxy),
            f"{network.parameters:,}",
            f"{len(network.trials)}" + (f", {failed} failed" if failed else ""),
        )
    print_failures(result.networks)
    console.print(table)
    print_remarks(result.study.all_remarks)
    report = result.path / "report.html"
    if result.failure is not None:
        raise RlnasError(f"{result.failure}; report: {place(report)}")
    print_confirmation(result.confirmation)
    from rlnas.report.data import read_run
    from rlnas.report.headline import headline

    say(f"{headline(read_run(result.path)).title}.")
    say(f"Best architecture: {result.best}")
    say(f"Report: {place(report)}")


def print_confirmation(confirmation: Sequence[NetworkResult]) -> None:
    """Prints what the best and the hand-made networks scored with seeds that had no part in picking the best."""
    if confirmation:
        print_failures(confirmation)
        count = len(confirmation[0].trials)
        scores = ", ".join(f"{network} {_score(network.score)}" for network in confirmation)
        say(f"With {plural(count, 'confirmation seed')}: {scores}.")


def print_failures(networks: Sequence[NetworkResult]) -> None:
    """Prints the trainings that failed, and why."""
    for network in networks:
        for trial in network.trials:
            if trial.status == "failed":
                console.print(f"Failed: {network} seed {trial.seed}: {trial.reason}")


def print_remarks(remarks: Sequence[str]) -> None:
    """Prints what is odd about the environment, how a search went, or what a comparison leaves out."""
    for remark in remarks:
        say(f"Remark: {remark}")


def print_training(result: api.TrainingResult) -> None:
    """Prints the outcome of a training and where it is."""
    scores = [f"{metric.label} {_score(result.trial.scores[name])}" for name, metric in METRICS.items()]
    games = f"{result.trial.episodes} full games in {short(result.trial.steps)} steps"
    say(f"{result.architecture}: {', '.join(scores)}, {games}.")
    print_remarks(result.trial.remarks)
    say(f"Report: {place(result.path / 'report.html')}")


def print_comparisons(comparisons: Mapping[Path, Comparison], overview: Path | None) -> None:
    """Prints comparisons, by their folders, and the folder of the overview where they are side by side."""
    for folder, comparison in comparisons.items():
        _print_comparison(comparison, folder)
    if overview is not None:
        say(f"Overview: {place(overview / 'overview.html')}")


def _print_comparison(comparison: Comparison, folder: Path) -> None:
    """Prints table 1 of a comparison and where all of it is."""
    from rlnas.report.comparison_tables import basis, table_1

    section = table_1(comparison)
    table = section.table
    grid = Table(box=None, pad_edge=False, title=section.title, title_justify="left")
    for number, column in enumerate(table.columns):
        grid.add_column(column.title, justify="left" if number < table.texts else "right")
    for row in table.rows:
        grid.add_row(*(cell.text for cell in row))
    console.print(grid)
    say(basis(comparison))
    say(table.note)
    print_remarks(comparison.remarks)
    say(f"Comparison: {place(folder / 'comparison.html')}")


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
