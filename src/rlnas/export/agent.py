"""A trained agent as every format needs it: its network, what it observes, where it comes from."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box

from rlnas.envs import allow_imports, import_modules
from rlnas.envs.minatar import MINATAR_PREFIX
from rlnas.envs.registry import ATARI_PREFIX, known_ids
from rlnas.errors import UserError
from rlnas.nets import Network
from rlnas.spaces import Shape
from rlnas.study import TrialResult, TrialSettings, load_network
from rlnas.study.settings import current_versions
from rlnas.study.study import trained_trial
from rlnas.study.trial import read_result, read_settings

FORMAT = "rlnas-agent-1"


@dataclass(frozen=True)
class Agent:
    """A trained agent.

    Attributes:
        settings: of its training.
        network: its network, on the CPU.
        observation: the observations of its environment, as they reach the network.
        result: what its training came to; `None` while it is under way.
    """

    settings: TrialSettings
    network: Network
    observation: Box
    result: TrialResult | None

    @property
    def actions(self) -> int:
        """The number of its actions."""
        return self.network.policy.out_features

    @property
    def dtype(self) -> np.dtype:
        """The type of the numbers in an observation."""
        assert self.observation.dtype is not None
        return np.dtype(self.observation.dtype)

    @property
    def description(self) -> dict[str, Any]:
        """All that a stranger needs to know about the agent, as plain data: the content of `architecture.json`."""
        result = self.result
        return {
            "format": FORMAT,
            "env": self.settings.env,
            "env_settings": observation_settings(self.settings),
            "observation": {
                "shape": list(self.observation.shape),
                "dtype": self.dtype.name,
                "divided_by": 255 if self.dtype == np.uint8 else 1,
                "normalisation": None,
            },
            "actions": self.actions,
            "space": self.settings.space,
            "architecture": self.settings.architecture,
            "training": {
                "seed": self.settings.seed,
                "budget": self.settings.steps,
                "steps": result.steps if result else None,
                "episodes": result.episodes if result else None,
                "total_reward": result.total_reward if result else None,
                "reward_mean": result.reward_mean if result else None,
                "versions": self.settings.versions,
            },
            "exported_by": current_versions(),
        }

    def draw_observations(self, count: int, seed: int = 0) -> np.ndarray:
        """Random observations `(count, *shape)` of the environment's type, to compare two networks on."""
        rng, shape = np.random.default_rng(seed), (count, *self.observation.shape)
        if self.dtype.kind == "f":
            return rng.standard_normal(shape).astype(self.dtype)
        return rng.integers(0, 256 if self.dtype == np.uint8 else 2, shape).astype(self.dtype)


def observation_settings(settings: TrialSettings) -> dict[str, Any]:
    """The settings of the environment that decide what the agent observes and which games it plays."""
    chosen = settings.env_settings.model_dump(mode="json", exclude={"num_envs"})
    if settings.env.startswith(MINATAR_PREFIX):
        return {"sticky_actions": chosen["sticky_actions"]}
    return chosen if settings.env.startswith(ATARI_PREFIX) else {}


def load_agent(run: Path, imports: Sequence[str] = ()) -> Agent:
    """The agent of a training, or of a search: its best architecture, first training seed.

    Args:
        run: the run directory.
        imports: the modules that the run imports, allowed by name.

    Raises:
        UserError: if there is no trained agent, the run imports a module that is not allowed, or its environment is
            not there or of a kind that no export can describe.
    """
    trial = trained_trial(run)
    settings = read_settings(trial)
    # What this process has imported already, it trusts already.
    allow_imports(settings.imports, [*imports, *sys.modules])
    # What is there need not be imported; that it is there does not mean that its functions may be called.
    import_modules(tuple(module for module in settings.imports if module in imports))
    settings, network = load_network(trial)
    space = find_observations(settings.env, network.space.input_shape)
    return Agent(settings, network.eval(), space, read_result(trial))


def find_observations(env: str, shape: Shape) -> Box:
    """The observations of an environment, as they reach a network that takes the given shape.

    Atari games and MinAtar need not be installed for this.

    Raises:
        UserError: if the environment cannot be made, or has other observations.
    """
    if env.startswith(ATARI_PREFIX):
        return Box(0, 255, shape, np.uint8)
    if env.startswith(MINATAR_PREFIX):
        return Box(0, 1, shape, np.bool_)  # type: ignore[arg-type]
    try:
        known_ids()
        made = gymnasium.make(env)
        space = made.observation_space
        made.close()
    except Exception as error:
        raise UserError(f"the environment {env!r} cannot be made: {type(error).__name__}: {error}.") from None
    if not isinstance(space, Box) or space.shape != shape:
        raise UserError(f"the environment {env!r} has observations {space}, but the network takes the shape {shape}.")
    return space
