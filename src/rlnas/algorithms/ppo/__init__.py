"""Proximal policy optimisation: rollout, advantages, update, trainer. It does not know that a search exists."""

from rlnas.algorithms.ppo.adam import Adam
from rlnas.algorithms.ppo.advantages import generalized_advantages
from rlnas.algorithms.ppo.distributions import Distribution, distribution_for
from rlnas.algorithms.ppo.evaluate import play_episodes, play_in_portions
from rlnas.algorithms.ppo.normalization import Moments, Normalizer
from rlnas.algorithms.ppo.rollout import Rollout, collect
from rlnas.algorithms.ppo.settings import PPOSettings
from rlnas.algorithms.ppo.trainer import IterationLog, Trainer, below, set_float_modes, torch_threads
from rlnas.algorithms.ppo.update import Minibatch, ppo_loss, update

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
