"""What progress looks like, with a terminal and without."""

import io
import subprocess
import sys

import pytest
from rich.console import Console
from rich.table import Table

from rlnas.display import Display, PlainConsole, printable
from rlnas.study import Progress

EVENTS = (
    Progress("fit", 512, 1024, rate=250.0, score=1.25),
    Progress("k=1 seed-1", 0, 0, finished=True, note="failed: OSError: no file [/tmp/a.xml], only [n, 3]"),
    Progress("fit", 1024, 1024, score=2.5, finished=True),
)


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_is_shown_and_brackets_are_only_text(terminal: bool) -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, force_interactive=terminal, width=200, color_system=None)
    with Display(console) as display:
        for event in EVENTS:
            display(event)
    shown = text.getvalue()
    assert "fit" in shown
    assert "score 2.50" in shown
    assert "failed: OSError: no file [/tmp/a.xml], only [n, 3]" in shown
    if not terminal:
        assert "250 steps/s  score 1.25  0:02 left" in shown
        assert len(shown.splitlines()) == 3


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_is_shown_without_a_with_and_where_standard_output_changes(terminal: bool, monkeypatch) -> None:
    first, later = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", first)
    monkeypatch.setenv("TERM", "xterm")
    if terminal:
        monkeypatch.setattr(first, "isatty", lambda: True, raising=False)
    display = Display()
    display(EVENTS[0])
    monkeypatch.setattr(sys, "stdout", later)
    display(EVENTS[2])
    display.__exit__(None, None, None)
    assert "score 2.50" in first.getvalue()
    assert ("\x1b[" in first.getvalue()) == terminal
    assert not later.getvalue()


def test_whoever_shows_nothing_loads_nothing_for_it() -> None:
    script = "import sys, rlnas; assert 'rich' not in sys.modules; rlnas.Display(); assert 'rich' in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


ODD = "a\x1b[2Jb\x07\x9b1m\u202ec\rd\ne[bold]f[/x]"


def test_a_terminal_shows_what_a_stranger_wrote_and_obeys_nothing() -> None:
    assert printable(ODD) == "a\\x1b[2Jb\\x07\\x9b1m\\u202ec\\rd\ne[bold]f[/x]"
    for terminal in (False, True):
        file = io.StringIO()
        console = PlainConsole(file=file, force_terminal=terminal, markup=False, width=200, color_system=None)
        table = Table(title=ODD)
        table.add_column(ODD)
        table.add_row(ODD)
        console.print(table)
        console.print(ODD, soft_wrap=True)
        assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r"} & {*file.getvalue()}
        with Display(console) as display:
            display(Progress(ODD, 1, 2, note=ODD))
            display(Progress(ODD, 2, 2, note=ODD, finished=True))
        assert "\x1b[2J" not in file.getvalue()
        assert not {"\x07", "\x9b", "\u202e"} & {*file.getvalue()}
