"""Comparisons of search strategies on a table: the paper's table 1, figure 4 and tables 6 to 9, and what it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rlnas.files import write_bytes
from rlnas.report.comparison.compare import Comparison, View, work_out
from rlnas.report.comparison.documents import contents, markdown, page
from rlnas.report.comparison.figures import cost, file_name, files, histogram
from rlnas.report.comparison.tables import facts
from rlnas.table import METRICS, Metric, Table
from rlnas.table.searches import StoredSearch

__all__ = ["Comparison", "View", "compare", "write_comparison"]


def compare(
    table: Table,
    searches: Sequence[StoredSearch],
    *,
    strategies: Sequence[str] | None = None,
    budget: int | str | None = None,
    metrics: Sequence[Metric] = METRICS,
    top_k: int = 3,
    repeats: int = 1_000,
    seed: int = 0,
    seeds: Sequence[int] | None = None,
    drop_incomplete: bool = False,
    out: str | Path | None = None,
) -> Comparison:
    """Compares strategies with random search and hand-made networks on a table (paper, 5.3 and 5.4).

    Args:
        table: the table.
        searches: finished searches, several seeds of each strategy.
        strategies: which of them, in this order; all that `searches` hold, if `None`. Random search is always run.
        budget: environment steps at which networks are judged, one of the table's budgets; its last, if `None`.
        metrics: those that get a figure and tables of their own; table 1 always has both.
        top_k: architectures that each search has trained from scratch.
        repeats: repeats of random search.
        seed: root of the random streams: of random search and of resampling.
        seeds: the training seeds by which networks are judged; all that the table has, if `None`.
        drop_incomplete: whether networks that lack a score under one of these are left out, and said to be; if not,
            the first raises.
        out: a folder to write `comparison.md`, `comparison.html`, CSV files and figures to.

    Raises:
        MissingRun: if the table lacks a run that is needed.
        UserError: if a search does not fit the table, or an argument is not allowed.
    """
    found = work_out(
        table,
        searches,
        strategies=strategies,
        budget=budget,
        metrics=metrics,
        top_k=top_k,
        repeats=repeats,
        seed=seed,
        seeds=seeds,
        drop_incomplete=drop_incomplete,
    )
    if out is None:
        return found
    write_comparison(found, Path(out))
    return replace(found, out=Path(out))


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Writes Markdown, a self-contained page, a CSV file for each table, and the figures as SVG and PNG."""
    parts = contents(comparison)
    for sheet in parts.sheets:
        write_bytes(folder / f"{sheet.name}.csv", sheet.csv(facts(comparison)).encode())
    for view in comparison.shown:
        for draw in (histogram, cost):
            for ending, data in files(draw, view).items():
                write_bytes(folder / f"{file_name(draw, view)}.{ending}", data)
    write_bytes(folder / "comparison.md", markdown(parts).encode())
    write_bytes(folder / "comparison.html", page(parts).encode())
