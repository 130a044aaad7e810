"""Parts of a search in processes of their own."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from rlnas.errors import EnvironmentFault, UserError, WorkerError
from rlnas.trials.backend import Job
from rlnas.trials.local import LocalBackend

from ..study.helpers import runs


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the processes of jobs import this module."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2])


def count(data: dict[str, Any], tell) -> dict[str, Any]:
    for _ in range(data["count"]):
        tell(2)
    return {"sum": sum(data["numbers"]), "process": os.getpid(), "third": 1 / 3}


def fail(data: str, tell) -> None:
    if data == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if data == "sleep":
        time.sleep(60)
    if data == "exit":
        raise SystemExit(0)
    raise {"fault": EnvironmentFault, "user": UserError, "bug": KeyError}[data](f"a {data}")


def die_once(data: str, tell) -> str:
    tell(2)
    if not Path(data).exists():
        Path(data).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    tell(3)
    return "done"


def daemonise(data: None, tell) -> int:
    if (pid := os.fork()) == 0:
        os.setsid()
        time.sleep(30)
        os._exit(0)
    return pid


def arguments(data: None, tell) -> list[str]:
    return sys.argv[1:]


def job(folder: Path, function, data, told: list[int] | None = None) -> Job:
    return Job(function, data, "CartPole-v1", folder / "worker.log", (told if told is not None else []).append)


def test_a_job_gives_what_its_function_returns_and_tells(tmp_path: Path) -> None:
    told: list[int] = []
    with LocalBackend(2) as backend:
        assert backend.jobs == 2
        found = backend.call(job(tmp_path, count, {"count": 5, "numbers": [1, 2.5]}, told)).result()
    assert (found["sum"], found["third"]) == (3.5, 1 / 3)
    assert found["process"] != os.getpid()
    assert sum(told) == 10


def test_what_ends_a_job_is_raised(tmp_path: Path) -> None:
    with LocalBackend(1) as backend:
        for data, kind in (("fault", EnvironmentFault), ("user", UserError)):
            with pytest.raises(kind) as error:
                backend.call(job(tmp_path, fail, data)).result()
            assert str(error.value) == f"a {data}"
            assert "in fail" in error.value.__notes__[0]
        with pytest.raises(WorkerError, match=r"killed \(SIGKILL\), 2 times; see .*worker.log.*can be resumed"):
            backend.call(job(tmp_path, fail, "kill")).result()
        for data in ("bug", "exit"):
            with pytest.raises(WorkerError, match=r"ended with code 5 .* 2 times; see .*worker.log"):
                backend.call(job(tmp_path, fail, data)).result()
    assert "KeyError: 'a bug'" in (tmp_path / "worker.log").read_text()


def test_a_job_whose_process_dies_is_tried_again_and_tells_nothing_twice(tmp_path: Path) -> None:
    told: list[int] = []
    with LocalBackend(1) as backend:
        assert backend.call(job(tmp_path, die_once, str(tmp_path / "once"), told)).result() == "done"
    assert told[0] == 2  # by the one that died
    assert sum(told) == 5


def test_a_job_ends_with_its_backend(tmp_path: Path) -> None:
    with LocalBackend(1) as backend:
        future = backend.call(job(tmp_path, fail, "sleep"))
        threading.Event().wait(0.1)
    assert isinstance(future.exception(), WorkerError)
    with pytest.raises(RuntimeError):
        backend.call(job(tmp_path, fail, "sleep"))


def test_a_job_is_not_as_long_as_a_daemon_that_it_starts(tmp_path: Path) -> None:
    with LocalBackend(1) as backend:
        daemon = backend.call(job(tmp_path, daemonise, None)).result()
    assert runs(daemon)
    os.kill(daemon, signal.SIGKILL)


def test_a_job_has_no_arguments_of_the_server(tmp_path: Path) -> None:
    with LocalBackend(1) as backend:
        assert backend.call(job(tmp_path, arguments, None)).result() == []
