"""A trained agent as every format needs it: its network, what it observes, where it comes from."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box
from gymnasium.spaces import Space as GymSpace
from torch import Tensor, nn

from rlnas.envs.actions import actions_to_dict, centre_and_half
from rlnas.envs.families import find_spaces, options_of
from rlnas.envs.gym_spaces import read_actions
from rlnas.errors import RlnasError
from rlnas.nets import Network
from rlnas.study import TrialResult, TrialSettings, load_network
from rlnas.study.study import trained_trial
from rlnas.trials.metrics import METRICS
from rlnas.trials.settings import current_versions
from rlnas.trials.trial import read_result, read_settings
from rlnas.user_imports import allow_imports, import_modules

FORMAT = "rlnas-agent-2"

LARGEST = 1_000
"""Whole numbers beyond this are not drawn to compare two networks on."""
TOLERANCE = 1e-4
"""Largest difference that rounding may make, as a part of the largest output (or of 1, where that is smaller)."""

Compute = Callable[[np.ndarray], Sequence[np.ndarray]]
"""From observations `(batch, *shape)` to what `Agent.outputs` names."""


class ParityError(RlnasError, RuntimeError):
    """An export does not compute what the network computes."""


@dataclass(frozen=True)
class Export:
    """What a format makes of an agent: the files by their names in the export's folder, and what they compute.

    An export of one file has it under the name `""`.
    """

    files: dict[str, bytes]
    compute: Compute


@dataclass(frozen=True)
class Agent:
    """A trained agent: its network on the CPU, the observations that reach it, and the actions of its environment.

    `result` is `None` while the training is under way.
    """

    settings: TrialSettings
    network: Network
    observation: Box
    action: GymSpace
    result: TrialResult | None

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of what an export returns."""
        return ("mean", "log_std", "value") if self.network.heads.log_std is not None else ("logits", "value")

    @property
    def normalization(self) -> dict[str, Any] | None:
        """What observations lose and are divided by before the first layer, as plain data, where they are."""
        found = self.network.standardize
        if found is None:
            return None
        clip = found.clip if math.isfinite(found.clip) else None
        return {"mean": found.mean.tolist(), "deviation": found.deviation.tolist(), "clip": clip}

    @property
    def dtype(self) -> np.dtype:
        """The type of the numbers in an observation."""
        assert self.observation.dtype is not None
        return np.dtype(self.observation.dtype)

    @property
    def description(self) -> dict[str, Any]:
        """All that a stranger needs to know about the agent, as plain data: the content of `architecture.json`."""
        result, actions = self.result, actions_to_dict(read_actions(self.settings.env, self.action))
        # What an environment adds to the numbers that a policy chooses, and the shape that it wants them in.
        start, shape = np.asarray(getattr(self.action, "start", 0)), self.action.shape or ()
        actions |= {"start": start.tolist()} if start.any() else {}
        actions |= {"shape": list(shape)} if len(shape) > 1 else {}
        # What decides which games the agent plays, and what it observes of them.
        env = self.settings.env_settings.model_dump(mode="json", exclude={"num_envs", "scale_actions"})
        return {
            "format": FORMAT,
            "env": self.settings.env,
            "env_settings": {name: env[name] for name in options_of(self.settings.env) if name in env},
            "observation": {
                "shape": list(self.observation.shape),
                "dtype": self.dtype.name,
                "divided_by": 255 if self.dtype == np.uint8 and self.normalization is None else 1,
                "normalization": self.normalization,
            },
            "actions": actions,
            "space": self.settings.space,
            "architecture": self.settings.architecture,
            "training": {
                "seed": self.settings.seed,
                "budget": self.settings.steps,
                "steps": result.steps if result else None,
                "episodes": result.episodes if result else None,
                **{metric: result.scores[metric] if result else None for metric in METRICS},
                "precision": self.settings.precision,
                "versions": self.settings.versions,
            },
            "exported_by": current_versions(),
        }

    def draw_observations(self, count: int, seed: int = 0) -> np.ndarray:
        """Random observations `(count, *shape)` of the environment's type, to compare two networks on."""
        rng, shape = np.random.default_rng(seed), (count, *self.observation.shape)
        if self.dtype.kind == "f":
            drawn, known = rng.standard_normal(shape), self.network.standardize
            return (drawn if known is None else drawn * known.deviation.numpy() + known.mean.numpy()).astype(self.dtype)
        sides = (self.observation.low, self.observation.high)
        low, high = (np.clip(side.astype(float), -LARGEST, LARGEST).astype(int) for side in sides)
        return rng.integers(low, high, shape, endpoint=True).astype(self.dtype)

    @torch.no_grad()
    def compute(self, observation: np.ndarray) -> list[np.ndarray]:
        """What an export must return for observations `(batch, *shape)`, in the order of `outputs`."""
        return [output.numpy() for output in ExportedNetwork(self.network)(torch.from_numpy(observation))]


class ExportedNetwork(nn.Module):
    """A network that returns means and deviations apart."""

    def __init__(self, network: Network):
        super().__init__()
        self.network = network

    def forward(self, observation: Tensor) -> tuple[Tensor, ...]:
        """Logits and values; for continuous actions means, logarithms of the standard deviations, and values."""
        parameters, value = self.network(observation)
        if self.network.heads.log_std is None:
            return parameters, value
        mean, log_std = parameters.chunk(2, -1)
        return mean, log_std, value


@torch.no_grad()
def check_parity(agent: Agent, compute: Compute) -> None:
    """Compares an export with the network on random observations; raises a `ParityError` where they differ."""
    for count in (1, 5):
        observation = agent.draw_observations(count, seed=count)
        for name, one, other in zip(agent.outputs, agent.compute(observation), compute(observation), strict=True):
            if one.shape != other.shape:
                raise ParityError(f"the export returns {name} of shape {other.shape}, not {one.shape}.")
            difference = float(np.abs(one - other).max())
            if not difference <= TOLERANCE * max(1.0, float(np.abs(one).max())):
                raise ParityError(f"the export differs from the network: by {difference:g} in {name}.")


def load_agent(run: Path, imports: Sequence[str] = ()) -> Agent:
    """The agent of the run directory of a training, or of a search: its best architecture, first training seed.

    Raises:
        UserError: if there is no trained agent, the run imports a module that `imports` does not allow, or its
            environment is not there or of a kind that no export can describe.
    """
    trial = trained_trial(run)
    settings = read_settings(trial)
    # What this process has imported already, it trusts already.
    allow_imports(settings.imports, [*imports, *sys.modules])
    # What is there need not be imported; that it is there does not mean that its functions may be called.
    import_modules([module for module in settings.imports if module in imports])
    settings, network = load_network(trial)
    observation, action = find_spaces(
        settings.env, network.space.input_shape, network.heads.outputs, settings.env_settings.channels
    )
    if settings.env_settings.scale_actions:
        assert isinstance(action, Box)
        unscale(network, action)
    network.bf16 = False  # exports compute in fp32, as whoever plays them expects
    return Agent(settings, network.eval(), observation, action, read_result(trial))


@torch.no_grad()
def unscale(network: Network, action: Box) -> None:
    """Makes a policy that acts in [-1, 1] one that gives means and deviations in the units of its environment.

    A normal distribution that is scaled is one again, so the policy's head takes it over, and whoever plays the export
    needs to know nothing of it.
    """
    sides = centre_and_half(action.low.flatten(), action.high.flatten())
    centre, half = (torch.as_tensor(side, dtype=torch.float32) for side in sides)
    network.policy.weight.mul_(half[:, None])
    network.policy.bias.mul_(half).add_(centre)
    network.log_std.add_(half.log())
