"""Where a command was given, which processes may start runs, and how a process leaves.

The user's modules and environments run inside rlnas. They may change the working directory, start processes and
threads, or call rlnas once more while they are imported.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from rlnas.errors import UserError

CHILD = "RLNAS_CHILD"
"""The environment variable that marks the processes that rlnas starts, and all that these start."""

FAREWELL = 1.0
"""Seconds that the threads of the user's modules get to end once everything is written."""

_settled: list[str] = []
"""The folder of the call that is under way."""


@contextlib.contextmanager
def settled() -> Iterator[None]:
    """Keeps the working directory of now for all that happens inside, whatever modules change.

    The working directory is the same again afterwards. Inside another such block nothing changes.
    """
    if _settled:
        yield
        return
    folder = os.getcwd()
    _settled.append(folder)
    try:
        yield
    finally:
        _settled.clear()
        with contextlib.suppress(OSError):  # the folder may be gone
            os.chdir(folder)


def home() -> Path:
    """The working directory of the call that is under way."""
    return Path(_settled[0] if _settled else os.getcwd())


def absolute(path: str | Path) -> Path:
    """A path as the caller meant it, for good: `/work/runs/a` for `runs/a` of a call in `/work`."""
    return Path(os.path.abspath(home() / path))


def python_path() -> str:
    """The `PYTHONPATH` with which a process of its own, a worker's too, imports what this one can."""
    return os.pathsep.join(str(absolute(path)) for path in sys.path)


def child_environment() -> dict[str, str]:
    """The environment variables of a process that rlnas starts."""
    return {**os.environ, "PYTHONPATH": python_path(), CHILD: "1"}


def kill_group(process: subprocess.Popen) -> None:
    """Kills a process that leads a session of its own, and all that it started."""
    # macOS refuses where all that is left has ended already.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


class StartsRun(UserError):
    """A module starts a run when it is imported, or an environment does so in a worker."""


def check_may_start() -> None:
    """Makes sure that a run may be started here: otherwise its processes would start runs without end.

    Raises:
        StartsRun: if a module that rlnas imports calls it, or this is a process of a run.
    """
    module = _importing()
    if module is not None:
        raise StartsRun(
            f"the module {module!r} starts a run when it is imported: put what its script does under "
            'if __name__ == "__main__": (its classes and registrations stay above).'
        )
    if CHILD in os.environ:
        raise StartsRun("a process that trains for rlnas, or that it asks for an environment, cannot start a run.")


def _importing() -> str | None:
    """The module whose import by rlnas, or by a process of multiprocessing, makes this call."""
    found: str | None = None
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        top = frame.f_code.co_name == "<module>"
        if top and name == "__mp_main__":  # the script that a process of multiprocessing imports
            return Path(frame.f_code.co_filename).stem
        if top and found is None and name != "__main__" and not name.startswith("rlnas."):
            found = name
        elif found is not None and name.startswith("rlnas."):
            return found
        frame = frame.f_back
    return None


def leave(code: int) -> None:
    """Ends the process, also where a module or an environment leaves threads or processes that would hold it up.

    Args:
        code: the exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # it may be closed, or never have been open
            stream.flush()
    deadline = time.monotonic() + FAREWELL
    threads = [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
    own = [thread for thread in threads if not thread.daemon]
    for thread in own:
        thread.join(max(0.0, deadline - time.monotonic()))
    multiprocessing = sys.modules.get("multiprocessing")
    children = multiprocessing.active_children() if multiprocessing else []
    for child in children:
        child.join(max(0.0, deadline - time.monotonic()))
        child.kill()
    if children or any(thread.is_alive() for thread in own):
        os._exit(code)
    sys.exit(code)
