"""A process of its own that is asked for an environment."""

from __future__ import annotations

from pathlib import Path

import gymnasium
import pytest

from rlnas.envs import known_afresh
from rlnas.envs.afresh import PATIENCE_VARIABLE
from rlnas.errors import UserError


def ask(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str) -> bool:
    (folder / f"{name}.py").write_text(content)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(folder)
    env = f"RlnasTest/{name}-v0"
    gymnasium.register(env, "nowhere:Env")
    try:
        return known_afresh(env, [name])
    finally:
        del gymnasium.registry[env]


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_the_module_starts_is_killed_with_the_process(tmp_path, monkeypatch):
    start = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid, file=open('child', 'w'), flush=True)"
    assert not ask(tmp_path, monkeypatch, "starts_a_child", start)
    assert not runs(int((tmp_path / "child").read_text()))


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
