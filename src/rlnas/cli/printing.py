"""What commands print when they are done."""

from __future__ import annotations

import codecs
import functools
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.table import Table

from rlnas import experiments as api
from rlnas.display import Display, PlainConsole
from rlnas.errors import RlnasError
from rlnas.processes import home
from rlnas.quantity import plural, short
from rlnas.trials.metrics import METRICS

# Comparisons need matplotlib, which most commands do not.
if TYPE_CHECKING:
    from rlnas.analysis import Comparison
    from rlnas.trials.progress import Watcher
    from rlnas.trials.results import NetworkResult

T = TypeVar("T")

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


def show_progress(run: Callable[[Watcher], T]) -> T:
    """Runs something that tells a watcher of its progress, and shows that."""
    with Display(console) as display:
        return run(display)


def grid(columns: Iterable[str], texts: int = 1, title: str | None = None) -> Table:
    """A table without lines; the first columns, `texts` in number, hold text, the others numbers."""
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number < texts else "right", overflow="fold")
    return table


def print_study(result: api.SearchResult) -> None:
    """Prints every network that a search trained, the best, and where the report is."""
    table = grid(["network", *(metric.label for metric in METRICS.values()), "proxy", "parameters", "seeds"])
    for network in result.networks:
        failed = sum(trial.status == "failed" for trial in network.trials)
        table.add_row(
            network.name + (" (hand-made)" if network.baseline else "") + (" (random)" if network.random else ""),
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
    from rlnas.report.headline import headline
    from rlnas.report.read_run import read_run

    say(f"{headline(read_run(result.path)).title}.")
    say(f"Best architecture: {result.best}")
    say(f"Report: {place(report)}")


def print_confirmation(confirmation: Sequence[NetworkResult]) -> None:
    """Prints the scores of the best and the hand-made networks with the confirmation seeds."""
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
    """Prints remarks on an environment, a search or a comparison."""
    for remark in remarks:
        say(f"Remark: {remark}")


def print_training(result: api.TrainingResult) -> None:
    """Prints the result of a training, and where its report is."""
    scores = [f"{metric.label} {_score(result.trial.scores[name])}" for name, metric in METRICS.items()]
    games = f"{result.trial.episodes} full games in {short(result.trial.steps)} steps"
    say(f"{result.architecture}: {', '.join(scores)}, {games}.")
    print_remarks(result.trial.remarks)
    say(f"Report: {place(result.path / 'report.html')}")


def print_comparisons(comparisons: Mapping[Path, Comparison], overview: Path | None) -> None:
    """Prints table 1 of comparisons, where the rest is (by their folders), and the folder of their overview."""
    from rlnas.report.comparison_tables import basis, table_1

    for folder, comparison in comparisons.items():
        section = table_1(comparison)
        table = section.table
        shown = grid((column.title for column in table.columns), table.texts, section.title)
        for row in table.rows:
            shown.add_row(*(cell.text for cell in row))
        console.print(shown)
        say(basis(comparison))
        say(table.note)
        print_remarks(comparison.remarks)
        say(f"Comparison: {place(folder / 'comparison.html')}")
    if overview is not None:
        say(f"Overview: {place(overview / 'overview.html')}")


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
