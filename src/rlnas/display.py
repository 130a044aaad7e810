"""`rlnas.Display`: the progress of a run, as live bars on a terminal, as plain lines elsewhere."""

from __future__ import annotations

import re
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

from rlnas.errors import UserError, shown
from rlnas.quantity import short

if TYPE_CHECKING:
    from rlnas.study import Progress

PLAIN_INTERVAL = 10.0
"""Seconds between two plain lines of a task."""
FINISHED_BARS = 8
"""How many of the tasks that are over still have a bar."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys instead of showing them, but for the ends of lines and tabs."""


def printable(text: str) -> str:
    r"""A text that a terminal only shows: what would move the cursor or change colours is spelled out.

    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class PlainConsole(Console):
    """A console that obeys nothing that stands in a text: names and remarks may be a stranger's."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Renders it as the base class does."""
        return super().render_str(printable(text), **options)


def describe(progress: Progress) -> str:
    """What there is to say about a task: speed, score, time left."""
    parts = []
    if progress.rate is not None and not progress.finished:
        parts.append(f"{progress.rate:,.0f} {progress.unit}/s" if progress.rate >= 10 else f"{progress.rate:.1f}/s")
    if progress.score is not None:
        parts.append(f"score {progress.score:.2f}")
    if progress.rate and not progress.finished:
        parts.append(f"{_clock((progress.total - progress.done) / progress.rate)} left")
    return "  ".join([*parts, progress.note]).strip()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Display:
    """Shows the progress of a run: `with rlnas.Display() as display: rlnas.search(..., watch=display)`.

    Args:
        console: where to, by default standard output; `rich.console.Console(stderr=True)` for standard error.
    """

    def __init__(self, console: Console | None = None):
        if console is not None and not isinstance(console, Console):
            raise UserError(f"console must be a rich.console.Console, not {shown(console)}.")
        # What standard output is may change while the bars move.
        self._console = console or PlainConsole(file=sys.stdout)
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}
        self._finished: list[TaskID] = []
        self._last: dict[str, float] = {}
        self._start = time.monotonic()
        self._bars: Bars | None = None
        if self._console.is_interactive:
            self._bars = Bars(
                # Labels and notes are plain text: what an environment says of its failure may hold brackets.
                TextColumn("{task.description}", style="bold", markup=False),
                BarColumn(bar_width=24),
                TextColumn("{task.percentage:>3.0f}%  {task.fields[text]}", markup=False),
                console=self._console,
            )

    def __call__(self, progress: Progress) -> None:
        """Shows the progress of a task."""
        with self._lock:
            if self._bars is not None:
                self._show_bar(self._bars, progress)
            else:
                self._print_line(progress)

    def _show_bar(self, bars: Bars, progress: Progress) -> None:
        bars.start()  # which does nothing once they move
        if progress.task not in self._tasks:
            self._tasks[progress.task] = bars.add_task(printable(progress.task), total=progress.total, text="")
        task, text = self._tasks[progress.task], printable(describe(progress))
        bars.update(task, completed=progress.done, total=progress.total or None, text=text, visible=True)
        if progress.finished:
            self._finished.append(task)
            for old in self._finished[:-FINISHED_BARS]:
                bars.update(old, visible=False)  # or what runs would be below the terminal's last line

    def _print_line(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.finished or now - self._last.get(progress.task, -PLAIN_INTERVAL) >= PLAIN_INTERVAL:
            self._last[progress.task] = now
            done = f"{short(progress.done)}/{short(progress.total)} {progress.unit}" if progress.total else ""
            line = f"[{_clock(now - self._start)}] {progress.task}: {done}  {describe(progress)}"
            self._console.print(printable(line.rstrip()), markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()
