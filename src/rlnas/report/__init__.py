"""Reports: a run as one self-contained page; comparisons as pages, Markdown, CSV files and figures."""

from pathlib import Path

from rlnas import calls
from rlnas.calls import checked_call
from rlnas.errors import UserError
from rlnas.files import write_bytes
from rlnas.processes import absolute
from rlnas.report.data import read_run
from rlnas.report.run import report

__all__ = ["write_report"]


@checked_call
def write_report(run: calls.Place, command: calls.CommandLine = "") -> Path:
    """Writes `report.html` into the directory of a study or of a trial, done or not; returns the file's path.

    Args:
        run: the run directory.
        command: the command line that repeats the run.

    Raises:
        UserError: if the directory is neither, is damaged, or cannot be written.
    """
    file = absolute(run) / "report.html"
    text = report(read_run(file.parent), command).html()
    try:
        # A lone surrogate in a stranger's JSON cannot be written as UTF-8.
        write_bytes(file, text.encode("utf-8", errors="replace"))
    except OSError as error:
        raise UserError(f"the report {str(file)!r} cannot be written: {error.strerror}.") from None
    return file
