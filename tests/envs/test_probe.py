"""A process of its own that is asked for an environment."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import gymnasium
import pytest

from rlnas.envs import known_to_workers
from rlnas.envs.probe import PATIENCE_VARIABLE
from rlnas.errors import UserError


def ask(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str) -> bool:
    (folder / f"{name}.py").write_text(content)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(folder)
    env = f"RlnasTest/{name}-v0"
    gymnasium.register(env, "nowhere:Env")
    try:
        return known_to_workers(env, [name])
    finally:
        del gymnasium.registry[env]


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_end(process: int) -> None:
    """Waits for a process that was killed; a minute is for ever."""
    for _ in range(3_000):
        if not runs(process):
            return
        time.sleep(0.02)
    raise AssertionError(f"{process} still runs")


def test_what_the_module_starts_is_killed_with_the_process(tmp_path, monkeypatch):
    start = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, file=open('child', 'w'), flush=True)"
    assert not ask(tmp_path, monkeypatch, "starts_a_child", start)
    wait_for_end(int((tmp_path / "child").read_text()))


def test_a_module_that_takes_too_long_names_the_limit_and_how_to_raise_it(tmp_path, monkeypatch):
    monkeypatch.setenv(PATIENCE_VARIABLE, "0.2")
    with pytest.raises(UserError, match=f"more than 0.2 seconds to import never_ends: set .* {PATIENCE_VARIABLE} to"):
        ask(tmp_path, monkeypatch, "never_ends", "import time; time.sleep(600)")


@pytest.mark.parametrize("given", ["soon", "0", "nan", "inf", "-1", ""])
def test_a_limit_that_is_no_number_of_seconds_is_refused(tmp_path, monkeypatch, given):
    monkeypatch.setenv(PATIENCE_VARIABLE, given)
    with pytest.raises(UserError, match=f"{PATIENCE_VARIABLE} must be a number of seconds above 0, not {given!r}"):
        ask(tmp_path, monkeypatch, "not_asked", "")


def test_a_module_that_starts_a_run_is_named(tmp_path, monkeypatch):
    start = "from rlnas.processes import check_may_start; check_may_start()"
    with pytest.raises(UserError, match="cannot start a run"):
        ask(tmp_path, monkeypatch, "starts_a_run", start)


def test_a_module_that_ends_the_process_says_so(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="cannot import ends: it ended with code 7"):
        ask(tmp_path, monkeypatch, "ends", "import os; os._exit(7)")


ASKS = """
import gymnasium
from rlnas.envs import known_to_workers
gymnasium.register("RlnasTest/Waits-v0", "nowhere:Env")
known_to_workers("RlnasTest/Waits-v0", ["waits"])
"""


def test_a_process_that_is_asked_ends_with_the_one_that_asks(tmp_path):
    own = "import os, time; open('new', 'w').write(str(os.getpid())); os.rename('new', 'pid'); time.sleep(600)"
    (tmp_path / "waits.py").write_text(own)
    asking = subprocess.Popen([sys.executable, "-c", ASKS], cwd=tmp_path)
    while not (tmp_path / "pid").exists():
        assert asking.poll() is None
        time.sleep(0.02)
    asking.kill()
    asking.wait()
    wait_for_end(int((tmp_path / "pid").read_text()))
