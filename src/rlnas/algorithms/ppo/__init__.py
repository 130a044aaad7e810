"""Proximal policy optimisation: rollout, advantages, update, trainer. It does not know that a search exists."""

from rlnas.algorithms.ppo.adam import Adam
from rlnas.algorithms.ppo.advantages import generalized_advantages
from rlnas.algorithms.ppo.normalization import Moments, Normalizer
from rlnas.algorithms.ppo.rollout import Rollout, collect
from rlnas.algorithms.ppo.settings import PPOSettings
from rlnas.algorithms.ppo.trainer import PPOTrainer
from rlnas.algorithms.ppo.update import Minibatch, ppo_loss, update

__all__ = [
    "Adam",
    "Minibatch",
    "Moments",
    "Normalizer",
    "PPOSettings",
    "PPOTrainer",
    "Rollout",
    "collect",
    "generalized_advantages",
    "ppo_loss",
    "update",
]
