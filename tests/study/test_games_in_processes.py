"""The games that rank architectures: several processes play what one does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rlnas.algorithms.ppo import PPOSettings
from rlnas.envs import EnvSettings
from rlnas.errors import EnvironmentFault
from rlnas.spaces import load_space
from rlnas.strategies import Evaluate, Fit
from rlnas.study import StudySettings
from rlnas.study.fitting import SupernetFit
from rlnas.trials.backend import Backend
from rlnas.trials.conformance import GAME, importable
from rlnas.trials.local import LocalBackend
from rlnas.trials.progress import Progress

SPACE = load_space("mlp")
PATHS = tuple(SPACE)[:5]
FAULT = "raise RuntimeError('the motor stalled')"


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    """Of a search in a user's own game, which fails in any process but this one once a file `fault` is there."""
    once = str(tmp_path / "never")
    code = GAME.format(trigger=str(tmp_path / "fault"), once=once, fault=FAULT, env="GamesInProcesses-v0")
    (tmp_path / "rlnas_line_games.py").write_text(code)
    return {
        "env": "GamesInProcesses-v0",
        "imports": ("rlnas_line_games",),
        "space": {**SPACE.to_dict(), "input": [2]},
        "env_settings": EnvSettings(num_envs=4),
        "ppo": PPOSettings(rollout_steps=64, normalize_observations=True),
        "steps": 4096,
        "train_steps": 1,
    }


def fitted(folder: Path, settings: dict[str, Any], backend: Backend | None, told: list[Progress]) -> SupernetFit:
    fit = SupernetFit(StudySettings(**settings), 7, told.append, backend)
    fit.begin(folder)
    for path in PATHS[:2]:
        fit.fit(Fit(path, 2))
    return fit


def test_the_number_of_processes_changes_no_game(tmp_path: Path, settings: dict[str, Any]) -> None:
    with importable(tmp_path):
        __import__("rlnas_line_games")
        alone = fitted(tmp_path / "alone", settings, None, [])
        expected = alone.evaluate(Evaluate(PATHS, 6, 0, 5))
        assert len(set(expected.returns)) > 1
        for jobs in (2, 3):
            told: list[Progress] = []
            with LocalBackend(jobs) as backend:
                fit = fitted(tmp_path / str(jobs), settings, backend, told)
                assert backend._server is not None  # which starts during the fit
                assert fit.evaluate(Evaluate(PATHS, 6, 0, 5)) == expected
                server = backend._server
                backend.prepare(settings["env"], tmp_path / "log")
                assert backend._server is server
            assert fit.cost() == alone.cost()
            last = [progress for progress in told if progress.task == "select"][-1]
            assert (last.done, last.finished) == (fit.evaluation_steps, True)
        with LocalBackend(2) as backend:  # which would compute with two threads each
            fitted(tmp_path / "threads", {**settings, "threads": 2}, backend, []).evaluate(Evaluate(PATHS, 1, 0, 5))
            assert backend._server is None


def test_a_fault_of_an_environment_reaches_the_search_with_its_line(tmp_path: Path, settings: dict[str, Any]) -> None:
    with importable(tmp_path), LocalBackend(2) as backend:
        __import__("rlnas_line_games")
        fit = fitted(tmp_path / "fit", settings, backend, [])
        (tmp_path / "fault").touch()
        with pytest.raises(EnvironmentFault, match="the motor stalled") as error:
            fit.evaluate(Evaluate(PATHS, 2, 0, 5))
        assert re.search(r"rlnas_line_games\.py\", line \d+, in step", "".join(error.value.__notes__))
