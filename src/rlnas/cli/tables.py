"""The commands `rlnas table ...`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rlnas.cli.printing import console, grid, place, print_remarks, say, show_progress
from rlnas.errors import RlnasError, UserError
from rlnas.experiments import CollectRequest, MeasureRequest
from rlnas.experiments.request import Request
from rlnas.experiments.tables import TableSource, TableSources
from rlnas.kinds import Form, Place, Steps
from rlnas.processes import absolute
from rlnas.quantity import short
from rlnas.trials.metrics import METRICS
from rlnas.user_imports import import_modules

if TYPE_CHECKING:
    from rlnas.table import Table as Built


def collect(request: CollectRequest) -> None:
    """`rlnas table collect`."""
    show_progress(lambda watch: replace(request, watch=watch).result())
    _show_written(request.out)


def measure(request: MeasureRequest) -> None:
    """`rlnas table measure`."""
    show_progress(lambda watch: replace(request, watch=watch).result())
    _show_written(request.out)


@dataclass(frozen=True)
class MergeRequest(Request):
    """Merge tables that were built with the same settings: more seeds, or more architectures."""

    words = "table merge"

    tables: Annotated[TableSources, Form("TABLE", many=True, positional=True)]
    """Tables, by name or file."""

    out: Place
    """File to write; its name must end in .parquet."""


def merge(request: MergeRequest) -> None:
    """`rlnas table merge`."""
    from rlnas.table import load, merge

    import_modules(request.imports)
    if not request.tables:
        raise UserError("merge needs tables.")
    merge([load(source) for source in request.tables], request.out)
    _show_written(request.out)


def show_built(table: Built, run: str | Path) -> None:
    """Shows a table that was built in a run directory."""
    _show_written(Path(run) / "table.parquet")
    if not (table.frame["status"] == "done").any():
        raise RlnasError("all trainings of the table failed.")


def _show_written(path: str | Path) -> None:
    show(ShowRequest(path))
    say(f"Table: {place(absolute(path))}")


@dataclass(frozen=True)
class ShowRequest(Request):
    """Show a table: what was run, and the score of every network; without a name, list the tables that there are."""

    words = "table show"

    table: TableSource | None = None
    """A table that comes with rlnas, or a file that ends in .parquet."""

    budget: Steps | None = None
    """Environment steps at which the scores are shown; the whole trainings by default."""


def show(request: ShowRequest) -> None:
    """`rlnas table show`."""
    from rlnas.table import load, shipped

    import_modules(request.imports)
    if request.table is None:
        for name in shipped():
            say(repr(listed := load(name)))
            print_remarks(listed.remarks)
        return
    found = load(request.table)
    at = found.steps if request.budget is None else int(request.budget)
    say(repr(found))
    say(f"Checksum {found.checksum}, results {found.results_digest}.")
    print_remarks(found.remarks)
    missing = found.missing()
    if missing:
        console.print(f"Incomplete: {len(missing)} runs are missing or failed, e.g. {missing[0]}.")
    primary, *others = [METRICS[name].label for name in found.metrics]
    columns = ["network", primary, "sd", *others, "seeds", "parameters", "multiply-adds", "latency"]
    lines = grid(columns, title=f"after {short(at)} steps")
    for row in sorted(_rows(found, at), key=lambda row: -row[0]):
        lines.add_row(*row[1])
    console.print(lines)


def _rows(table: Built, budget: int) -> list[tuple[float, list[str]]]:
    """For each network its mean total reward and its line."""
    import numpy as np

    from rlnas.report.formats import milliseconds

    rows = []
    gone = set(table.missing())
    for name in (*table.architectures, *table.baselines):
        seeds = [seed for seed in table.seeds if (name, seed) not in gone]
        if not seeds:
            continue
        records = [table.query(name, seed=seed, budget=budget) for seed in seeds]
        scores = [[v for r in records if (v := r.scores[metric]) is not None] for metric in table.metrics]
        totals, *others = scores
        # A mean over some seeds cannot be compared with means over all.
        whole = len(totals) == len(table.seeds)
        line = [
            name + (" (hand-made)" if name in table.baselines else ""),
            f"{np.mean(totals):.2f}" if whole else "-",
            f"{np.std(totals, ddof=1):.2f}" if whole and len(totals) > 1 else "-",
            *(f"{np.mean(own):.2f}" if whole else "-" for own in others),
            f"{len(totals)}" if whole else f"{len(totals)} of {len(table.seeds)}",
            f"{records[0].parameters:,}",
            f"{records[0].multiply_adds:,}",
            milliseconds(table.measured(name)["measured_inference_ms"]),
        ]
        rows.append((float(np.mean(totals)) if whole else float("-inf"), line))
    return rows
