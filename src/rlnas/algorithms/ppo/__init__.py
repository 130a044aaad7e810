"""Proximal policy optimisation: rollout, advantages, update, trainer. It does not know that a search exists."""

from rlnas.algorithms.ppo.settings import PPOSettings
from rlnas.algorithms.ppo.trainer import PPOTrainer

__all__ = ["PPOSettings", "PPOTrainer"]
