"""Comparisons of search strategies on a table: the paper's tables and its figure 4, and what it lacks."""

from __future__ import annotations

from pathlib import Path

from rlnas.files import write_bytes
from rlnas.report.comparison.blackbox import chosen_strategies
from rlnas.report.comparison.compare import Comparison, View, compare
from rlnas.report.comparison.documents import contents, markdown, page
from rlnas.report.comparison.overview import write_overview
from rlnas.report.comparison.parts import write_files
from rlnas.report.comparison.tables import facts

__all__ = ["Comparison", "View", "chosen_strategies", "compare", "write_comparison", "write_overview"]


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Writes Markdown, a self-contained page, a CSV file for each table, and the figures as SVG and PNG."""
    found = contents(comparison)
    write_files(found.parts, facts(comparison), folder)
    write_bytes(folder / "comparison.md", markdown(found).encode())
    write_bytes(folder / "comparison.html", page(found).encode())
