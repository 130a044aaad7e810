"""Whether another process can make the environments of this one."""

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium

from rlnas.envs.families import family_of
from rlnas.errors import UserError
from rlnas.processes import child_environment, home, kill_group, python_path

ASK = """
import importlib, os, signal, sys, threading
file, parent, env, *modules = sys.argv[1:]
def follow():
    os.read(int(parent), 1)  # which ends when the parent does
    os.killpg(0, signal.SIGKILL)
threading.Thread(target=follow, daemon=True).start()
try:
    for module in modules:
        sys.argv = [module]
        importlib.import_module(module)
    import gymnasium
    answer = "known" if env in gymnasium.registry else "unknown"
except BaseException as error:
    answer = f"{sys.argv[0]} raised {type(error).__name__}: {error}"
with open(file, "w", encoding="utf-8", errors="replace") as out:
    out.write(answer)
os._exit(0)
"""
"""Asks for an environment; whatever the modules print, or do at the end of a process, is no part of the answer."""

PATIENCE_VARIABLE = "RLNAS_IMPORT_SECONDS"
"""The environment variable with the seconds that the modules may take to import, 600 by default."""

_known: set[tuple[str, tuple[str, ...], str]] = set()


def known_to_workers(env_id: str, imports: Sequence[str] = ()) -> bool:
    """Whether a fresh Python process, which imports some modules, can make an environment that this one knows.

    What a script or a notebook registers is known to its own process alone, and the class does not tell: a script may
    register one of Gymnasium's. So a process is asked. Raises a `UserError` if it cannot import one of the modules.
    """
    if not family_of(env_id).own or env_id not in gymnasium.registry:
        return True
    question = env_id, tuple(imports), python_path()
    if question not in _known:
        if not _ask(*question[:2]):
            return False  # which is asked again: the module may be mended meanwhile
        _known.add(question)
    return True


def _patience() -> float:
    given = os.environ.get(PATIENCE_VARIABLE, "600")
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise UserError(f"{PATIENCE_VARIABLE} must be a number of seconds above 0, not {given!r}.")
    return seconds


def _ask(env_id: str, imports: tuple[str, ...]) -> bool:
    seconds, modules = _patience(), ", ".join(imports) or "gymnasium"
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answer"
        command = [sys.executable, "-P", "-c", ASK, str(file), str(reading), env_id, *imports]
        streams: Any = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        streams |= {"pass_fds": (reading,), "start_new_session": True}
        try:
            process = subprocess.Popen(command, env=child_environment(), cwd=home(), **streams)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                raise UserError(
                    f"a process of its own takes more than {seconds:g} seconds to import {modules}: set the "
                    f"environment variable {PATIENCE_VARIABLE} to the seconds that it may take."
                ) from None
            finally:
                kill_group(process.pid)  # with what the modules started
                process.wait()
        finally:
            os.close(reading)
            os.close(writing)
        answer = file.read_text(encoding="utf-8") if file.exists() else f"it ended with code {process.returncode}"
    if answer not in ("known", "unknown"):
        raise UserError(f"a process of its own cannot import {modules}: {answer.removesuffix('.')}.")
    return answer == "known"
