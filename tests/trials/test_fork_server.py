"""Trials as forks of one process: each is as alone as in a fresh process, and a server that dies harms none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from rlnas.errors import WorkerError
from rlnas.trials.backend import Trial
from rlnas.trials.conformance import CHECKS, Bench, importable, trial_files
from rlnas.trials.local import LocalBackend

from ..study.helpers import gone

LOOK = """
import json, random, sys
stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
found = {
    "main": sys.modules["__main__"].__spec__.name,
    "forked": "rlnas.trials.fork_server" == sys.modules["__main__"].__spec__.name,
    "leads a session": int(stat[3]) == os.getpid(),
    "input": sys.stdin.read(),
    "random": [random.random(), float(np.random.rand())],
    "variable": os.environ.get("RLNAS_TEST"),
    "folder": os.getcwd(),
    "seen": sorted(name for name in sys.modules if name.startswith("rlnas_line_")),
    "files": sorted(os.path.realpath(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")),
}
print("said by a trial")
"""


def look(bench: Bench, name: str) -> str:
    """The fault of a game that writes what its process looks like, once, to a file of this name."""
    code = f"{LOOK}\nPath({str(bench.folder / name)!r}).write_text(json.dumps(found))"
    return f"(Path(ONCE).touch(), exec({code!r}, globals()))"


def run(bench: Bench, backend: LocalBackend, name: str, **changes) -> dict:
    """Runs a trial; what its process looked like."""
    settings = bench.settings(look(bench, f"{name}.json"), name, **changes)
    assert backend.submit(Trial(bench.folder / name, settings, name)).result().status == "done"
    assert (bench.folder / name / "worker.log").read_text() == "said by a trial\n"
    return json.loads((bench.folder / f"{name}.json").read_text())


def server(backend: LocalBackend) -> int:
    assert backend._server is not None
    return backend._server._process.pid


@pytest.fixture
def bench(tmp_path: Path):
    with importable(tmp_path):
        yield Bench(partial(LocalBackend, 2), tmp_path)


def test_trials_share_imports_and_nothing_else(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalBackend(1) as backend:
        one, two = run(bench, backend, "one"), run(bench, backend, "two")
        first = server(backend)
        monkeypatch.setenv("RLNAS_TEST", "changed")
        three = run(bench, backend, "three")
        assert server(backend) != first  # the variables may matter to what is imported
        (bench.folder / "elsewhere").mkdir()
        monkeypatch.chdir(bench.folder / "elsewhere")
        four = run(bench, backend, "four")
    for found in (one, two, three, four):
        assert found["forked"] == (sys.platform == "linux")
        assert found["leads a session"]
        assert found["input"] == ""
        assert len(found["seen"]) == 1
        pipes = [file for file in found["files"] if "pipe:" in file]
        assert pipes == []  # neither the study's nor the keeper's
        assert len([file for file in found["files"] if "socket:" in file]) == 1
    assert not set(one["random"]) & set(two["random"])
    assert [found["variable"] for found in (one, two, three, four)] == [None, None, "changed", "changed"]
    assert [Path(found["folder"]) for found in (three, four)] == [Path(one["folder"]), bench.folder / "elsewhere"]


FRESH = """
from rlnas.trials import fork_server
if __name__ == "__main__":
    fork_server._load = lambda env: False
    raise SystemExit(fork_server.main())
"""


REFUSING = """
import os
from rlnas.trials import fork_server
fork, main = os.fork, os.getpid()

def refuse():
    if (os.getpid() == main) == {server}:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    return fork()

if __name__ == "__main__":
    os.fork = refuse
    raise SystemExit(fork_server.main())
"""


@pytest.mark.parametrize("server", [True, False], ids=["server", "keeper"])
def test_a_fork_that_the_system_refuses_is_in_the_log(
    server: bool, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.folder / "rlnas_refusing_server.py").write_text(REFUSING.format(server=server))
    monkeypatch.setattr("rlnas.trials.local.SERVER", "rlnas_refusing_server")
    with LocalBackend(1) as backend, pytest.raises(WorkerError, match=r"worker\.log"):
        backend.submit(Trial(bench.folder / "trial", bench.settings(), "trial")).result()
    line = "no process could be started: [Errno 11] Resource temporarily unavailable\n"
    assert (bench.folder / "trial/worker.log").read_text() == 2 * line


@pytest.mark.parametrize("check", [check for check in CHECKS if check.__name__ in ("check_results", "check_resume")])
def test_where_a_fork_is_not_safe_a_trial_has_a_fresh_process(
    check, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.folder / "rlnas_fresh_server.py").write_text(FRESH)
    monkeypatch.setattr("rlnas.trials.local.SERVER", "rlnas_fresh_server")
    check(bench)
    folder = bench.folder / "again"
    folder.mkdir()
    with importable(folder), LocalBackend(1) as backend:
        found = run(Bench(bench.make, folder), backend, "one")
    assert (found["main"], found["input"]) == ("rlnas.trials.local_worker", "")


def kill_when(bench: Bench, victim, settings) -> tuple[dict, list[int]]:
    """Runs a trial and kills what `victim` names, given the backend, after the first sign of life."""
    killed: list[int] = []

    def kill(progress) -> None:
        if not progress.finished and not killed:
            killed.append(victim(backend))
            os.kill(killed[0], signal.SIGKILL)

    with LocalBackend(1, kill) as backend:
        assert backend.submit(Trial(bench.folder / "trial", settings, "trial")).result().status == "done"
        other = bench.settings(seed=1)
        assert backend.submit(Trial(bench.folder / "other", other, "other")).result().status == "done"
        assert server(backend) != killed[0]
    return trial_files(bench.folder / "trial", settings), killed


def keeper(backend: LocalBackend) -> int:
    (worker,) = backend._running
    return int(Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.parametrize("victim", [server, keeper])
def test_a_killed_server_or_keeper_harms_no_trial(victim, bench: Bench) -> None:
    settings = bench.settings("__import__('time').sleep(0.002)", "trial", steps=2000)
    found, killed = kill_when(bench, victim, settings)
    assert killed
    assert found == bench.expected(settings)


@pytest.mark.parametrize("early", [True, False], ids=["while the server starts", "while a trial runs"])
def test_a_backend_that_is_closed_leaves_no_process(early: bool, bench: Bench) -> None:
    settings = bench.settings("__import__('time').sleep(60)", "trial")
    backend = LocalBackend(1)
    future = backend.submit(Trial(bench.folder / "trial", settings, "trial"))
    while backend._server is None or not (early or any(worker.pid for worker in backend._running)):
        time.sleep(0.01)
    pids = [server(backend), *(worker.pid for worker in backend._running if worker.pid)]
    if not early:
        pids.append(keeper(backend))
    backend.close()
    assert "was stopped" in str(future.exception())
    assert gone(pids)


@pytest.mark.skipif(sys.platform != "linux", reason="forks are not safe")
def test_a_server_with_threads_does_not_fork_trials() -> None:
    script = "import threading; from rlnas.trials.fork_server import _load; print(_load('CartPole-v1'))"
    script += "; threading.Thread(target=threading.Event().wait, daemon=True).start(); print(_load('CartPole-v1'))"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["True", "False"]
