"""Proximal policy optimisation: rollout, advantages, update, trainer. It does not know that a search exists."""

from rlnas.ppo.adam import Adam
from rlnas.ppo.advantages import generalized_advantages
from rlnas.ppo.distributions import Distribution, distribution_for
from rlnas.ppo.evaluate import play_episodes, play_in_portions
from rlnas.ppo.normalization import Moments, Normalizer
from rlnas.ppo.rollout import Rollout, collect
from rlnas.ppo.settings import PPOSettings
from rlnas.ppo.trainer import IterationLog, Trainer, below, set_float_modes, torch_threads
from rlnas.ppo.update import Minibatch, ppo_loss, update

__all__ = [
    "Adam",
    "Distribution",
    "IterationLog",
    "Minibatch",
    "Moments",
    "Normalizer",
    "PPOSettings",
    "Rollout",
    "Trainer",
    "below",
    "collect",
    "distribution_for",
    "generalized_advantages",
    "play_episodes",
    "play_in_portions",
    "ppo_loss",
    "set_float_modes",
    "torch_threads",
    "update",
]
