"""What an environment gets where the user says nothing: set-up, hyperparameters, space, hand-made networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rlnas.envs.minatar import MINATAR_PREFIX
from rlnas.envs.registry import ATARI_PREFIX
from rlnas.errors import UserError
from rlnas.spaces import HAND_MADE, Shape, adapt, load_space


@dataclass(frozen=True)
class Defaults:
    """Settings for an environment.

    Attributes:
        source: where they come from.
        env: what differs from `EnvSettings`.
        ppo: what differs from `PPOSettings`, which are for Atari.
    """

    source: str
    env: dict[str, Any]
    ppo: dict[str, Any]


ATARI = Defaults("the paper's table 4", {}, {})

MINATAR = Defaults(
    "MinAtar's own sticky actions, and a sweep on its Breakout (docs/ppo.md)",
    {"num_envs": 32, "sticky_actions": 0.1},
    {"rollout_steps": 64, "learning_rate": 1e-3, "clip": 0.2, "value_clip": None, "reward_clip": "none"},
)

OTHER = Defaults(
    "the defaults of Stable-Baselines3's PPO, shared out over 8 environments",
    {"num_envs": 8},
    {
        "rollout_steps": 256,
        "epochs": 10,
        "minibatches": 32,
        "learning_rate": 3e-4,
        "clip": 0.2,
        "value_clip": None,
        "value_coef": 0.5,
        "entropy_coef": 0.0,
        "reward_clip": "none",
    },
)

_ZOO = "the settings that RL Baselines3 Zoo tuned for it (hyperparams/ppo.yml)"

TUNED = {
    "CartPole-v1": Defaults(
        _ZOO,
        {"num_envs": 8},
        OTHER.ppo
        | {
            "rollout_steps": 32,
            "epochs": 20,
            "minibatches": 1,
            "learning_rate": 1e-3,
            "gamma": 0.98,
            "gae_lambda": 0.8,
        },
    ),
    "LunarLander-v3": Defaults(
        _ZOO,
        {"num_envs": 16},
        OTHER.ppo
        | {
            "rollout_steps": 1024,
            "epochs": 4,
            "minibatches": 256,
            "gamma": 0.999,
            "gae_lambda": 0.98,
            "entropy_coef": 0.01,
        },
    ),
}


def defaults(env: str) -> Defaults:
    """The settings that an environment gets where the user says nothing."""
    if env.startswith(ATARI_PREFIX):
        return ATARI
    return MINATAR if env.startswith(MINATAR_PREFIX) else TUNED.get(env, OTHER)


def default_space(env: str, observation_shape: Shape) -> str:
    """The name of the catalogue's space that is searched for an environment.

    Raises:
        UserError: if the catalogue has none for such observations.
    """
    for name in ("paper-1", "minatar-1", "mlp"):
        if adapt(load_space(name), observation_shape).input_shape == observation_shape:
            return name
    raise UserError(
        f"no space of the catalogue takes the observations of {env!r}, of shape {observation_shape}: name a space, or "
        "declare one (docs/spaces.md)."
    )


def default_baselines(input_shape: Shape) -> list[str]:
    """The hand-made networks that take observations of a shape."""
    return [name for name in HAND_MADE if adapt(load_space(name), input_shape).input_shape == input_shape]
