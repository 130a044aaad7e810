"""From settings and checkpoints to networks that act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rlnas.algorithms.ppo import Moments, PPOSettings, below
from rlnas.algorithms.ppo.normalization import CLIP
from rlnas.envs import ActionSpace, ContinuousActions, VectorEnv
from rlnas.envs.base import Bounds
from rlnas.nets import Heads, Standardize


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


def scaling_bounds(env: VectorEnv, ppo: PPOSettings) -> Bounds | None:
    """What a network scales the observations of an environment by; nothing where they are normalised instead."""
    return None if ppo.normalize_observations else env.observation_bounds


def scale_by(bounds: Bounds | None) -> Standardize | None:
    """What stands before a network that takes observations scaled by their bounds, in training and after."""
    return None if bounds is None else Standardize.between(bounds.low, bounds.high)


def bounds_to_dict(bounds: Bounds | None) -> dict[str, Any] | None:
    """Bounds as plain data, for checkpoints."""
    return None if bounds is None else {"low": bounds.low.tolist(), "high": bounds.high.tolist()}


def bounds_from_dict(data: Mapping[str, Any] | None) -> Bounds | None:
    """The inverse of `bounds_to_dict`."""
    return None if data is None else Bounds(np.array(data["low"]), np.array(data["high"]))


def stored_moments(tensors: Mapping[str, Tensor]) -> Moments | None:
    """The moments of the observations in a checkpoint; `None` where they were not normalised."""
    state = below("normalizer.observations.", tensors)
    if not state:
        return None
    moments = Moments(tuple(state["mean"].shape))
    moments.load_state_dict(state)
    return moments
