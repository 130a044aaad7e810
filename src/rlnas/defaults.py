"""What an environment gets where the user says nothing: how it is set up, PPO's hyperparameters, the yardsticks."""

from __future__ import annotations

from typing import Any

from rlnas.envs.minatar import MINATAR_PREFIX
from rlnas.envs.registry import ATARI_PREFIX
from rlnas.spaces import HAND_MADE, Shape, adapt, load_space

MINATAR_ENV = {"num_envs": 32}
MINATAR_PPO = {
    "rollout_steps": 64,
    "learning_rate": 1e-3,
    "clip": 0.2,
    "value_clip": None,
    "reward_clip": "none",
}


def env_defaults(env: str) -> dict[str, Any]:
    """What differs from `EnvSettings` for an environment."""
    return dict(MINATAR_ENV) if env.startswith(MINATAR_PREFIX) else {}


def ppo_defaults(env: str) -> dict[str, Any]:
    """What differs from `PPOSettings`, which is for Atari, for an environment."""
    if env.startswith(MINATAR_PREFIX):
        return dict(MINATAR_PPO)
    # Only Atari games learn from the sign of the reward.
    return {} if env.startswith(ATARI_PREFIX) else {"reward_clip": "none"}


def default_baselines(input_shape: Shape) -> list[str]:
    """The hand-made networks that take observations of a shape."""
    return [name for name in HAND_MADE if adapt(load_space(name), input_shape).input_shape == input_shape]
