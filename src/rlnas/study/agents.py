"""From settings and checkpoints to networks that act."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from rlnas.envs import ActionSpace, ContinuousActions
from rlnas.nets import Heads, Standardize
from rlnas.ppo import Moments, PPOSettings, below
from rlnas.ppo.normalization import CLIP


def heads_for(actions: ActionSpace, ppo: PPOSettings) -> Heads:
    """The heads of a network for an action space."""
    log_std = ppo.log_std if isinstance(actions, ContinuousActions) else None
    return Heads(actions.outputs, log_std, ppo.own_value_encoder)


def standardize_by(moments: Moments | None) -> Standardize | None:
    """What stands before a network that learned from normalised observations, once it no longer learns."""
    if moments is None:
        return None
    mean, deviation = (torch.as_tensor(x, dtype=torch.float32) for x in (moments.mean, moments.deviation))
    return Standardize(mean, deviation, CLIP)


def stored_moments(tensors: Mapping[str, Tensor]) -> Moments | None:
    """The moments of the observations in a checkpoint; `None` where they were not normalised."""
    state = below("normalizer.observations.", tensors)
    if not state:
        return None
    moments = Moments(tuple(state["mean"].shape))
    moments.load_state_dict(state)
    return moments
