"""Reports: a run as one self-contained page; comparisons as pages, Markdown, CSV files and figures."""

from pathlib import Path

from rlnas import kinds
from rlnas.errors import UserError
from rlnas.files import write_bytes
from rlnas.kinds import checked_call
from rlnas.processes import absolute
from rlnas.report.read_run import read_run
from rlnas.report.run import report

__all__ = ["write_report"]


@checked_call
def write_report(run: kinds.Place, command: kinds.CommandLine = "", csv: kinds.Flag = False) -> Path:
    """Writes `report.html` into the directory of a study or of a trial, done or not; returns the file's path.

    Args:
        run: the run directory.
        command: the command line that repeats the run.
        csv: whether each table of the report is written to `report/` as a CSV file, too.

    Raises:
        UserError: if the directory is neither, is damaged, or cannot be written.
    """
    file = absolute(run) / "report.html"
    document = report(read_run(file.parent), command)
    texts = {file: document.html()}
    if csv:
        texts |= {file.with_suffix("") / f"{name}.csv": table.csv({}) for name, table in document.tables().items()}
    try:
        for path, text in texts.items():
            # A lone surrogate in a stranger's JSON cannot be written as UTF-8.
            write_bytes(path, text.encode("utf-8", errors="replace"))
    except OSError as error:
        raise UserError(f"the report {str(file)!r} cannot be written: {error.strerror}.") from None
    return file
