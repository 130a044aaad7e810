"""Trained agents that were never trained: run directories with random weights, and processes that lack packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from rlnas.algorithms.ppo.normalization import Moments
from rlnas.envs import ActionSpace, ContinuousActions, DiscreteActions
from rlnas.envs.actions import actions_to_dict
from rlnas.envs.base import Bounds
from rlnas.files import write_json
from rlnas.nets import Network, Standardize
from rlnas.spaces import (
    Activation,
    Choice,
    Conv,
    Linear,
    MaxPool,
    Norm,
    Readout,
    Repeat,
    Residual,
    Resize,
    Space,
    Switch,
    load_space,
)
from rlnas.study import TrialSettings
from rlnas.trials.checkpoint import save_checkpoint
from rlnas.trials.run_directory import fingerprint
from rlnas.trials.trial import blank_result, bounds_to_dict

PENDULUM = ContinuousActions((-2.0,), (2.0,))

OWN = {"normalize_observations": True, "value_encoder": "own", "log_std": -0.5, "reward_clip": "none"}
"""PPO settings that leave most to an export: moments of observations, a second encoder, a deviation."""

NESTED = Space(
    "nested",
    (4, 10, 10),
    [
        Conv(Choice("c", (8, 3, 6)), kernel=Choice("k", (1, 3)), stride=2, share="slice"),
        Resize(channels=8),
        Repeat(
            [Residual([Norm(), Activation(), Conv(8, kernel=2, activation="none")])], times=Choice("blocks", (1, 2))
        ),
        Switch(
            "op",
            {
                "pool": [MaxPool(3, stride=2), Residual(Conv(8, kernel=3, activation="tanh"))],
                "skip": [],
                "narrow": Conv(5, kernel=1),
            },
        ),
        Resize(4, 4, channels=9),
        Readout(12, "mean", activation="none"),
        Linear(Choice("f", (4, 7, 9)), activation="silu", norm="layer", share="slice"),
    ],
)
"""Layers in layers, and widths that share one weight."""


def slim(name: str) -> Space:
    """A space of the catalogue with a narrow last layer: the wide one takes a second to initialise."""
    space = load_space(name)
    return Space(space.name, space.input_shape, [*space.layers[:-1], Linear(16)])


@torch.no_grad()
def stir(network: Network) -> Network:
    """Gives every tensor numbers of its own; biases of 0 and scales of 1 would hide what is mixed up."""
    stream = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        noise = torch.randn(parameter.shape, generator=stream)
        if parameter.dim() > 1:
            # Of this size, signals keep theirs through linear layers and ReLUs.
            parameter.copy_(noise * (2 / parameter[0].numel()) ** 0.5)
        else:
            parameter.add_(noise / 5)
    return network


def make_trial(
    path: Path,
    space: Space,
    architecture: str,
    env: str,
    actions: ActionSpace | int = 4,
    bounds: Bounds | None = None,
    **settings: object,
) -> Network:
    """Writes the run directory of a finished training; returns its network as `load_network` would."""
    actions = DiscreteActions(actions) if isinstance(actions, int) else actions
    found = TrialSettings(env=env, space=space.to_dict(), architecture=architecture, steps=1000, **settings)
    network = stir(Network(space, space.architecture(architecture), found.heads(actions)))
    plain = found.model_dump(mode="json")
    tensors = {f"policy.{name}": tensor for name, tensor in network.state_dict().items()}
    if found.algorithm_options.scales_observations:
        moments = Moments(space.input_shape)
        moments.update(np.random.default_rng(2).normal(5, 3, (50, *space.input_shape)))
        tensors |= {f"normalizer.observations.{name}": tensor for name, tensor in moments.state_dict().items()}
        network.standardize = moments.standardize
    if bounds is not None:
        network.standardize = Standardize.between(bounds.low, bounds.high)
    data = {"seconds": 0.0, "actions": actions_to_dict(actions), "bounds": bounds_to_dict(bounds)}
    save_checkpoint(path / "checkpoint.safetensors", fingerprint(plain), tensors, data)
    scores = {"total_reward": 2.5, "reward_mean": None}
    result = blank_result(found).model_copy(update={"steps": 1024, "episodes": 7, "scores": scores})
    write_json(path / "trial.json", plain)
    write_json(path / "result.json", result.model_dump(mode="json"))
    return network


def run_without(packages: tuple[str, ...], script: str, *arguments: object) -> None:
    """Runs a script in a process of its own in which some packages cannot be imported."""
    block = f"import sys\nfor name in {packages!r}:\n    sys.modules[name] = None\n"
    command = [sys.executable, "-c", block + script, *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
