"""How often a trial is started, and what its process may do."""

from __future__ import annotations

import itertools
from concurrent.futures import Future

import pytest

from rlnas.errors import UserError, WorkerError
from rlnas.spaces import load_space
from rlnas.study import TrialSettings
from rlnas.trials.backend import Trial
from rlnas.trials.local import Exit, LocalBackend
from rlnas.trials.progress import Progress
from rlnas.trials.results import TrialResult
from rlnas.trials.trial import blank_result

SPACE = load_space("minatar-1")
SETTINGS = TrialSettings(env="MinAtar/Breakout-v1", space=SPACE.to_dict(), architecture="k1=1,k2=1", steps=64)
KILLED = (-9, "its process was killed (SIGKILL)")


def run(tmp_path, monkeypatch, ends) -> tuple[Future[TrialResult], list[int], list[Progress]]:
    """Runs a trial whose processes end as named: a code, and whether a checkpoint was written before."""
    started: list[int] = []
    told: list[Progress] = []

    def attempt(self: LocalBackend, trial: Trial) -> tuple[int, str]:
        (code, reason), moved = ends[len(started)]
        started.append(code)
        if moved:
            trial.directory.mkdir(exist_ok=True)
            (trial.directory / "new").write_text(str(len(started)))
            (trial.directory / "new").rename(trial.directory / "checkpoint.safetensors")
        if code == Exit.DONE and reason == "":
            result = blank_result(trial.settings)
            (trial.directory / "result.json").write_text(result.model_dump_json())
            (trial.directory / "trial.json").write_text(trial.settings.model_dump_json())
        return code, reason

    monkeypatch.setattr(LocalBackend, "_attempt", attempt)
    with LocalBackend(1, told.append) as workers:
        future = workers.submit(Trial(tmp_path / "trial", SETTINGS, "a trial"))
        future.exception()
    return future, started, told


def test_attempts_count_from_the_last_checkpoint(tmp_path, monkeypatch):
    ends = [(KILLED, True), (KILLED, False), (KILLED, True), (KILLED, True), (KILLED, True), ((Exit.DONE, ""), True)]
    ends.pop(1)
    future, started, _ = run(tmp_path, monkeypatch, ends)
    assert future.result().status == "done"
    assert len(started) == len(ends)


@pytest.mark.parametrize(
    "end", [KILLED, (Exit.DONE, "its process ended with code 0"), (Exit.BROKEN, "its process ended with code 3")]
)
def test_a_trial_that_is_killed_twice_from_one_checkpoint_is_no_result(tmp_path, monkeypatch, end):
    future, started, told = run(tmp_path, monkeypatch, [(end, False), (end, True), *itertools.repeat((end, False), 9)])
    with pytest.raises(WorkerError, match=r"a trial: .*, 2 times from one checkpoint; see .* can be resumed"):
        future.result()
    assert len(started) == 3
    assert told == []
    assert not (tmp_path / "trial/result.json").exists()


def test_a_fault_of_the_trial_is_its_result(tmp_path, monkeypatch):
    future, started, told = run(tmp_path, monkeypatch, [((Exit.FAILED, "the motor stalled"), False)])
    assert (future.result().status, future.result().reason) == ("failed", "the motor stalled")
    assert len(started) == 1
    assert told[-1].finished


def test_a_trial_of_something_else_stops_the_study(tmp_path, monkeypatch):
    future, started, _ = run(tmp_path, monkeypatch, [((Exit.REFUSED, "belongs to other settings"), False)])
    with pytest.raises(UserError, match="belongs to other settings"):
        future.result()
    assert len(started) == 1


def test_a_link_as_the_log_of_a_worker_is_refused(tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial/worker.log").symlink_to(tmp_path / "precious")
    with LocalBackend(1) as workers, pytest.raises(UserError, match="no plain file"):
        workers.submit(Trial(tmp_path / "trial", SETTINGS, "a trial")).result()
    assert (tmp_path / "precious").read_text() == "mine"
