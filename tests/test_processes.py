"""Where a command was given, which processes may start runs, and how a process leaves."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import gymnasium
import pytest

import rlnas
from rlnas.errors import UserError
from rlnas.processes import CHILD, absolute, check_may_start, python_path, settled
from rlnas.user_imports import import_trusted


def test_a_call_keeps_its_folder_and_finds_modules_from_there_whatever_modules_change(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", "lib"])
    (tmp_path / "other").mkdir()
    before = python_path()
    with settled():
        os.chdir("other")
        sys.path.append("late")  # as the command line does for modules of the current folder
        with settled():
            assert absolute("runs/a") == tmp_path / "runs/a"
            assert absolute("/runs/../a") == Path("/a")
            assert before == os.pathsep.join([str(tmp_path), str(tmp_path / "lib")])
            assert python_path() == before + os.pathsep + str(tmp_path / "late")
    assert Path.cwd() == tmp_path
    os.chdir("other")
    assert absolute("runs/a") == tmp_path / "other/runs/a"


SEARCHES = """
import rlnas
rlnas.{call}
"""

CALLS = [
    "search('CartPole-v1', steps=64)",
    "train('CartPole-v1', arch='depth=2,width=64,norm=none,act=tanh', steps=64)",
    "build_table('CartPole-v1', None, 64)",
    "reproduce('CartPole-v1', steps=64)",
    "resume('runs/a')",
]


@pytest.mark.parametrize("call", CALLS)
def test_a_module_that_starts_a_run_when_rlnas_imports_it_is_refused(tmp_path, monkeypatch, call):
    name = f"starts_{call.partition('(')[0]}"
    (tmp_path / f"{name}.py").write_text(SEARCHES.format(call=call))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=f"the module '{name}' starts a run when it is imported: .*__main__"):
        rlnas.search("CartPole-v1", steps=64, imports=[name])
    assert {found.name for found in tmp_path.iterdir()} <= {f"{name}.py", "__pycache__"}


def test_a_module_that_an_environment_comes_from_starts_no_run(tmp_path, monkeypatch):
    (tmp_path / "late_run.py").write_text(SEARCHES.format(call=CALLS[0]))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    gymnasium.register("RlnasTest/LateRun-v0", "late_run:Env")
    try:
        with pytest.raises(rlnas.RlnasError, match="the module 'late_run' starts a run when it is imported"):
            rlnas.train("RlnasTest/LateRun-v0", steps=64)
    finally:
        del gymnasium.registry["RlnasTest/LateRun-v0"]


def test_a_process_of_a_run_starts_none_and_reads_all(monkeypatch):
    monkeypatch.setenv(CHILD, "1")
    with pytest.raises(UserError, match="cannot start a run"):
        check_may_start()
    assert rlnas.load_space("minatar-1").size == 25


def test_a_script_and_what_it_imports_itself_may_start_runs(tmp_path, monkeypatch):
    monkeypatch.delenv(CHILD, raising=False)
    (tmp_path / "experiment.py").write_text("from rlnas.processes import check_may_start\ncheck_may_start()\n")
    done = subprocess.run([sys.executable, "-c", "import experiment"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_module_that_multiprocessing_imports_as_the_script_is_refused(tmp_path):
    (tmp_path / "script.py").write_text("from rlnas.processes import check_may_start\ncheck_may_start()\n")
    again = "import runpy; runpy.run_path('script.py', run_name='__mp_main__')"
    done = subprocess.run([sys.executable, "-c", again], cwd=tmp_path, capture_output=True, text=True)
    assert "the module 'script' starts a run when it is imported" in done.stderr


def test_what_else_is_wrong_with_a_module_is_said_with_its_name(tmp_path, monkeypatch):
    (tmp_path / "wrong_space.py").write_text("from rlnas import Choice\nChoice('k', [])\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match="the module 'wrong_space' cannot be imported: UserError: choice 'k' has no"):
        import_trusted("wrong_space")


@pytest.mark.parametrize(
    "left",
    [
        "",
        "threading.Thread(target=threading.Event().wait).start()",
        "multiprocessing.Process(target=threading.Event().wait).start()",
    ],
)
def test_a_process_leaves_with_its_code_and_its_output(left):
    script = f"""
        import multiprocessing, threading
        from rlnas import processes
        processes.FAREWELL = 0.01
        if __name__ == "__main__":
            {left}
            print("done")
            processes.leave(3)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert done.stdout == "done\n"


def test_a_thread_that_ends_by_itself_is_waited_for(tmp_path):
    script = (
        "import threading, pathlib; from rlnas import processes; processes.FAREWELL = 60; ready = threading.Event()"
    )
    script += "; threading.Thread(target=lambda: (ready.wait(0.05), pathlib.Path('saved').touch())).start()"
    done = subprocess.run([sys.executable, "-c", f"{script}; processes.leave(0)"], cwd=tmp_path, timeout=60)
    assert done.returncode == 0
    assert (tmp_path / "saved").exists()


def test_calls_in_several_threads_each_keep_their_folder(tmp_path, monkeypatch):
    for name in ("one", "two", "elsewhere"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "one")
    inside, go = threading.Event(), threading.Event()
    found = {}

    def first():
        with settled():
            inside.set()
            go.wait(10)
            found["one"] = absolute("x")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(10)
    os.chdir(tmp_path / "two")
    with settled():
        os.chdir(tmp_path / "elsewhere")  # as an environment may
        found["two"] = absolute("x")
        go.set()
        thread.join()
    assert found == {"one": tmp_path / "one/x", "two": tmp_path / "two/x"}
    assert Path.cwd() == tmp_path / "two"


def test_a_folder_that_is_gone_is_said_to_be(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(UserError, match="is gone"), settled():
        pass


def test_what_is_left_for_the_end_of_a_process_is_done(tmp_path):
    script = "import atexit; from rlnas.processes import leave; file = open('log', 'w'); file.write('buffered')"
    script += "; atexit.register(lambda: print('bye')); leave(0)"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "bye\n")
    assert (tmp_path / "log").read_text() == "buffered"


FULL = """
reading, writing = os.pipe()
full = os.fdopen(writing, "wb")
writer = threading.Thread(target=full.write, args=(bytes(1 << 20),), daemon=True)
writer.start()
os.read(reading, 1)
"""


@pytest.mark.parametrize("left", [FULL, "atexit.register(threading.Event().wait)"], ids=["a full pipe", "atexit"])
def test_what_blocks_at_the_end_of_a_process_does_not_hold_it_up(left):
    script = f"import atexit, os, threading\nfrom rlnas import processes\nprocesses.FAREWELL = 0.05\n{left}\n"
    done = subprocess.run([sys.executable, "-c", script + "processes.leave(3)"], timeout=20)
    assert done.returncode == 3
