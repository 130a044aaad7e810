"""Comparisons of search strategies on a table: the paper's tables and its figure 4, and what it lacks."""

from __future__ import annotations

from pathlib import Path

from rlnas.files import write_bytes
from rlnas.report.comparison.blackbox import chosen_strategies
from rlnas.report.comparison.compare import Comparison, View, compare
from rlnas.report.comparison.documents import contents, markdown, page
from rlnas.report.comparison.figures import TITLES, file_name, files
from rlnas.report.comparison.overview import write_overview
from rlnas.report.comparison.tables import facts

__all__ = ["Comparison", "View", "chosen_strategies", "compare", "write_comparison", "write_overview"]


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Writes Markdown, a self-contained page, a CSV file for each table, and the figures as SVG and PNG."""
    parts = contents(comparison)
    for sheet in parts.sheets:
        write_bytes(folder / f"{sheet.name}.csv", sheet.csv(facts(comparison)).encode())
    for view in comparison.shown:
        for draw in TITLES:
            for ending, data in files(draw, view).items():
                write_bytes(folder / f"{file_name(draw, view)}.{ending}", data)
    write_bytes(folder / "comparison.md", markdown(parts).encode())
    write_bytes(folder / "comparison.html", page(parts).encode())
