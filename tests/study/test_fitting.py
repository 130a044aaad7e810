"""The live half of a one-shot search: what a proposal does to the supernet, and what is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rlnas import seeding
from rlnas.algorithms.play import play_episodes
from rlnas.algorithms.ppo import PPOSettings
from rlnas.envs import EnvSettings, Step, VectorEnv, make_env
from rlnas.errors import UserError
from rlnas.spaces import load_space
from rlnas.strategies import Evaluate, Fit
from rlnas.study import StudySettings
from rlnas.study.fitting import SupernetFit

GAME = "MinAtar/Asterix-v1"
SPACE = load_space("minatar-1")
ONE, TWO = SPACE.architecture("k1=1,k2=3"), SPACE.architecture("k1=2,k2=4")


def begun(events: Path, **changes: Any) -> SupernetFit:
    settings = {
        "env": GAME,
        "space": SPACE.to_dict(),
        "env_settings": EnvSettings(num_envs=4, sticky_actions=0.1),
        "ppo": PPOSettings(rollout_steps=64, epochs=1, minibatches=2),
        "steps": 4096,
        "train_steps": 1,
    }
    found = SupernetFit(StudySettings(**{**settings, **changes}), 7, lambda progress: None)
    found.begin(events)
    return found


@pytest.fixture
def fit(tmp_path: Path) -> SupernetFit:
    return begun(tmp_path)


class Recorder:
    """An environment that keeps what it returned."""

    def __init__(self, env: Any):
        self._env = env
        self.steps: list[Step] = []
        self.resets = self.closed = 0

    def close(self) -> None:
        self.closed += 1
        self._env.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._env, name)

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        self.resets += 1
        return self._env.reset(seeds)

    def step(self, actions: np.ndarray) -> Step:
        self.steps.append(self._env.step(actions))
        return self.steps[-1]


def test_a_fit_trains_its_path_and_no_other(fit: SupernetFit) -> None:
    for path in (TWO, ONE):
        before = {name: tensor.clone() for name, tensor in fit.supernet.state_dict().items()}
        fit.fit(Fit(path, 1))
        changed = {name for name, tensor in fit.supernet.state_dict().items() if not torch.equal(tensor, before[name])}
        own = {name for name in before if "options" not in name}
        own |= {name for name in before if f"k1={path['k1']}." in name or f"k2={path['k2']}." in name}
        assert changed == own


def test_a_fit_beyond_the_budget_is_refused(fit: SupernetFit) -> None:
    left = fit.trainer.iterations - fit.trainer.iteration
    with pytest.raises(UserError, match=f"proposes {left + 1} iterations, but its budget has {left} left"):
        fit.fit(Fit(ONE, left + 1))


def test_a_narrow_path_leaves_the_weights_of_missing_channels_and_their_moments(tmp_path: Path) -> None:
    space = load_space("minatar-2")
    fit = begun(tmp_path, space=space.to_dict())
    wide, narrow = ({**dict(next(iter(space))), "width": width, "readout": "mean"} for width in (24, 8))
    fit.fit(Fit(space.architecture(wide), 2))

    def weight_and_moments() -> list[torch.Tensor]:
        tensors = fit.trainer.state_dict()
        found = [tensors[name] for name in tensors if "readout=mean" in name and "linear.slices.0.weight" in name]
        found = [tensor for tensor in found if tensor.dim()]  # without the count of steps
        assert [tuple(tensor.shape) for tensor in found] == [(128, 24)] * 3
        return [tensor.clone() for tensor in found]

    before = weight_and_moments()
    fit.fit(Fit(space.architecture(narrow), 2))
    for old, new in zip(before, weight_and_moments(), strict=True):
        assert old[:, 8:].any()
        assert torch.equal(old[:, 8:], new[:, 8:])
        assert not torch.equal(old[:, :8], new[:, :8])


def test_what_is_told_of_a_fit_is_what_was_played(fit: SupernetFit) -> None:
    recorder = Recorder(fit.env)
    fit.env = fit.trainer.env = recorder
    running, everything = np.zeros(4), []
    for iterations in (12, 3):
        recorder.steps.clear()
        outcome = fit.fit(Fit(ONE, iterations))
        assert len(recorder.steps) == 64 * iterations
        finished = []
        for step in recorder.steps:
            running += step.reward
            for episode in step.episodes:
                finished.append(running[episode.environment])
                running[episode.environment] = 0
        assert outcome.returns == (tuple(finished),)
        everything += finished
        assert outcome.running == pytest.approx(running.mean())
    assert len(everything) > 10
    assert max(everything) > 1  # returns of whole games, not signs
    assert [entry["path"] for entry in fit.paths] == [ONE.id, ONE.id]
    assert fit.paths[1]["steps"] == 15 * 256


def test_games_run_on_unless_fresh_ones_are_asked_for(fit: SupernetFit) -> None:
    recorder = Recorder(fit.env)
    fit.env = fit.trainer.env = recorder
    fit.fit(Fit(ONE, 1))
    assert recorder.resets == 0
    observations = []
    for _ in range(2):
        fit.fit(Fit(ONE, 1, fresh=True))
        observations.append(recorder.steps[-64].observation)
    assert recorder.resets == 2
    assert not np.array_equal(*observations)


@pytest.mark.parametrize("reset", [False, True])
def test_paths_share_moments_unless_they_are_to_begin_anew(fit: SupernetFit, reset: bool) -> None:
    fit.fit(Fit(ONE, 3))
    weights = {name: tensor.clone() for name, tensor in fit.supernet.state_dict().items()}
    fit.fit(Fit(TWO, 1, reset_optimizer=reset))
    state = fit.trainer.optimizer.state
    shared = [name for name, tensor in fit.supernet.state_dict().items() if not torch.equal(tensor, weights[name])]
    assert shared
    # Two minibatches an iteration.
    names = ("policy.slices.0.weight", "policy.slices.0.bias")
    assert {float(state[name]["step"]) for name in names} == ({2.0} if reset else {8.0})


def test_an_evaluation_plays_each_path_with_the_shared_weights(fit: SupernetFit) -> None:
    fit.fit(Fit(ONE, 1))
    with torch.no_grad():
        fit.supernet.policy.slices[0].weight.mul_(100)  # so that paths differ in what they do
    outcome = fit.evaluate(Evaluate((ONE, TWO), 3, 0, 25))
    games, lengths = seeding.integers(7, "evaluation", count=3), []
    for path, returns in zip((ONE, TWO), outcome.returns, strict=True):
        network = fit.supernet.extract(path)
        stream = torch.Generator().manual_seed(seeding.integer(7, "evaluation", path.id))
        env = make_env(GAME, EnvSettings(sticky_actions=0.1), num_envs=3)
        (alone,) = play_episodes([lambda network=network: network], env, games, [stream])
        assert returns == tuple(episode.score for episode in alone)
        lengths += [episode.length for episode in alone]
    assert outcome.returns[0] != outcome.returns[1]
    assert (fit.evaluated, fit.evaluation_steps) == (2, sum(lengths))


@pytest.mark.parametrize(("episodes", "sizes"), [(6, [4, 2, 4, 2]), (2, [4])])
def test_an_evaluation_opens_no_more_environments_than_the_fit_which_closes_its_own(
    fit: SupernetFit, monkeypatch: pytest.MonkeyPatch, episodes: int, sizes: list[int]
) -> None:
    opened: list[int] = []
    fit.env = fit.trainer.env = Recorder(fit.env)

    def counted(*args: Any, num_envs: int, **options: Any) -> VectorEnv:
        assert fit.env.closed == 1
        opened.append(num_envs)
        return make_env(*args, num_envs=num_envs, **options)

    monkeypatch.setattr("rlnas.study.fitting.make_env", counted)
    outcome = fit.evaluate(Evaluate((ONE, TWO), episodes, 0, 25))
    assert [len(returns) for returns in outcome.returns] == [episodes, episodes]
    assert opened == sizes
    assert fit.evaluation_steps > 2 * episodes
    fit.go_on()
    fit.fit(Fit(ONE, 1))  # with environments that are made again


def test_an_evaluation_sees_observations_as_the_fit_did(tmp_path: Path) -> None:
    space = load_space("mlp")
    ppo = PPOSettings(rollout_steps=64, normalize_observations=True)
    fit = begun(tmp_path, env="CartPole-v1", space=space.to_dict(), ppo=ppo)
    path = space.architecture("depth=1,width=32,norm=none,act=tanh")
    fit.fit(Fit(path, 8))
    with torch.no_grad():
        fit.supernet.policy.weight.mul_(10)  # so that what it sees decides what it does
    (returns,) = fit.evaluate(Evaluate((path,), 4, 0, 1)).returns
    network = fit.supernet.extract(path)
    normalizer = fit.trainer.normalizer
    assert normalizer is not None

    def play(policy: Any) -> tuple[float, ...]:
        stream = torch.Generator().manual_seed(seeding.integer(7, "evaluation", path.id))
        env = make_env("CartPole-v1", EnvSettings(), num_envs=4)
        (episodes,) = play_episodes([lambda: policy], env, seeding.integers(7, "evaluation", count=4), [stream])
        return tuple(episode.score for episode in episodes)

    moments = normalizer.observations
    mean = torch.as_tensor(moments.mean, dtype=torch.float32)
    deviation = torch.as_tensor(moments.deviation, dtype=torch.float32)
    assert returns == play(lambda x: network(((x - mean) / deviation).clamp(-10, 10)))
    assert returns != play(network)
