"""Networks with layers of the user's own: training, playing, exports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import rlnas
from rlnas import user_imports
from rlnas.errors import UserError
from rlnas.experiments import TrainRequest
from rlnas.export import export
from rlnas.nets import Network
from rlnas.spaces import Linear, Module, Space
from rlnas.trials.settings import TrialSettings

from .helpers import make_trial

NAME = "rlnas_test_mixing"

CODE = """
import torch
from torch import nn

class Mix(nn.Module):
    def __init__(self, features, turns):
        super().__init__()
        self.turns = turns
        self.weight = nn.Parameter(torch.rand(features, features))

    def forward(self, x):
        for _ in range(self.turns):
            x = torch.sin(x @ self.weight)
        return x

def mix(shape, turns):
    return Mix(shape[0], turns)
"""

PLAY = """
import sys, json, torch
from stable_baselines3 import PPO
model = PPO.load(sys.argv[1], device="cpu")
with torch.no_grad():
    features = model.policy.extract_features(torch.tensor([[0.1, -0.2, 0.3, 0.4]]))
    print(json.dumps(model.policy.action_net(features)[0].tolist()))
"""


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A space whose module lies in a folder on the path; forgotten afterwards."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / f"{NAME}.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path / "code")
    yield Space("mixing", (4,), [Linear(6), Module(f"{NAME}:mix", {"turns": 2}), Linear(3)])
    forget()


def forget() -> None:
    """As in a new process."""
    sys.modules.pop(NAME, None)
    user_imports._trusted.discard(NAME)


@pytest.fixture
def run(space: Space, tmp_path: Path) -> tuple[Path, Network]:
    network = make_trial(tmp_path / "run", space, "fixed", "CartPole-v1", 2, imports=(NAME,))
    forget()
    return tmp_path / "run", network


def settings_of(space: object, imports: tuple[str, ...] = ()) -> TrialSettings:
    request = TrainRequest("CartPole-v1", space, "fixed", 10, checkpoint_steps=10, device="cpu", imports=imports)
    return request.resolve().settings


def test_a_run_imports_the_modules_of_its_space(space: Space, tmp_path: Path) -> None:
    assert settings_of(space).imports == (NAME,)
    file = tmp_path / "space.toml"
    layers = 'layers = [{type = "module", factory = "rlnas_test_mixing:mix", arguments = {turns = 1}}]'
    file.write_text(f'name = "s"\ninput = [4]\n{layers}\n')
    forget()
    with pytest.raises(UserError, match=f"--import {NAME}"):
        settings_of(file)
    assert settings_of(file, (NAME,)).imports == (NAME,)


def test_a_training_runs_in_this_process_and_can_be_gone_on_with(space: Space, tmp_path: Path) -> None:
    small = {"num_envs": 2}
    ppo = {"rollout_steps": 8, "minibatches": 1, "epochs": 1}
    options = {"env_options": small, "ppo_options": ppo, "out": tmp_path / "run", "device": "cpu"}
    rlnas.train("CartPole-v1", space=space, steps=16, **options)
    forget()
    with pytest.raises(UserError, match=f"--import {NAME}"):
        rlnas.resume(tmp_path / "run")
    with pytest.raises(UserError, match=f"--import {NAME}"):
        rlnas.evaluate(tmp_path / "run", 1)
    assert rlnas.evaluate(tmp_path / "run", 1, imports=(NAME,)).lengths


def test_torch_source_is_refused(run: tuple[Path, Network]) -> None:
    with pytest.raises(UserError, match=f"--import {NAME}"):
        export(run[0], "torch")
    with pytest.raises(UserError, match=f"'{NAME}:mix' is code of the user's own.* onnx or sb3"):
        export(run[0], "torch", imports=(NAME,))


def test_a_module_that_is_loaded_for_something_else_is_not_called(run: tuple[Path, Network]) -> None:
    __import__(NAME)  # its environments would be at hand; but the space names what to call
    with pytest.raises(UserError, match=f"--import {NAME}"):
        export(run[0], "onnx")


def test_onnx(run: tuple[Path, Network]) -> None:
    assert export(run[0], "onnx", imports=(NAME,)).exists()  # compared with the network before it is written


def test_sb3_in_another_process(run: tuple[Path, Network], tmp_path: Path) -> None:
    file = export(run[0], "sb3", imports=(NAME,))
    paths = os.pathsep.join([str(tmp_path / "code"), *sys.path])
    command = [sys.executable, "-c", PLAY, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert done.returncode == 0, done.stderr
    with torch.no_grad():
        expected = run[1](torch.tensor([[0.1, -0.2, 0.3, 0.4]]))[0][0]
    torch.testing.assert_close(torch.tensor(json.loads(done.stdout)), expected)
