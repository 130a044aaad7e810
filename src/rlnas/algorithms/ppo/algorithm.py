"""PPO as the rest of rlnas uses it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from rlnas.algorithms.algorithm import Algorithm, AlgorithmSettings, below
from rlnas.algorithms.ppo.normalization import Moments
from rlnas.algorithms.ppo.settings import PPOSettings
from rlnas.algorithms.ppo.trainer import PPOTrainer, make_normalizer
from rlnas.envs import ActionSpace, ContinuousActions, VectorEnv
from rlnas.errors import UserError
from rlnas.nets import Heads, Network


class PPO(Algorithm):
    """Proximal policy optimisation."""

    settings = PPOSettings

    def check(self, options: AlgorithmSettings, env: VectorEnv, num_envs: int, given: Collection[str] = ()) -> None:
        """See `Algorithm.check`."""
        options = _own(options)
        make_normalizer(env, options)
        if options.minibatches > options.rollout_steps * num_envs:
            raise UserError(
                f"PPO option 'minibatches' is {options.minibatches}, more than a rollout has steps: "
                f"{options.rollout_steps} of each of {num_envs} environments."
            )
        if "log_std" in given and not isinstance(env.actions, ContinuousActions):
            raise UserError(f"PPO option 'log_std' is for continuous actions, and the environment has {env.actions}.")

    def heads(self, actions: ActionSpace, options: AlgorithmSettings) -> Heads:
        """See `Algorithm.heads`."""
        log_std = _own(options).log_std if isinstance(actions, ContinuousActions) else None
        return Heads(actions.outputs, log_std, options.own_value_encoder)

    def trainer(
        self,
        policy: nn.Module,
        env: VectorEnv,
        options: AlgorithmSettings,
        iterations: int,
        seed: int,
        device: torch.device | str = "cpu",
    ) -> PPOTrainer:
        """See `Algorithm.trainer`."""
        return PPOTrainer(policy, env, _own(options), iterations, seed, device)

    def load_agent(self, network: Network, state: Mapping[str, Tensor]) -> None:
        """See `Algorithm.load_agent`."""
        network.load_state_dict(below("policy.", state))
        if known := below("normalizer.observations.", state):
            moments = Moments(tuple(known["mean"].shape))
            moments.load_state_dict(known)
            network.standardize = moments.standardize


def _own(options: AlgorithmSettings) -> PPOSettings:
    assert isinstance(options, PPOSettings)
    return options
