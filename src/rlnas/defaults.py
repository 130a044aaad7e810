"""What an environment gets where the user says nothing: set-up, hyperparameters, space, hand-made networks."""

from dataclasses import replace
from typing import Any

from rlnas.envs.actions import ContinuousActions
from rlnas.envs.base import VectorEnv
from rlnas.envs.families import family_of
from rlnas.envs.family import Defaults
from rlnas.envs.minatar import MinAtar
from rlnas.errors import UserError
from rlnas.spaces import Shape
from rlnas.spaces.catalogue import is_picture

MINATAR = MinAtar.defaults
PICTURES = Defaults("those for Atari (the paper's table 4), with rewards as they are", {}, {"reward_clip": "none"})
GRIDS = Defaults("those for MinAtar (docs/ppo.md)", {"num_envs": 32}, MINATAR.ppo)
VECTORS = Defaults(
    "the defaults of Stable-Baselines3's PPO, shared out over 8 environments",
    {"num_envs": 8},
    {"rollout_steps": 256, "epochs": 10, "minibatches": 32, "clip": 0.2, "value_clip": None, "value_encoder": "own"}
    | {"learning_rate": 3e-4, "learning_rate_schedule": "constant"}
    | {"value_coef": 0.5, "entropy_coef": 0.0, "reward_clip": "none"},
)
_NORMALIZED = {"normalize_observations": True, "normalize_rewards": True}

CONTINUOUS = Defaults(
    "those of CleanRL's ppo_continuous_action.py, shared out over 8 environments",
    {"num_envs": 8},
    # Its value loss has a factor of 1/2, so 0.25 is what it writes as 0.5.
    VECTORS.ppo | _NORMALIZED | {"learning_rate_schedule": "linear", "value_clip": 0.2, "value_coef": 0.25},
)


def _tuned(num_envs: int, batch: int = 64, **ppo: Any) -> Defaults:
    """Settings of RL Baselines3 Zoo; what they leave out is as in Stable-Baselines3."""
    minibatches = num_envs * ppo["rollout_steps"] // batch
    source = "the settings that RL Baselines3 Zoo tuned for it (hyperparams/ppo.yml)"
    return Defaults(source, {"num_envs": num_envs}, VECTORS.ppo | {"minibatches": minibatches} | ppo)


_LUNAR_LANDER = _tuned(16, rollout_steps=1024, epochs=4, gamma=0.999, gae_lambda=0.98, entropy_coef=0.01)
_CART_POLE: dict[str, Any] = {"learning_rate": 1e-3, "learning_rate_schedule": "linear"}
_BIPEDAL_WALKER: dict[str, Any] = {"rollout_steps": 2048, "epochs": 10, **_NORMALIZED}

TUNED = {
    "Acrobot-v1": _tuned(16, rollout_steps=256, epochs=4, gae_lambda=0.94, **_NORMALIZED),
    "BipedalWalker-v3": _tuned(32, gamma=0.999, clip=0.18, **_BIPEDAL_WALKER),
    "CartPole-v1": _tuned(8, 256, rollout_steps=32, epochs=20, gamma=0.98, gae_lambda=0.8, **_CART_POLE),
    "LunarLander-v3": _LUNAR_LANDER,
    "LunarLanderContinuous-v3": _LUNAR_LANDER,
    "MountainCar-v0": _tuned(16, rollout_steps=16, epochs=4, gae_lambda=0.98, **_NORMALIZED),
    # The Zoo also explores by state there, which rlnas does not.
    "Pendulum-v1": _tuned(4, rollout_steps=1024, epochs=10, gamma=0.9, learning_rate=1e-3),
}

BY_KIND = (PICTURES, GRIDS, VECTORS, CONTINUOUS)
"""For environments that nothing is known of but their observations and actions."""


def defaults_by_name(env: str) -> Defaults | None:
    """The settings for an environment that is known by its name."""
    return family_of(env).defaults or TUNED.get(env)


def defaults(env: str, probe: VectorEnv) -> Defaults:
    """The settings that an environment gets where the user says nothing; `probe`: environments of its id."""
    found = defaults_by_name(env) or _by_kind(probe)
    if isinstance(probe.actions, ContinuousActions) and probe.actions.far:
        return replace(found, env=found.env | {"scale_actions": True})
    return found


def _by_kind(probe: VectorEnv) -> Defaults:
    """The settings for an environment that nothing is known of but what it observes and what can be done in it."""
    if len(probe.observation_shape) == 3:
        return PICTURES if is_picture(probe.observation_shape) else GRIDS
    if not isinstance(probe.actions, ContinuousActions):
        return VECTORS
    if probe.observation_dtype.kind in "bu" and probe.observation_dtype.itemsize == 1:
        # Bytes are scaled by their bounds instead.
        return replace(CONTINUOUS, ppo=CONTINUOUS.ppo | {"normalize_observations": False})
    return CONTINUOUS


def default_space(env: str, observation_shape: Shape) -> str:
    """The name of the catalogue's space that is searched; raises a `UserError` if none takes such observations."""
    if len(observation_shape) == 1:
        return "mlp"
    if len(observation_shape) == 3:
        return "paper-1" if is_picture(observation_shape) else "minatar-1"
    raise UserError(
        f"no space of the catalogue takes the observations of {env!r}, of shape {observation_shape}: name a space, or "
        "declare one (docs/spaces.md)."
    )


def default_baselines(input_shape: Shape) -> list[str]:
    """The hand-made networks that observations of a shape are usually given."""
    if len(input_shape) == 1:
        return ["mlp-64-64"]
    if len(input_shape) == 3 and min(input_shape[1:]) >= 3:
        return ["nature-cnn" if is_picture(input_shape) else "minatar-cnn"]
    return []
