"""PPO as the rest of rlnas uses it."""

from collections.abc import Collection, Mapping

from torch import Tensor

from rlnas.algorithms.algorithm import Algorithm, below
from rlnas.algorithms.ppo.normalization import Moments
from rlnas.algorithms.ppo.settings import PPOSettings
from rlnas.algorithms.ppo.trainer import PPOTrainer, make_normalizer
from rlnas.envs import ActionSpace, ContinuousActions, VectorEnv
from rlnas.errors import UserError
from rlnas.nets import Heads, Network


class PPO(Algorithm[PPOSettings]):
    """Proximal policy optimisation."""

    settings = PPOSettings
    trainer = PPOTrainer

    def check(self, options: PPOSettings, env: VectorEnv, num_envs: int, given: Collection[str] = ()) -> None:
        make_normalizer(env, options)
        if options.minibatches > options.rollout_steps * num_envs:
            raise UserError(
                f"PPO option 'minibatches' is {options.minibatches}, more than a rollout has steps: "
                f"{options.rollout_steps} of each of {num_envs} environments."
            )
        if "log_std" in given and not isinstance(env.actions, ContinuousActions):
            raise UserError(f"PPO option 'log_std' is for continuous actions, and the environment has {env.actions}.")

    def heads(self, actions: ActionSpace, options: PPOSettings) -> Heads:
        log_std = options.log_std if isinstance(actions, ContinuousActions) else None
        return Heads(actions.outputs, log_std, options.own_value_encoder)

    def load_agent(self, network: Network, state: Mapping[str, Tensor]) -> None:
        network.load_state_dict(below("policy.", state))
        if known := below("normalizer.observations.", state):
            moments = Moments(tuple(known["mean"].shape))
            moments.load_state_dict(known)
            network.standardize = moments.standardize
