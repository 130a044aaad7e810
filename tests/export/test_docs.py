"""The snippets of docs/exports.md and docs/tutorial-sb3.md run; the wrappers give the observations of rlnas."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecFrameStack

from rlnas.defaults import MINATAR
from rlnas.envs import EnvSettings, VectorEnv, make_env
from rlnas.export import export
from rlnas.spaces import load_space

from .helpers import make_trial, slim

DOCS = Path(__file__).parents[2] / "docs"
TEXT = "".join((DOCS / page).read_text() for page in ("exports.md", "tutorial-sb3.md"))
SNIPPETS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)

# Smaller numbers, so that a test takes seconds.
SMALLER = {
    "n_eval_episodes=30": "n_eval_episodes=1",
    "n_envs=8": "n_envs=2",
    "learn(10_000_000)": "learn(4)",
    "n_steps=128, batch_size=256": "n_steps=2, batch_size=4, n_epochs=1",
    'policy_kwargs("paper-1"': "policy_kwargs(slim('paper-1')",
}


def snippet(part: str) -> str:
    """The one snippet of the pages that contains a text."""
    (found,) = [code for code in SNIPPETS if part in code]
    return found


def run_snippet(part: str) -> dict[str, Any]:
    """Runs a snippet in small; returns what it defined."""
    code = snippet(part)
    for large, small in SMALLER.items():
        code = code.replace(large, small)
    scope: dict[str, Any] = {"slim": slim, "__name__": "snippet"}
    exec(compile(code, "docs/exports.md", "exec"), scope)
    return scope


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the exports that the page speaks of."""
    make_trial(tmp_path / "run", slim("paper-1"), "k2=4,k3=1", "ALE/Breakout-v5")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_every_number_that_is_made_smaller_is_in_the_pages() -> None:
    for large in SMALLER:
        assert any(large in code for code in SNIPPETS), large


def test_torch(exported: Path) -> None:
    export("run", "torch", "found")
    found = run_snippet("found.network")
    assert found["logits"].shape == (1, 4)
    assert found["value"].shape == found["drawn"].shape == found["best"].shape == (1,)


def test_onnx(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export("run", "onnx", "found.onnx")
    assert run_snippet("onnxruntime.Inf")["logits"].shape == (8, 4)
    assert "ALE/Breakout-v5 k2=4,k3=1" in capsys.readouterr().out


def test_sb3(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export("run", "sb3", "found.zip")
    assert run_snippet("model.predict")["actions"].shape == (8,)
    assert "ALE/Breakout-v5 k2=4,k3=1" in capsys.readouterr().out
    found = run_snippet("evaluate_policy")
    assert found["env"].observation_space.shape == (84, 84, 4)
    assert len(eval(capsys.readouterr().out)) == 2


def test_training_an_architecture_anew() -> None:
    model = run_snippet("model.learn")["model"]
    assert model.num_timesteps >= 4
    assert model.policy_kwargs["features_extractor_kwargs"]["space"]["name"] == "paper-1"


def compare_streams(theirs: VecEnv, ours: VectorEnv, steps: int, channels_last: bool = False) -> int:
    """Plays the same random actions in one environment of each; returns the number of games that ended."""
    rng, games = np.random.default_rng(0), 0
    theirs.seed(5)
    other, mine = theirs.reset(), ours.reset(np.array([5]))
    for _ in range(steps):
        np.testing.assert_array_equal(mine[0], other[0].transpose(2, 0, 1) if channels_last else other[0])
        action = rng.integers(ours.actions.outputs, size=1)
        step = ours.step(action)
        other, reward, done, _ = theirs.step(action)
        assert step.reward[0] == reward[0]
        assert bool(step.episodes) == done[0]
        games += len(step.episodes)
        # rlnas resets on a step of its own.
        mine = ours.step(action).observation if step.episodes else step.observation
    ours.close()
    return games


def test_the_atari_wrappers_give_the_frames_of_rlnas() -> None:
    code = snippet("evaluate_policy")
    for old, new in [("noop_max=30", "noop_max=0"), ('probability": 0.25', 'probability": 0.0')]:
        assert old in code
        code = code.replace(old, new)
    scope: dict[str, Any] = {"__name__": "snippet"}
    exec(compile(code.partition("\nenv = make_vec_env")[0], "docs/exports.md", "exec"), scope)
    env = make_vec_env("ALE/Breakout-v5", wrapper_class=scope["prepare"], env_kwargs=scope["options"])
    ours = make_env("ALE/Breakout-v5", EnvSettings(noop_max=0, sticky_actions=0.0), num_envs=1)
    assert compare_streams(VecFrameStack(env, n_stack=4), ours, 400, channels_last=True) >= 1


def test_the_minatar_wrapper_gives_the_grids_of_rlnas(tmp_path: Path) -> None:
    env = run_snippet("ChannelsFirst")["env"]
    make_trial(tmp_path / "run", load_space("minatar-1"), "k1=1,k2=2", "MinAtar/Breakout-v1", actions=3)
    model = PPO.load(export(tmp_path / "run", "sb3"), env=env, device="cpu")
    assert model.predict(env.reset())[0].shape == (2,)
    settings = EnvSettings(**MINATAR.env)
    assert (
        compare_streams(DummyVecEnv([lambda: env.envs[0]]), make_env("MinAtar/Breakout-v1", settings, num_envs=1), 200)
        >= 2
    )
