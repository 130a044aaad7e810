"""What runs on a GPU is what runs on a CPU, and the same bytes each time. Skipped where torch finds no GPU."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from rlnas.algorithms.ppo import PPOSettings, PPOTrainer
from rlnas.algorithms.ppo.update import update
from rlnas.algorithms.torch_modes import set_torch_modes
from rlnas.envs import EnvSettings, make_env
from rlnas.nets import Network, Supernet
from rlnas.spaces import load_space

from .helpers import rlnas
from .helpers import tiny_command as cpu_command

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")

RESULTS = ("result.json", "search/ranking.json", "search/paths.jsonl", "search/episodes.parquet", "report.html")


@pytest.mark.parametrize(("space", "path"), [("paper-1", "k2=5,k3=5"), ("paper-2", None), ("nature-cnn", None)])
def test_a_network_says_the_same(space: str, path: str | None) -> None:
    set_torch_modes()
    found = load_space(space)
    network = Network(found, found.architecture(path) if path else next(iter(found)), 4, 1)
    observations = torch.randint(0, 256, (64, *found.input_shape), dtype=torch.uint8)
    with torch.no_grad():
        expected = network(observations)
        given = network.to("cuda")(observations.to("cuda"))
    # TF32 would be off by 1e-3.
    for a, b in zip(expected, given, strict=True):
        assert (a - b.cpu()).norm() < 2e-5 * a.norm()


def atari_trainer(device: str) -> PPOTrainer:
    space = load_space("paper-1")
    env = make_env("ALE/Breakout-v5", EnvSettings(num_envs=4))
    network = Network(space, space.architecture("k2=3,k3=5"), env.actions.outputs, 1)
    return PPOTrainer(network, env, PPOSettings(rollout_steps=64), 4, 1, device)


def test_an_update_is_that_of_the_cpu() -> None:
    here, there = atari_trainer("cpu"), atari_trainer("cuda")
    here.iterate()
    there.load_state_dict(here.state_dict())
    before = copy.deepcopy(here.policy.state_dict())
    there.rollout = copy.deepcopy(here.rollout)
    for name, value in vars(there.rollout).items():
        if isinstance(value, torch.Tensor):
            setattr(there.rollout, name, value.to("cuda"))
    stats = [
        update(one.policy, one.distribution, one.optimizer, one.rollout, one.settings, torch.Generator().manual_seed(3))
        for one in (here, there)
    ]
    np.testing.assert_allclose(list(vars(stats[1]).values()), list(vars(stats[0]).values()), rtol=1e-3, atol=1e-5)
    for name, tensor in here.policy.state_dict().items():
        change, other = tensor - before[name], there.policy.state_dict()[name].cpu() - before[name]
        assert change.norm() > 0
        # Adam divides by the gradient's size, so what is tiny is rounded differently and moves as far as the rest.
        assert (change - other).norm() < 0.02 * change.norm(), name


@pytest.mark.parametrize("path", ["k2=3,k3=5", "all"])
def test_a_training_gives_the_same_bytes_twice(path: str) -> None:
    states = []
    for _ in range(2):
        trainer = atari_trainer("cuda")
        if path == "all":
            space = load_space("paper-1")
            supernet = Supernet(space, trainer.env.actions.outputs, 1)
            trainer = PPOTrainer(supernet, trainer.env, trainer.settings, 4, 1, "cuda")
            supernet.activate(space.architecture("k2=3,k3=5"))
        logs = [trainer.iterate() for _ in range(3)]
        states.append((trainer.state_dict(), logs))
    assert states[0][1] == states[1][1]
    for name, tensor in states[0][0].items():
        assert torch.equal(tensor, states[1][0][name]), name


def cuda_command(folder: Path, strategy: str) -> list[str]:
    command = cpu_command(folder, Path("run"))
    command[command.index("--device") + 1] = "cuda"
    if strategy == "enas":
        at = command.index("--strategy-options")
        command[at : at + 3] = ["--strategy-options", "child_iterations=2"]
    return [*command, "--strategy", strategy]


@pytest.mark.parametrize("strategy", ["spos", "enas"])
def test_a_search_runs_and_its_agent_plays_anywhere(strategy: str, tmp_path: Path) -> None:
    runs = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        finished = rlnas(cuda_command(folder, strategy), folder)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        runs.append([(folder / "run" / name).read_bytes() for name in RESULTS])
    assert runs[0] == runs[1]
    for device in ("cpu", "cuda"):
        played = rlnas(["evaluate", "run", "--episodes", "2", "--device", device], tmp_path / "first")
        assert played.returncode == 0, played.stderr
