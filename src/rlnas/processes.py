"""Where a command was given, which processes may start runs, and how a process leaves.

The user's modules and environments run inside rlnas. They may change the working directory, start processes and
threads, or call rlnas once more while they are imported.
"""

import atexit
import contextlib
import gc
import io
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from rlnas.errors import UserError

CHILD = "RLNAS_CHILD"
"""The environment variable that marks the processes that rlnas starts, and all that these start."""

FAREWELL = 1.0
"""Seconds that a process waits at its end for what the user's modules left: threads first, then `atexit` and files."""

_folder: ContextVar[str | None] = ContextVar("folder", default=None)
"""The folder of the call that is under way in this thread."""

_under_way: list[str] = []
"""The folders of all calls under way, in any thread; each thread may call by itself."""

_lock = threading.Lock()


@contextlib.contextmanager
def settled() -> Iterator[None]:
    """Keeps the working directory of now for all that happens inside, whatever modules change.

    The working directory is the same again once the last call under way has ended. Inside another such block of the
    same thread nothing changes. A `UserError` is raised if the working directory is gone.
    """
    if _folder.get() is not None:
        yield
        return
    try:
        folder = os.getcwd()
    except FileNotFoundError:
        raise UserError("the folder that this was called in is gone: change to one that exists.") from None
    token = _folder.set(folder)
    with _lock:
        _under_way.append(folder)
    try:
        yield
    finally:
        _folder.reset(token)
        with _lock:
            last = _under_way[-1]
            _under_way.remove(folder)
            if not _under_way:
                with contextlib.suppress(OSError):  # the folder may be gone
                    os.chdir(last)


def home() -> Path:
    """The working directory of the call that is under way; in a thread that it started, of the latest."""
    return Path(_folder.get() or (_under_way[-1] if _under_way else os.getcwd()))


def absolute(path: str | Path) -> Path:
    """A path as the caller meant it, for good: `/home/me/runs/a` for `runs/a` of a call in `/home/me`."""
    return Path(os.path.abspath(home() / path))


def python_path() -> str:
    """The `PYTHONPATH` with which a process of its own, a worker's too, imports what this one can."""
    return os.pathsep.join(str(absolute(path)) for path in sys.path)


def child_environment() -> dict[str, str]:
    """The environment variables of a process that rlnas starts."""
    return {**os.environ, "PYTHONPATH": python_path(), CHILD: "1"}


def kill_group(pid: int) -> None:
    """Kills a process that leads a session of its own, and all that it started."""
    # macOS refuses where all that is left has ended already.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


class StartsRun(UserError):
    """A module starts a run when it is imported, or an environment does so in a worker."""


def check_may_start() -> None:
    """Raises `StartsRun` if a module that rlnas imports calls it, or in a process of a run: runs would have no end."""
    if (module := _importing()) is not None:
        raise StartsRun(
            f"the module {module!r} starts a run when it is imported: put what its script does under "
            'if __name__ == "__main__": (its classes and registrations stay above).'
        )
    if CHILD in os.environ:
        raise StartsRun("a process that trains for rlnas, or that it asks for an environment, cannot start a run.")


def _importing() -> str | None:
    """The module whose import by rlnas, or by a process of multiprocessing, makes this call."""
    found: str | None = None
    for frame, _ in traceback.walk_stack(sys._getframe(1)):
        name = str(frame.f_globals.get("__name__"))
        top = frame.f_code.co_name == "<module>"
        if top and name == "__mp_main__":  # the script that a process of multiprocessing imports
            return Path(frame.f_code.co_filename).stem
        if top and found is None and name != "__main__" and not name.startswith("rlnas."):
            found = name
        elif found is not None and name.startswith("rlnas."):
            return found
    return None


def leave(code: int) -> None:
    """Ends the process, also where a module or an environment leaves threads or processes that would hold it up.

    What is registered to run at the end runs, and open files are written out, unless threads or processes are left.
    Python's own end would take apart torch and all else piece by piece, which lasts longer than many a trial's
    iteration.
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
    if not children and not any(thread.is_alive() for thread in own):
        # A function may block, and so does the flush of a file to which a daemon thread is writing.
        end = threading.Timer(FAREWELL, os._exit, [code])
        end.daemon = True
        end.start()
        atexit._run_exitfuncs()
        for found in gc.get_objects():
            if issubclass(type(found), io.IOBase):  # `isinstance` would ask objects that stand for others
                with contextlib.suppress(Exception):  # it may be closed, or the user's own
                    found.flush()
    os._exit(code)
