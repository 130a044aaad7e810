"""Backends: ours pass the suite, and a broken one is caught."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest

import rlnas
from rlnas.errors import UserError
from rlnas.spaces import load_space
from rlnas.trials.backend import Backend, Trial, make_backend
from rlnas.trials.conformance import CHECKS, Bench, check_backend, check_pause, importable, trial_files
from rlnas.trials.inline import InlineBackend
from rlnas.trials.local import LocalBackend
from rlnas.trials.results import TrialResult
from rlnas.trials.settings import TrialSettings

from ..study.helpers import workers_of

BACKENDS = {"inline": InlineBackend, "local": partial(LocalBackend, 2)}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", BACKENDS)
def test_our_backends_pass(name: str, check, tmp_path: Path) -> None:
    with importable(tmp_path):
        check(Bench(BACKENDS[name], tmp_path, own_processes=name == "local"))


def test_commands_use_local_processes() -> None:
    with make_backend(2) as backend:
        assert isinstance(backend, LocalBackend)


class Counting(InlineBackend):
    submitted = 0
    closed = False

    def submit(self, trial: Trial) -> Future[TrialResult]:
        self.submitted += 1
        return super().submit(trial)

    def close(self) -> None:
        self.closed = True


def test_python_may_give_a_backend(tmp_path: Path) -> None:
    backend = Counting()
    options = {"env_options": {"num_envs": 2}, "ppo_options": {"rollout_steps": 16}, "device": "cpu", "baselines": []}
    name = next(iter(load_space("mlp"))).id
    table = rlnas.build_table(
        "CartPole-v1", "mlp", 64, architectures=[name], seeds=2, out=tmp_path / "run", backend=backend, **options
    )
    assert table.seeds == [1, 2]
    assert backend.submitted == 2
    assert not backend.closed
    with pytest.raises(UserError, match="backend must be a backend"):
        rlnas.build_table("CartPole-v1", "mlp", 64, out=tmp_path / "no", backend="local", **options)


class Forgetful(InlineBackend):
    """Trains every trial from scratch."""

    def submit(self, trial: Trial) -> Future[TrialResult]:
        shutil.rmtree(trial.directory, ignore_errors=True)
        return super().submit(trial)


class Deaf(InlineBackend):
    """Tells nobody."""

    def submit(self, trial: Trial) -> Future[TrialResult]:
        return InlineBackend().submit(trial)


class Restless(InlineBackend):
    """Never pauses."""

    def submit(self, trial: Trial) -> Future[TrialResult]:
        return super().submit(Trial(trial.directory, trial.settings, trial.label))


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (Forgetful, "a trial that is done must not run"),
        (Deaf, "the end of a trial must be told once"),
        (Restless, "a trial that can go on is 'paused', not 'done'"),
    ],
)
def test_a_broken_backend_is_caught(broken: type[Backend], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_backend(broken, tmp_path, own_processes=False)


CARTPOLE = TrialSettings(
    env="CartPole-v1",
    space=load_space("mlp").to_dict(),
    architecture=next(iter(load_space("mlp"))).id,
    algorithm_options={"rollout_steps": 32, "normalize_observations": True},
    env_settings={"num_envs": 4},
    steps=2560,
    checkpoint_steps=256,
)
MINATAR = CARTPOLE.model_copy(
    update={"env": "MinAtar/Breakout-v1", "space": load_space("minatar-1").to_dict(), "architecture": "k1=1,k2=2"}
    | {"algorithm_options": CARTPOLE.algorithm_options.model_copy(update={"normalize_observations": False})}
)


@pytest.mark.parametrize("settings", [CARTPOLE, MINATAR], ids=lambda settings: settings.env)
def test_pausing_at_a_fifth_and_at_half_changes_no_byte(settings: TrialSettings, tmp_path: Path) -> None:
    check_pause(Bench(InlineBackend, tmp_path, own_processes=False), settings)


class Stop(BaseException):
    pass


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("settings", [CARTPOLE, MINATAR], ids=lambda settings: settings.env)
def test_a_kill_between_two_pauses_changes_no_byte(settings: TrialSettings, name: str, tmp_path: Path) -> None:
    bench, killed = Bench(BACKENDS[name], tmp_path), []

    def kill(progress) -> None:
        if not progress.finished and not killed:
            killed.append(progress.done)
            if name == "inline":
                raise Stop
            for worker in workers_of(os.getpid()):
                with contextlib.suppress(ProcessLookupError):  # a keeper may have gone with its trial
                    os.kill(worker, signal.SIGKILL)

    directory = tmp_path / "trial"
    paused, _ = bench.run("trial", settings, settings.steps // 5)
    with BACKENDS[name](kill) as backend:
        trial = Trial(directory, settings, "trial", settings.steps // 2)
        try:
            paused = backend.submit(trial).result()
        except Stop:
            paused = backend.submit(trial).result()
    assert killed
    assert paused.status == "paused"
    bench.run("trial", settings)
    assert trial_files(directory, settings) == bench.expected(settings)
