"""Observations and actions that are scaled by the bounds of their spaces, in every export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import gymnasium
import numpy as np
import onnxruntime
import pytest
import torch
from gymnasium.spaces import Box
from stable_baselines3 import PPO

from rlnas.envs import ContinuousActions
from rlnas.envs.gym_spaces import Observations, action_converter
from rlnas.export import export
from rlnas.export.torch_file import run_source
from rlnas.spaces import Choice, Linear, Space

from .helpers import make_trial

SPACE = Space("three", (3,), [Linear(Choice("f", (4, 6)))])
ID = "RlnasScales/Odd-v0"
ACTIONS = Box(np.array([-2000, 0], np.float32), np.array([2000, 1e-3], np.float32))


class Odd(gymnasium.Env):
    action_space = ACTIONS

    def __init__(self, observations: Box):
        self.observation_space = observations


@pytest.fixture(
    params=[
        Box(0, 3, (3,), np.uint8),
        Box(-5, 20, (3,), np.int64),
        Box(np.array([0, 0, -9]), np.array([255, 1, 9]), dtype=np.int16),
    ],
    ids=["bytes", "whole", "apart"],
)
def observations(request: pytest.FixtureRequest) -> Iterator[Box]:
    gymnasium.register(ID, Odd, kwargs={"observations": request.param})
    yield request.param
    del gymnasium.registry[ID]


def test_every_export_scales_as_the_network_does(tmp_path: Path, observations: Box) -> None:
    low, high = (tuple(map(float, side)) for side in (ACTIONS.low, ACTIONS.high))
    bounds = Observations(ID, observations).bounds
    env_settings = {"scale_actions": True}
    actions = ContinuousActions(low, high)
    network = make_trial(tmp_path / "run", SPACE, "f=6", ID, actions, bounds, env_settings=env_settings)
    rng = np.random.default_rng(0)
    seen = rng.integers(observations.low, observations.high, (7, 3), endpoint=True).astype(observations.dtype)

    # By hand, from the weights alone.
    network.standardize = None
    scaled = (seen - observations.low.astype(float)) / (observations.high.astype(float) - observations.low)
    with torch.no_grad():
        parameters, value = network(torch.tensor(scaled, dtype=torch.float32))
    mean, log_std = (part.numpy() for part in parameters.chunk(2, -1))
    half = np.array([2000, 5e-4])
    expected = [np.array([0, 5e-4]) + half * mean, log_std + np.log(half), value.numpy()]

    folder = export(tmp_path / "run", "torch")
    weights = torch.load(folder / "state_dict.pt", weights_only=True)
    with torch.no_grad():
        found = run_source((folder / "network.py").read_text(), weights)(seen)
    session = onnxruntime.InferenceSession(export(tmp_path / "run", "onnx"))
    model = PPO.load(export(tmp_path / "run", "sb3"), device="cpu")
    with torch.no_grad():
        normal = model.policy.get_distribution(model.policy.obs_to_tensor(seen)[0]).distribution
    sb3 = [normal.mean.numpy(), normal.stddev.log().numpy()]
    for outputs in (found, session.run(None, {"observation": seen}), sb3):
        for one, other in zip(outputs, expected, strict=False):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    played = action_converter(ACTIONS, scaled=True)(mean)
    np.testing.assert_allclose(model.predict(seen, deterministic=True)[0], played, rtol=1e-4, atol=1e-7)
    said = json.loads((folder / "architecture.json").read_text())
    assert said["observation"]["divided_by"] == 1
    assert "scale_actions" not in said["env_settings"]
