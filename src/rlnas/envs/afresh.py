"""Whether another process can make the environments of this one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import gymnasium

from rlnas.envs.minatar import MINATAR_PREFIX
from rlnas.envs.registry import ATARI_PREFIX
from rlnas.errors import UserError

ASK = """
import importlib, os, sys
file, env, *modules = sys.argv[1:]
try:
    for module in modules:
        sys.argv = [module]
        importlib.import_module(module)
    import gymnasium
    answer = "known" if env in gymnasium.registry else "unknown"
except BaseException as error:
    answer = f"{sys.argv[0]} raised {type(error).__name__}: {error}"
with open(file, "w") as out:
    out.write(answer)
os._exit(0)
"""
"""Asks for an environment; whatever the modules print, or do at the end of a process, is no part of the answer."""

PATIENCE = 120.0
"""Seconds that the modules may take to import."""

_known: set[tuple[str, tuple[str, ...], str]] = set()


def known_afresh(env_id: str, imports: Sequence[str] = ()) -> bool:
    """Whether a fresh Python process, which imports some modules, can make an environment that this one knows.

    What a script or a notebook registers is known to its own process alone. Where it says that its class comes from
    does not tell: a script may register a class of Gymnasium's under a name of its own. So a process is asked.

    Raises:
        UserError: if that process cannot import one of the modules.
    """
    if env_id.startswith((ATARI_PREFIX, MINATAR_PREFIX)) or env_id not in gymnasium.registry:
        return True
    question = env_id, tuple(imports), python_path()
    if question not in _known:
        if not _ask(*question):
            return False  # which is asked again: the module may be mended meanwhile
        _known.add(question)
    return True


def python_path() -> str:
    """The `PYTHONPATH` with which a process of its own, a worker's too, imports what this one can."""
    return os.pathsep.join(os.path.abspath(path) for path in sys.path)


def _ask(env_id: str, imports: tuple[str, ...], path: str) -> bool:
    surroundings = {**os.environ, "PYTHONPATH": path}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answer"
        command = [sys.executable, "-P", "-c", ASK, str(file), env_id, *imports]
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, env=surroundings)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        answer = file.read_text() if file.exists() else "it did not end well"
    if answer not in ("known", "unknown"):
        raise UserError(f"a process of its own cannot import {', '.join(imports) or 'gymnasium'}: {answer}.")
    return answer == "known"
