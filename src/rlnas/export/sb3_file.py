"""An agent as a file that `PPO.load` of Stable-Baselines3 opens."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box, MultiDiscrete
from gymnasium.spaces import Space as GymSpace
from stable_baselines3 import PPO
from stable_baselines3.common.policies import ActorCriticPolicy

from rlnas.algorithms.ppo import PPOSettings
from rlnas.errors import UserError
from rlnas.export.agent import Agent, Export
from rlnas.export.sb3 import policy_kwargs


def ppo_arguments(ppo: PPOSettings, num_envs: int) -> dict[str, Any]:
    """Our hyperparameters as arguments of Stable-Baselines3's PPO, as far as it has them; the learning rate's start."""
    return {
        "learning_rate": ppo.learning_rate,
        "n_steps": ppo.rollout_steps,
        "batch_size": max(2, ppo.rollout_steps * num_envs // ppo.minibatches),
        "n_epochs": ppo.epochs,
        "gamma": ppo.gamma,
        "gae_lambda": ppo.gae_lambda,
        "clip_range": ppo.clip,
        "clip_range_vf": ppo.value_clip,
        "normalize_advantage": ppo.normalize_advantages,
        "ent_coef": ppo.entropy_coef,
        "vf_coef": ppo.value_coef,
        "max_grad_norm": ppo.max_grad_norm,
    }


def convert(agent: Agent) -> Export:
    """A file that `PPO.load` opens wherever rlnas is installed; see also `check_actions`.

    It has the hyperparameters of the training, as far as there are such, so that the agent can be trained further; Adam
    starts anew. The attribute `rlnas` holds the content of `architecture.json`.
    """
    check_actions(agent.action)
    settings, ppo = agent.settings, agent.settings.algorithm_options
    if not isinstance(ppo, PPOSettings):
        raise UserError(f"the format sb3 is for agents of PPO, and this one was trained by {settings.algorithm}.")
    network, num_envs = agent.network, settings.env_settings.num_envs
    policy_arguments = policy_kwargs(
        settings.space,
        settings.architecture,
        network.space.modules,
        own_value_encoder=ppo.own_value_encoder,
        normalization=agent.normalization,
    )
    policy_arguments |= {"log_std_init": ppo.log_std, "optimizer_kwargs": {"eps": ppo.adam_eps}}
    env: Any = None
    arguments = ppo_arguments(ppo, num_envs) | {"policy_kwargs": policy_arguments}
    model = PPO(ActorCriticPolicy, env, **arguments, device="cpu", _init_setup_model=False)
    model.observation_space, model.action_space, model.n_envs = agent.observation, agent.action, num_envs
    model._setup_model()
    # Only now, since the set-up initialises all layers.
    policy: Any = model.policy
    policy.pi_features_extractor.encoder.load_state_dict(network.encoder.state_dict())
    if network.value_encoder is not None:
        policy.vf_features_extractor.encoder.load_state_dict(network.value_encoder.state_dict())
    if network.heads.log_std is not None:
        policy.log_std.data.copy_(network.log_std)
    policy.action_net.load_state_dict(network.policy.state_dict())
    policy.value_net.load_state_dict(network.value.state_dict())
    model.num_timesteps = agent.result.steps if agent.result else 0
    model.rlnas = agent.description  # type: ignore[attr-defined]
    buffer = io.BytesIO()
    model.save(buffer)
    return Export({"": buffer.getvalue()}, run_policy(model.policy))


def check_actions(action: GymSpace) -> None:
    """Raises a `UserError` unless a policy of Stable-Baselines3 can choose such actions as the agent does."""
    if np.asarray(getattr(action, "start", 0)).any():
        raise UserError(f"Stable-Baselines3 counts actions from 0, and the environment's are {action}.")
    if isinstance(action, MultiDiscrete) and len(action.shape) > 1:
        raise UserError(f"Stable-Baselines3 takes decisions in one row only, and the environment's are {action}.")
    if isinstance(action, Box) and not (np.isfinite(action.low).all() and np.isfinite(action.high).all()):
        raise UserError(f"Stable-Baselines3 takes actions with finite bounds only, and the environment's are {action}.")


def run_policy(policy: ActorCriticPolicy) -> Callable[[np.ndarray], Sequence[np.ndarray]]:
    """What a policy of Stable-Baselines3 makes of observations: logits or means and deviations, and values."""

    def compute(observation: np.ndarray) -> list[np.ndarray]:
        found = policy.extract_features(torch.from_numpy(observation))
        features, read = found if isinstance(found, tuple) else (found, found)
        chosen, value = policy.action_net(features), policy.value_net(read).squeeze(-1)
        spread = [policy.log_std.expand_as(chosen)] if hasattr(policy, "log_std") else []
        return [output.numpy() for output in (chosen, *spread, value)]

    return compute
