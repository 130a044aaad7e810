"""Trainings and searches on environments that are odd but real: long games, odd bounds, simulators that are few."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete

from rlnas.algorithms.ppo import PPOSettings
from rlnas.envs import EnvSettings
from rlnas.nets import Network
from rlnas.spaces import Linear, Space
from rlnas.strategies import Evaluate, Fit
from rlnas.study import StudySettings, TrialSettings, load_network, run_trial
from rlnas.study.fitting import SupernetFit
from rlnas.trials.progress import Progress
from rlnas.trials.results import TrialResult

SPACE = Space("three", (3,), [Linear(8)])


class Game(gymnasium.Env):
    """Lasts so many steps; observes random whole numbers; pays for its first action, doubled."""

    action_space = Discrete(2)
    alive, most = 0, 10**9

    def __init__(self, length: int = 5, dtype: str = "int8", high: int = 1):
        Game.alive += 1
        if Game.alive > Game.most:
            raise RuntimeError("a simulation is running already")
        self.length = length
        self.observation_space = Box(0, high, (3,), np.dtype(dtype))

    def look(self) -> np.ndarray:
        high = int(self.observation_space.high[0])
        return self.np_random.integers(0, high, 3, endpoint=True).astype(self.observation_space.dtype)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.time = 0
        return self.look(), {}

    def step(self, action: int) -> Any:
        self.time += 1
        return self.look(), 2.0 * action, self.time >= self.length, False, {}

    def close(self) -> None:
        Game.alive -= 1


@pytest.fixture(autouse=True)
def _own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Game, "alive", 0)
    before = set(gymnasium.registry)
    yield
    for name in set(gymnasium.registry) - before:
        del gymnasium.registry[name]


def settings(kind: type[Any] = TrialSettings, **changes: Any) -> Any:
    game = {name: changes.pop(name) for name in ("length", "dtype", "high") if name in changes}
    gymnasium.registry.pop("RlnasOdd/Game-v0", None)
    gymnasium.register("RlnasOdd/Game-v0", Game, kwargs=game)
    own: dict[str, Any] = {"architecture": "fixed"} if kind is TrialSettings else {"train_steps": 1}
    own |= {
        "env": "RlnasOdd/Game-v0",
        "space": SPACE.to_dict(),
        "env_settings": EnvSettings(num_envs=2),
        "ppo": PPOSettings(rollout_steps=8, epochs=1, minibatches=2),
        "steps": 640,
        "checkpoint_steps": 32,
    }
    return kind(**{**own, **changes})


def plain(result: TrialResult) -> dict[str, Any]:
    return result.model_dump(mode="json")


def test_bytes_of_0_and_1_are_learned_from_as_other_whole_numbers_are(tmp_path: Path) -> None:
    found = [plain(run_trial(tmp_path / dtype, settings(dtype=dtype))) for dtype in ("uint8", "int8", "int64")]
    assert found[0] == found[1] == found[2]
    assert found[0]["total_reward"] > 0


@pytest.mark.parametrize(("dtype", "high", "divisor"), [("uint8", 3, 3), ("int32", 40, 40), ("uint8", 255, 255)])
def test_a_trained_network_scales_by_the_bounds(tmp_path: Path, dtype: str, high: int, divisor: int) -> None:
    asked = settings(dtype=dtype, high=high, steps=32)
    run_trial(tmp_path, asked)
    network = load_network(tmp_path)[1]
    bare = Network(SPACE, SPACE.architecture("fixed"), network.heads)
    bare.load_state_dict(network.state_dict())
    seen = np.random.default_rng(0).integers(0, high, (9, 3), endpoint=True).astype(dtype)
    with torch.no_grad():
        expected = bare(torch.tensor(seen / divisor, dtype=torch.float32))
        for one, other in zip(network(torch.from_numpy(seen)), expected, strict=True):
            torch.testing.assert_close(one, other)


def test_normalised_observations_are_not_scaled_too(tmp_path: Path) -> None:
    ppo = PPOSettings(rollout_steps=8, epochs=1, minibatches=2, normalize_observations=True)
    whole, real = (
        run_trial(tmp_path / dtype, settings(dtype=dtype, high=40, steps=160, ppo=ppo))
        for dtype in ("int32", "float32")
    )
    assert plain(whole) == plain(real)
    weights, others = (load_network(tmp_path / dtype)[1].state_dict() for dtype in ("int32", "float32"))
    assert all(torch.equal(weights[name], others[name]) for name in others)
    standardize = load_network(tmp_path / "int32")[1].standardize
    assert standardize is not None
    assert standardize.mean.numpy() == pytest.approx(20, abs=5)


class Stop(Exception):
    pass


def test_checkpoints_wait_for_long_games_in_runs_that_were_killed_too(tmp_path: Path) -> None:
    # Checkpoints were due after 16 steps of each environment.
    asked = settings(length=40)
    whole = run_trial(tmp_path / "whole", asked)
    assert whole.episodes >= 12
    assert whole.remarks == []

    def stop_at(steps: int) -> Any:
        def watch(progress: Progress) -> None:
            if progress.done == steps:
                raise Stop

        return watch

    for steps in (64, 112, 320):
        with pytest.raises(Stop):
            run_trial(tmp_path / "torn", asked, stop_at(steps))
    run_trial(tmp_path / "torn", asked)
    for name in ("result.json", "episodes.parquet"):
        assert (tmp_path / "torn" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_games_that_never_end_are_remarked_on(tmp_path: Path) -> None:
    notes = []
    result = run_trial(tmp_path, settings(length=10**9), lambda progress: notes.append((progress.done, progress.note)))
    assert result.total_reward is None
    assert [done for done, note in notes if note] == [320]
    assert any("1 checkpoint before any game had ended" in remark for remark in result.remarks)
    assert any("No game ended in 640 steps, 320 in each of 2" in remark for remark in result.remarks)


def test_resets_that_take_many_of_the_steps_are_remarked_on(tmp_path: Path) -> None:
    (remark,) = run_trial(tmp_path, settings(length=1)).remarks
    assert remark.startswith("50% of the steps only reset")


def begun(path: Path, watch: Any = lambda progress: None, **changes: Any) -> SupernetFit:
    found = SupernetFit(settings(StudySettings, **changes), 7, watch)
    found.begin(path)
    return found


PATH = next(iter(SPACE))


def test_a_search_never_has_more_environments_than_a_rollout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Game, "most", 2)
    fit = begun(tmp_path)
    assert Game.alive == 2
    fit.fit(Fit(PATH, 2))
    assert [len(returns) for returns in fit.evaluate(Evaluate((PATH,), 5, 0, 1)).returns] == [5]
    assert Game.alive == 0
    fit.go_on()
    fit.fit(Fit(PATH, 2))
    fit.close()
    assert Game.alive == 0


def test_a_ranking_by_games_that_never_end_is_bounded_told_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rlnas.study.game_plan.LEAST_BLIND", 0)
    told: list[Progress] = []
    fit = begun(tmp_path, told.append, length=10**9)
    fit.fit(Fit(PATH, 1))
    told.clear()
    fit.evaluate(Evaluate((PATH,), 4, 0, 2))
    assert fit.cost() == {
        "fit_steps": 16,
        "evaluated_architectures": 1,
        "evaluation_steps": 3200,
        "evaluation_bound": 6400,
        "cut_games": 4,
    }
    assert [(p.task, p.done, p.total) for p in told][:2] == [("select", 0, 6400), ("select", 200, 6400)]
    assert told[-1].done == 3200
    assert any("4 of the 4 games that ranked architectures were cut" in remark for remark in fit.remarks())


def test_a_ranking_by_long_games_plays_fewer_of_them_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlnas.study.game_plan.LEAST", 0)
    fit = begun(tmp_path, length=40)
    fit.fit(Fit(PATH, 12))
    (returns,) = fit.evaluate(Evaluate((PATH,), 30, 0, 10)).returns
    assert len(returns) == 4  # of 6,400 steps, for ten architectures and games of up to four times forty steps
    assert fit.cut == 0
    assert any(remark.startswith("4 of the 30 games") for remark in fit.remarks())
